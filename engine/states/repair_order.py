"""The repair order: its states and every transition, under the names of the SOP's machine."""

from __future__ import annotations

from itertools import chain

from engine.events import common
from engine.events import repair_order as ro
from engine.roles import Role as R
from engine.states.workflow import Promise, Transition, Workflow, move, note
from engine.text import Text, Word


class State(Word):
    """Where a repair order stands. The ten states of the main path are spelled as the SOP's users spell them."""

    NEW = "new", "未到店", "not yet arrived"
    ARRIVED = "arrived", "已到店", "arrived"
    PROTECTED = "protected", "已防护", "protected"
    INSPECTED = "inspected", "已检查", "inspected"
    UNDER_OBSERVATION = "under-observation", "观察中", "under observation"
    QUOTED = "quoted", "已报价", "quoted"
    SIGNED = "signed", "已签字", "signed"
    IN_WORK = "in-work", "施工中", "in work"
    SUSPENDED = "suspended", "维修中断", "suspended"
    QC = "QC", "质检中", "quality control"
    INTERNAL_HANDOVER = "internal-handover", "内部交车", "internal hand-over"
    SETTLED = "settled", "已结算", "settled"
    FOLLOWED_UP = "followed-up", "已跟踪", "followed up"
    DIVERTED = "diverted", "已转介", "diverted"
    CANCELLED = "cancelled", "已取消", "cancelled"


S = State

MAIN_PATH = (
    S.ARRIVED,
    S.PROTECTED,
    S.INSPECTED,
    S.QUOTED,
    S.SIGNED,
    S.IN_WORK,
    S.QC,
    S.INTERNAL_HANDOVER,
    S.SETTLED,
    S.FOLLOWED_UP,
)

_ADVISOR = {R.SERVICE_ADVISOR}
_MANAGER = {R.SERVICE_MANAGER}
_IN_CHARGE = {R.SERVICE_MANAGER, R.AFTER_SALES_BUSINESS_MANAGER}
_STAFF = {*R} - {R.CUSTOMER, R.SENDER, R.OEM, R.SYSTEM}
_FLOOR = {R.SERVICE_ADVISOR, R.TECHNICIAN, R.LEAD_TECHNICIAN, R.QUALITY_INSPECTOR, R.TECHNICAL_EXPERT}
_BENCH = {R.TECHNICIAN, R.LEAD_TECHNICIAN}
_RECEPTION = (S.PROTECTED, S.INSPECTED)
_WITH_US = (
    S.PROTECTED,
    S.INSPECTED,
    S.UNDER_OBSERVATION,
    S.QUOTED,
    S.SIGNED,
    S.IN_WORK,
    S.SUSPENDED,
    S.QC,
    S.INTERNAL_HANDOVER,
)
_OPEN_WORK = (S.QUOTED, S.SIGNED, S.IN_WORK)
_BEFORE_WORK = (S.PROTECTED, S.INSPECTED, S.UNDER_OBSERVATION, S.SIGNED)
_IN_THE_WORKSHOP = (S.IN_WORK, S.SUSPENDED)

