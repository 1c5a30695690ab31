"""Facts of the explanation at delivery: what is shown at the vehicle, told, explained and signed."""

from __future__ import annotations

from typing import Annotated

from engine.events.event import Attachment, Code, Count, Day, Event, Flag, Listed, optional, required
from engine.text import Word


class Shown(Word):
    """What is looked at with the customer at the vehicle."""

    REPAIRED_PLACE = "repaired_place", "维修部位与效果", "the repaired place and its result"
    EXTERIOR = "exterior", "外观", "the exterior"
    INTERIOR = "interior", "内饰", "the interior"
    BELONGINGS = "belongings", "车内物品", "the belongings"
    FREE_SERVICES = "free_services", "增值与免费服务", "the free services"


class Disposition(Word):
    """What becomes of an old part."""

    RETURNED = "returned", "交还客户", "given back to the customer"
    DISPOSED = "disposed", "代为处理", "disposed of for the customer"
    WARRANTY_RETURN = "warranty_return", "索赔件返厂", "returned under warranty"


class WorkShown(Event):
    """At the vehicle the customer was shown what was done, and looked it over with the advisor."""

    shown: Annotated[frozenset[Shown], Listed] | None = optional(
        "已向客户展示并共同确认完好的内容", "what was shown and found in order together"
    )


class OldPartsShown(Event):
    """The old part of a line was shown to the customer."""

    line_id: Code = required("委托书项目号", "line of the order")
    disposition: Disposition | None = optional("旧件去向", "what becomes of the old part")


class UsageTold(Event):
    """The customer was told how to use the vehicle now, and when it has to come back."""

    cautions_told: Flag | None = optional("已告知用车注意事项", "the cautions for use were told")
    next_service_class: Code | None = optional("下次保养类别", "class of the next maintenance, such as A")
    next_service_km: Count | None = optional("下次保养里程（公里，表显）", "next maintenance by odometer reading (km)")
    next_service_on: Day | None = optional(
        "下次保养日期（先到为准）", "next maintenance by date, whichever comes first"
    )
    intermediate_check_km: Count | None = optional(
        "中间检查里程（公里，表显）", "intermediate check by odometer reading (km)"
    )
    return_check_on: Day | None = optional("大修后回厂检查日期", "date of the return check after an overhaul")


class LineExplained(Event):
    """One line of the statement was explained to the customer."""

    line_id: Code = required("结算单项目号", "line of the statement")


class ConditionExplained(Event):
    """The technical condition of the vehicle was explained to the customer."""


class StatementSigned(Event):
    """The customer signed the statement and, after a maintenance, the maintenance sheet."""

    total_confirmed_by_customer: Flag | None = optional(
        "客户签字前复述了总额", "the customer said the total aloud first"
    )
    main_items_confirmed: Flag | None = optional(
        "客户签字前复述了主要项目", "the customer said the main items aloud first"
    )
    statement_signature: Attachment | None = optional(
        "客户在结算单上的签字", "the customer's signature on the statement"
    )
    maintenance_sheet_signature: Attachment | None = optional(
        "客户在定期保养单上的签字", "the customer's signature on the maintenance sheet"
    )
