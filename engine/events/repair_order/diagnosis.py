"""Facts of the diagnosis: what is complained of, asked and checked, what it might be, how it is observed."""

from __future__ import annotations

from typing import Annotated

from engine.events.event import Code, Count, Event, Flag, Listed, optional, required
from engine.events.personal import Words
from engine.text import Word


class ComplaintType(Word):
    """What kind of fault is complained of."""

    NOISE = "noise", "异响", "noise"
    ELECTRICAL = "electrical", "电气线路", "electrical"
    OTHER = "other", "其他", "other"


class Question(Word):
    """An open question of the interview (5W1H)."""

    WHAT = "what", "什么现象", "what"
    WHEN = "when", "什么时候", "when"
    WHERE = "where", "什么部位", "where"
    WHO = "who", "谁在用车", "who"
    WHY = "why", "什么缘由", "why"
    HOW = "how", "怎样出现", "how"


class CloseReason(Word):
    """Why a complaint line would be closed without a repair."""

    WITHDRAWN_BY_CUSTOMER = "withdrawn_by_customer", "客户撤回", "withdrawn by the customer"
    NOT_EXISTING = "not_existing", "判为不存在", "judged not to exist"


class ObservationChoice(Word):
    """How a symptom that did not show is observed."""

    IN_USE = "in_use", "继续使用观察", "in use by the customer"
    IN_SHOP = "in_shop", "留厂观察", "in the workshop"


class ComplaintRecorded(Event):
    """One fault, in the customer's words."""

    symptom_id: Code = required("报修项编号", "the complaint")
    complaint_type: ComplaintType | None = optional("故障类型", "what kind of fault it is")
    customer_words: Words | None = optional("客户原话", "the fault as the customer said it")
    frequency: Words | None = optional("出现频率", "how often it shows")
    operating_condition: Words | None = optional("发生状态", "in what condition it shows")


class InquiryAnswered(Event):
    """The customer answered one of the open questions about a complaint."""

    symptom_id: Code = required("报修项编号", "the complaint")
    question: Question = required("问题", "the question")
    answer: Words | None = optional("客户的回答", "the customer's answer")


class InquirySummarised(Event):
    """The advisor summed the answers up in one closed question."""

    symptom_id: Code = required("报修项编号", "the complaint")
    summary: Words | None = optional("小结", "the summary")
    confirmed: Flag | None = optional("客户已确认小结", "the customer said that this is so")


class SymptomChecked(Event):
    """A complaint was checked at the vehicle."""

    symptom_id: Code = required("报修项编号", "the complaint")
    reproduced: Flag | None = optional("故障已重现", "the symptom showed")
    customer_confirmed_same: Flag | None = optional(
        "客户确认就是所报故障", "customer and advisor agree that it is the one complained of"
    )
    verified_component: Code | None = optional("实地确认的部件编码", "the part verified physically, as a code")
    suspected_cause: Code | None = optional("怀疑的原因编码", "a suspected cause, as a code, if one was written down")
    prior_repair_checked: Flag | None = optional(
        "已查周边是否修过", "the surroundings were examined for an earlier repair"
    )
    directly_judgeable: Flag | None = optional("服务顾问能否直接判断", "whether the advisor can judge it directly")


class IssueEscalated(Event):
    """What the advisor cannot judge went to somebody who can."""

    issue_id: Code = required("报修项或发现的编号", "the complaint or the finding")
    escalated_to: Code | None = optional(
        "转交给的技术专家或车间人员", "the expert or the person of the workshop, as an id"
    )


class CandidateCausesTold(Event):
    """The customer was told what may be behind a complaint, as the first diagnosis is not certain."""

    symptom_id: Code = required("报修项编号", "the complaint")
    candidate_causes: Annotated[frozenset[Code], Listed] | None = optional(
        "可能原因编码", "the possible causes, as codes"
    )


class CauseDetermined(Event):
    """The workshop found the cause of a symptom."""

    symptom_id: Code = required("报修项编号", "the complaint")
    workshop_cause: Code = required("车间查明的原因编码", "the cause that the workshop found, as a code")


class ComplaintClosed(Event):
    """A complaint line was taken off the order without a repair."""

    symptom_id: Code = required("报修项编号", "the complaint")
    reason: CloseReason | None = optional("关闭原因", "why it was closed")


class ObservationChosen(Event):
    """For a symptom that did not show, the customer chose how it is observed."""

    symptom_id: Code = required("报修项编号", "the complaint")
    observation_choice: ObservationChoice | None = optional("客户选择的观察方式", "how it is observed")
    observation_cycle_days: Count | None = optional("观察周期（天）", "the cycle of observation, in days")


class SymptomSeen(Event):
    """The symptom under observation showed."""

    symptom_id: Code = required("报修项编号", "the complaint")


class VehicleReturned(Event):
    """The customer came back with the vehicle under observation."""


class DeclaredGone(Event):
    """The symptom is declared gone and its observation closed."""

    symptom_id: Code = required("报修项编号", "the complaint")