_MOVES = (
    move(
        ro.VehicleCheckedIn,
        S.NEW,
        S.ARRIVED,
        {R.SECURITY_GUARD, R.GUIDE, *_ADVISOR},
        "车辆进门",
        "Vehicle checked in",
    ),
    move(ro.PurposeNotRepair, S.ARRIVED, S.DIVERTED, {R.GUIDE, *_ADVISOR}, "非维修转介", "Diverted"),
    move(ro.CustomerLeft, S.ARRIVED, S.CANCELLED, _ADVISOR, "客户离店", "Customer left"),
    move(ro.KitFitted, S.ARRIVED, S.PROTECTED, _ADVISOR, "装好防护套件", "Kit fitted"),
    move(ro.InspectionCompleted, S.PROTECTED, S.INSPECTED, _ADVISOR, "检查完成", "Inspection completed"),
    move(ro.ObservationChosen, S.INSPECTED, S.UNDER_OBSERVATION, _ADVISOR, "选择观察", "Observation chosen"),
    move(
        ro.SymptomSeen,
        S.UNDER_OBSERVATION,
        S.INSPECTED,
        {R.TECHNICIAN, *_ADVISOR},
        "故障再现",
        "Symptom seen",
    ),
    move(ro.VehicleReturned, S.UNDER_OBSERVATION, S.ARRIVED, _ADVISOR, "车辆返回", "Vehicle returned"),
    move(ro.DeclaredGone, S.UNDER_OBSERVATION, S.FOLLOWED_UP, _ADVISOR, "故障消失", "Declared gone"),
    move(ro.QuoteIssued, S.INSPECTED, S.QUOTED, _ADVISOR, "出具报价", "Quote issued"),
    move(ro.OrderSigned, S.QUOTED, S.SIGNED, _ADVISOR, "客户签字", "Order signed"),
    move(ro.SupplementDeclined, S.QUOTED, S.IN_WORK, _ADVISOR, "增项被拒", "Supplement declined"),
    move(ro.QuotationDeclined, S.QUOTED, S.CANCELLED, _ADVISOR, "整单拒绝", "Quotation declined"),
    *(move(ro.OrderWithdrawn, source, S.CANCELLED, _ADVISOR, "客户撤单", "Order withdrawn") for source in _BEFORE_WORK),
    move(ro.WorkDispatched, S.SIGNED, S.IN_WORK, {R.WORKSHOP_DISPATCHER, *_ADVISOR}, "派工", "Work dispatched"),
    move(ro.SupplementFound, S.IN_WORK, S.QUOTED, _ADVISOR, "提出增项", "Supplement found"),
    move(
        ro.WorkSuspended,
        S.IN_WORK,
        S.SUSPENDED,
        {R.WORKSHOP_DISPATCHER, *_ADVISOR},
        "维修中断",
        "Work suspended",
    ),
    move(ro.WorkResumed, S.SUSPENDED, S.IN_WORK, {R.WORKSHOP_DISPATCHER}, "恢复施工", "Work resumed"),
    *(
        move(ro.VehicleWithdrawn, source, S.CANCELLED, _ADVISOR, "客户提车撤单", "Vehicle withdrawn")
        for source in _IN_THE_WORKSHOP
    ),
    move(ro.WorkFinished, S.IN_WORK, S.QC, _BENCH, "完工送检", "Work finished"),
    move(ro.QcFailed, S.QC, S.IN_WORK, {R.QUALITY_INSPECTOR}, "质检不合格", "QC failed"),
    move(ro.QcPassed, S.QC, S.INTERNAL_HANDOVER, {R.QUALITY_INSPECTOR}, "质检合格", "QC passed"),
    move(ro.HandoverRejected, S.INTERNAL_HANDOVER, S.IN_WORK, _ADVISOR, "退回车间", "Hand-over rejected"),
    move(ro.Paid, S.INTERNAL_HANDOVER, S.SETTLED, {R.CASHIER, *_ADVISOR}, "付款交车", "Paid"),
    move(
        ro.FollowUpClosed,
        S.SETTLED,
        S.FOLLOWED_UP,
        {R.CUSTOMER_RELATIONS, *_ADVISOR},
        "跟踪结案",
        "Follow-up closed",
    ),
)

