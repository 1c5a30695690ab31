"""The words of the brands' process maps: what a phase or a step is called. Which fact begins one, the clauses say."""

from __future__ import annotations

from engine.text import Word


class Phase(Word):
    """The six phases of receiving a customer (DPCA)."""

    PRE_RECEPTION = "pre_reception", "接待前", "before reception"
    RECEPTION = "reception", "接待中", "reception"
    IN_REPAIR = "in_repair", "接待后/维修中", "during repair"
    PRE_DELIVERY = "pre_delivery", "维修后/交付前", "after repair, before delivery"
    SETTLEMENT_DELIVERY = "settlement_delivery", "结算/交车", "settlement and delivery"
    TRACKING = "tracking", "服务跟踪", "service tracking"


class Step(Word):
    """The eight steps of a repair (Lexus)."""

    APPOINTMENT = "appointment", "预约", "appointment"
    WELCOME = "welcome", "接待", "reception of the customer"
    JOB_ORDER = "job_order", "填写施工单", "writing the job order"
    ORDER_DETAILS = "order_details", "确认施工单细节", "confirming the job order's details"
    DISPATCH_AND_WORK = "dispatch_and_work", "派工和作业", "dispatch and work"
    QUALITY_CONTROL = "quality_control", "质量控制", "quality control step"
    DELIVERY = "delivery", "维修交车", "delivery"
    FOLLOW_UP_CALL = "follow_up_call", "维修后跟踪", "follow-up by telephone"


class ReceptionStep(Word):
    """The nine steps of a reception (FAW Toyota)."""

    CUSTOMER_CONFIRMED = "customer_confirmed", "确认客户信息", "confirming the customer's data"
    MATERIALS_READY = "materials_ready", "准备工单物料", "preparing order and materials"
    GREETING = "greeting", "问候客户", "greeting"
    DATA_AND_PURPOSE = "data_and_purpose", "核实信息询问目的", "verifying the data, asking the purpose"
    NEEDS_AND_WALKAROUND = "needs_and_walkaround", "需求确认与环检", "confirming the needs, walk-around"
    WORK_AND_COST_EXPLAINED = "work_and_cost_explained", "解释作业与费用", "explaining work and cost"
    SEATING = "seating", "引导休息", "leading to the rest area"
    ORDER_PRINTING = "order_printing", "打印工单", "printing the order"
    WAITING = "waiting", "等待服务", "waiting for the service"
