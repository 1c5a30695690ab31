"""Facts of the internal hand-over: what the advisor checks before a vehicle is the front desk's."""

from __future__ import annotations

from engine.events.event import Attachment, Code, Event, Flag, optional, required


class LineConfirmedDone(Event):
    """The advisor confirmed that one line of the order is done."""

    line_id: Code = required("委托书项目号", "line of the order")
    done: Flag | None = optional("该项目已完成", "the line is done")


class ReportReviewed(Event):
    """The advisor went through the repair report."""

    unclear_lines: tuple[Code, ...] | None = optional(
        "填写含糊或不合规、要求改正的项目；没有则为空",
        "lines written unclearly or irregularly, to be corrected; may be empty",
    )
    missed_lines: tuple[Code, ...] | None = optional("漏做的项目；没有则为空", "lines that were missed; may be empty")
    warranty_fields_complete: Flag | None = optional("索赔栏已按要求填写", "the warranty fields are filled as required")
    inspector_signed: Flag | None = optional("检验员已在维修报告上签名", "the inspector has signed the report")


class HandoverSigned(Event):
    """The advisor examined papers and vehicle and signed the key-received box."""

    documents_checked: Flag | None = optional("单据已查验", "the papers were examined")
    vehicle_checked: Flag | None = optional("车辆已查验", "the vehicle was examined")
    key_received_signature: Attachment | None = optional(
        "“钥匙接收”栏签字", "the advisor's signature in the key-received box"
    )