_NOTES = (
    note(ro.AdvisorNotified, [S.ARRIVED], {R.SECURITY_GUARD, R.GUIDE}, "通知服务顾问", "Advisor notified"),
    note(ro.VehicleGuided, [S.ARRIVED], {R.GUIDE, *_ADVISOR}, "引导停车", "Vehicle guided"),
    note(ro.CustomerGreeted, [S.ARRIVED], _ADVISOR, "问候客户", "Customer greeted"),
    note(ro.WaitTick, [S.ARRIVED], _STAFF, "等待提示", "Wait tick"),
    note(ro.WaitEscalated, [S.ARRIVED], _ADVISOR, "上报等待超时", "Wait escalated"),
    note(ro.PeakRaised, [S.ARRIVED], _IN_CHARGE, "进入高峰模式", "Peak raised"),
    note(ro.StandbyCalled, [S.ARRIVED], {R.FRONT_DESK_SUPERVISOR, *_IN_CHARGE}, "叫来备位人员", "Standby called"),
    note(ro.PurposeRecorded, [S.ARRIVED], {R.GUIDE, *_ADVISOR}, "记录来店目的", "Purpose recorded"),
    note(ro.OrderHandwritten, [S.ARRIVED, *_RECEPTION, S.QUOTED], _ADVISOR, "手写开单", "Order handwritten"),
    note(
        ro.HandwrittenOrderEntered,
        [*_RECEPTION, S.QUOTED, S.SIGNED, S.IN_WORK, S.QC, S.INTERNAL_HANDOVER],
        _ADVISOR,
        "手写单补录",
        "Handwritten order entered",
    ),
    note(
        ro.StaffEntered,
        [S.ARRIVED, *_WITH_US],
        {*_FLOOR, R.SERVICE_MANAGER, R.WORKSHOP_DISPATCHER},
        "员工进车",
        "Staff entered",
    ),
    note(ro.KitFitted, _WITH_US, _ADVISOR, "装好防护套件", "Kit fitted"),
    note(
        ro.HandlingChecked,
        [S.ARRIVED, *_WITH_US],
        {R.SERVICE_MANAGER, R.FRONT_DESK_SUPERVISOR, R.CUSTOMER_RELATIONS},
        "抽检车辆操作",
        "Handling checked",
    ),
    note(ro.ForgottenNeedsAsked, [S.ARRIVED, S.PROTECTED], _ADVISOR, "询问遗忘的需求", "Forgotten needs asked"),
    note(ro.HistoryConsulted, [S.ARRIVED, *_RECEPTION], _ADVISOR, "查阅维修记录", "History consulted"),
    note(ro.VehicleAssessed, [S.ARRIVED, S.PROTECTED], _ADVISOR, "评估车龄车况", "Vehicle assessed"),
    note(
        ro.EtiquetteScored,
        [S.ARRIVED, *_RECEPTION, S.QUOTED],
        {R.SERVICE_MANAGER, R.SERVICE_SUPERVISOR, R.FRONT_DESK_SUPERVISOR, R.CUSTOMER_RELATIONS},
        "抽检服务礼仪",
        "Etiquette scored",
    ),
    note(ro.ComplaintRecorded, _RECEPTION, _ADVISOR, "记录报修", "Complaint recorded"),
    note(ro.InquiryAnswered, _RECEPTION, _ADVISOR, "记录问诊答复", "Inquiry answered"),
    note(ro.InquirySummarised, _RECEPTION, _ADVISOR, "问诊小结", "Inquiry summarised"),
    note(ro.SymptomChecked, _RECEPTION, {*_ADVISOR, R.TECHNICAL_EXPERT}, "确认故障现象", "Symptom checked"),
    note(ro.IssueEscalated, _RECEPTION, _ADVISOR, "转交专家或车间", "Issue escalated"),
    note(ro.CandidateCausesTold, _RECEPTION, _ADVISOR, "告知可能原因", "Candidate causes told"),
    note(ro.PrecheckDone, [S.PROTECTED], {*_ADVISOR, R.TECHNICAL_EXPERT}, "完成预检", "Pre-check done"),
    note(ro.ComplaintClosed, (*_RECEPTION, S.QUOTED), _ADVISOR, "关闭报修项", "Complaint closed"),
    note(ro.WalkaroundStarted, [S.PROTECTED], _ADVISOR, "开始环检", "Walk-around started"),
    note(ro.CheckpointChecked, [S.PROTECTED], {*_ADVISOR, R.TECHNICAL_EXPERT}, "检查环检点", "Checkpoint checked"),
    note(ro.StationVisited, [S.PROTECTED], _ADVISOR, "到达环检点位", "Station visited"),
    note(ro.TyreMeasured, [S.PROTECTED], {*_ADVISOR, R.TECHNICAL_EXPERT}, "测量轮胎", "Tyre measured"),
    note(ro.WalkaroundFinished, [S.PROTECTED], _ADVISOR, "结束环检", "Walk-around finished"),
    note(ro.FindingNoted, _RECEPTION, {*_ADVISOR, R.TECHNICAL_EXPERT}, "登记环检异常", "Finding noted"),
    note(ro.FindingTold, _RECEPTION, _ADVISOR, "告知环检异常", "Finding told"),
    note(ro.ConditionAcknowledged, _RECEPTION, _ADVISOR, "客户认可车况", "Condition acknowledged"),
    note(ro.OilShown, (*_RECEPTION, S.QUOTED, S.INTERNAL_HANDOVER), _ADVISOR, "展示机油", "Oil shown"),
    note(ro.RequestRecorded, (*_RECEPTION, S.QUOTED), _ADVISOR, "记录客户要求", "Request recorded"),
    note(ro.RequestRestated, (*_RECEPTION, S.QUOTED), _ADVISOR, "复述客户要求", "Request restated"),
    note(ro.StockChecked, (S.INSPECTED, S.IN_WORK), {R.PARTS_CLERK, *_ADVISOR}, "查询库存", "Stock checked"),
    note(ro.LineQuoted, (S.INSPECTED, S.IN_WORK), _ADVISOR, "列入报价", "Line quoted"),
    note(ro.RiskDisclosed, (S.INSPECTED, S.IN_WORK), _ADVISOR, "告知索赔风险", "Risk disclosed"),
    note(ro.InspectionFeeAgreed, (S.INSPECTED, *_OPEN_WORK), _ADVISOR, "约定检查拆装费", "Inspection fee agreed"),
    note(ro.NextStepAgreed, _RECEPTION, _ADVISOR, "约定定案时间与联系", "Next step agreed"),
    note(
        ro.CauseDetermined,
        (S.INSPECTED, S.IN_WORK),
        {*_BENCH, R.TECHNICAL_EXPERT},
        "车间确定原因",
        "Cause determined",
    ),
    note(
        ro.CustomerDataVerified,
        [S.ARRIVED, *_RECEPTION, S.QUOTED],
        _ADVISOR,
        "核验客户资料",
        "Customer data verified",
    ),
    note(ro.SenderIdentified, (*_RECEPTION, S.QUOTED), _ADVISOR, "登记送修人", "Sender identified"),
    note(ro.OrderPrinted, [S.QUOTED], _ADVISOR, "打印委托书", "Order printed"),
    note(ro.PointConfirmed, [S.QUOTED], _ADVISOR, "逐项确认", "Point confirmed"),
    note(ro.AcceptanceRecorded, (*_RECEPTION, S.QUOTED, S.SIGNED), _ADVISOR, "验车登记", "Acceptance recorded"),
    note(ro.OrderHandedToWorkshop, [S.SIGNED], _ADVISOR, "交接工单钥匙", "Order handed to workshop"),
    note(ro.CustomerSettled, (S.QUOTED, S.SIGNED, *_IN_THE_WORKSHOP), _ADVISOR, "安排客户休息", "Customer settled"),
    note(ro.LoungeVisited, (S.SIGNED, *_IN_THE_WORKSHOP, S.QC), {R.LOUNGE_STAFF}, "客休关怀", "Lounge visited"),
    note(ro.OperationStarted, _OPEN_WORK, _BENCH, "作业开工", "Operation started"),
    note(ro.OperationPaused, _OPEN_WORK, _BENCH, "作业暂停", "Operation paused"),
    note(ro.OperationReported, _OPEN_WORK, _BENCH, "填写维修报告", "Operation reported"),
    note(
        ro.ProgressNoted,
        [S.IN_WORK],
        {R.WORKSHOP_DISPATCHER, *_BENCH, *_ADVISOR},
        "施工进度",
        "Progress noted",
    ),
    note(
        ro.BoardUpdated,
        (*_IN_THE_WORKSHOP, S.QC, S.INTERNAL_HANDOVER),
        {R.WORKSHOP_DISPATCHER, *_ADVISOR},
        "更新进度看板",
        "Board updated",
    ),
    note(
        ro.EtaRiskFound,
        _IN_THE_WORKSHOP,
        {R.WORKSHOP_DISPATCHER, *_BENCH, *_ADVISOR},
        "发现交车延误风险",
        "Promise at risk",
    ),
    note(ro.WorkshopChased, _IN_THE_WORKSHOP, _ADVISOR, "督促车间", "Workshop chased"),
    note(ro.EtaChanged, _IN_THE_WORKSHOP, _ADVISOR, "变更交车时间", "Completion time changed"),
    note(ro.RepairPlanReceived, [S.IN_WORK], _ADVISOR, "收到维修方案", "Repair plan received"),
    note(ro.VehicleKept, (S.QUOTED, S.SIGNED, *_IN_THE_WORKSHOP, S.QC), _ADVISOR, "登记留厂", "Vehicle kept"),
    note(ro.PartIssued, [S.IN_WORK], {R.PARTS_CLERK}, "备件出库", "Part issued"),
    note(ro.ExtraWorkFound, [S.IN_WORK], _BENCH, "技师登记增项", "Extra work found"),
    note(ro.AdviceGiven, (S.INSPECTED, *_OPEN_WORK), {*_BENCH, *_ADVISOR}, "提出更换建议", "Advice given"),
    note(ro.AdviceDeclined, (*_BEFORE_WORK, S.QUOTED, *_IN_THE_WORKSHOP), _ADVISOR, "客户拒绝建议", "Advice declined"),
    note(ro.SymptomRechecked, [S.QC], {R.QUALITY_INSPECTOR}, "复查故障现象", "Symptom rechecked"),
    note(ro.ExitItemInspected, [S.QC], {R.QUALITY_INSPECTOR}, "出厂检验项目", "Exit item inspected"),
    note(ro.RoadTested, [S.QC], {R.QUALITY_INSPECTOR}, "道路测试", "Road tested"),
    note(
        ro.VehicleWashed,
        (S.IN_WORK, S.QC),
        {R.WORKSHOP_DISPATCHER, R.QUALITY_INSPECTOR, *_BENCH},
        "洗车完成",
        "Vehicle washed",
    ),
    note(ro.OldPartsPlaced, (S.IN_WORK, S.QC), {R.QUALITY_INSPECTOR, *_BENCH}, "旧件归位", "Old parts placed"),
    note(ro.ExteriorCompared, [S.QC], {R.QUALITY_INSPECTOR, *_ADVISOR}, "外观比对", "Exterior compared"),
    note(ro.KeysTaken, [S.QC], _ADVISOR, "取回钥匙", "Keys taken"),
    note(ro.LineConfirmedDone, [S.INTERNAL_HANDOVER], _ADVISOR, "确认项目完成", "Line confirmed done"),
    note(ro.ReportReviewed, [S.INTERNAL_HANDOVER], _ADVISOR, "审核维修报告", "Repair report reviewed"),
    note(ro.HandoverSigned, [S.INTERNAL_HANDOVER], _ADVISOR, "钥匙接收签字", "Hand-over signed"),
    note(ro.LinePriceDecided, [S.INTERNAL_HANDOVER], _MANAGER, "经理裁定单项", "Line price decided"),
    note(ro.TotalDecided, [S.INTERNAL_HANDOVER], _MANAGER, "经理裁定总额", "Total decided"),
    note(ro.StatementLineListed, [S.INTERNAL_HANDOVER], _ADVISOR, "结算单列项", "Statement line listed"),
    note(ro.StatementPrinted, [S.INTERNAL_HANDOVER], _ADVISOR, "打印结算单", "Statement printed"),
    note(ro.StatementRechecked, [S.INTERNAL_HANDOVER], _ADVISOR, "复核结算单", "Statement rechecked"),
    note(ro.DocumentsReadied, [S.INTERNAL_HANDOVER], _ADVISOR, "备齐单据", "Documents readied"),
    note(ro.CustomerNotified, [S.INTERNAL_HANDOVER], _ADVISOR, "通知取车", "Customer notified"),
    note(ro.WorkShown, [S.INTERNAL_HANDOVER], _ADVISOR, "车旁展示作业", "Work shown"),
    note(ro.OldPartsShown, [S.INTERNAL_HANDOVER], _ADVISOR, "展示旧件", "Old part shown"),
    note(ro.UsageTold, [S.INTERNAL_HANDOVER], _ADVISOR, "告知用车与下次保养", "Usage and next service told"),
    note(ro.LineExplained, [S.INTERNAL_HANDOVER], _ADVISOR, "逐项解释", "Line explained"),
    note(ro.ConditionExplained, [S.INTERNAL_HANDOVER], _ADVISOR, "讲解技术状况", "Condition explained"),
    note(ro.StatementSigned, [S.INTERNAL_HANDOVER], _ADVISOR, "客户签结算单", "Statement signed"),
    note(ro.CustomerCopyReturned, [S.INTERNAL_HANDOVER], _ADVISOR, "收回客户联", "Customer copy returned"),
    note(ro.CustomerCopyLost, [S.INTERNAL_HANDOVER], _ADVISOR, "客户联遗失", "Customer copy lost"),
    note(ro.CopyLossAccepted, [S.INTERNAL_HANDOVER], _MANAGER, "经理备注遗失", "Copy loss accepted"),
    note(ro.CashierReached, [S.INTERNAL_HANDOVER], {R.CASHIER, *_ADVISOR}, "到收银台", "At the cashier"),
    note(ro.KitRemoved, (*_WITH_US, S.SETTLED), _ADVISOR, "取下防护套件", "Kit removed"),
    note(ro.GatePassIssued, [S.SETTLED], {R.CASHIER}, "发放出门条", "Gate pass issued"),
    note(ro.SeenOff, [S.SETTLED], _ADVISOR, "送别客户", "Customer seen off"),
    note(ro.VehicleLeft, [S.SETTLED], {R.SECURITY_GUARD}, "车辆出门", "Vehicle left"),
    note(ro.ComebackOpened, [S.FOLLOWED_UP], _ADVISOR, "开立返修单", "Comeback opened"),
    note(
        common.ClauseWaived,
        [S.ARRIVED, *_WITH_US, S.SETTLED],
        {R.SERVICE_MANAGER, R.AFTER_SALES_BUSINESS_MANAGER},
        "豁免条款",
        "Clause waived",
    ),
)

ROWS: tuple[Transition, ...] = tuple(chain.from_iterable((*_MOVES, *_NOTES)))

WORKFLOW = Workflow(
    name="repair_order",
    label=Text(zh="维修委托书", en="Repair order"),
    states=State,
    initial=str(S.NEW),
    ends=frozenset({str(S.FOLLOWED_UP), str(S.DIVERTED), str(S.CANCELLED)}),
    rows=ROWS,
    path=tuple(str(state) for state in MAIN_PATH),
    keeper=R.SERVICE_ADVISOR,
    promises=(
        Promise(ro.OrderSigned, "promised_at"),
        Promise(ro.EtaChanged, "new_promised_at"),
        Promise(ro.SupplementFound, "new_promised_at", once=ro.OrderSigned),
    ),
    kept=frozenset({str(S.SETTLED)}),
)
