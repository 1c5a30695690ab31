"""Facts of the walk-around: the sheet with its checkpoints, the route, measurements, findings, the signed condition."""

from __future__ import annotations

from engine.events.event import Attachment, Code, Count, Event, Flag, optional, required
from engine.events.personal import Words
from engine.text import Word


class Checkpoint(Word):
    """A line of the walk-around sheet."""

    PAINTWORK = "paintwork", "漆面", "paintwork"
    GLASS = "glass", "玻璃", "glass"
    LAMPS = "lamps", "大灯尾灯", "head and tail lamps"
    ANTENNA = "antenna", "天线", "antenna"
    BADGES = "badges", "车标", "badges"
    LOWER_BUMPER = "lower_bumper", "保险杠下部", "lower bumper"
    TYRES = "tyres", "轮胎轮毂", "tyres and rims"
    LOWER_SILLS = "lower_sills", "门槛下部", "lower sills"
    MIRRORS = "mirrors", "后视镜", "mirrors"
    SEATS = "seats", "座椅", "seats"
    DASHBOARD = "dashboard", "仪表台", "dashboard"
    WARNING_LAMPS = "warning_lamps", "报警灯", "warning lamps"
    FUEL_LEVEL = "fuel_level", "燃油量", "fuel level"
    ODOMETER = "odometer", "里程表", "odometer"
    BUTTONS = "buttons", "各按钮", "buttons"
    CONTROL_PANEL = "control_panel", "控制面板", "control panel"
    FLUID_LEVELS = "fluid_levels", "油位液位", "oil and fluid levels"
    ENGINE = "engine", "发动机", "engine"
    RADIATOR = "radiator", "水箱", "radiator"
    BELONGINGS = "belongings", "车内物品", "the belongings"
    SPARE_WHEEL = "spare_wheel", "备胎", "spare wheel"
    TOOLS = "tools", "随车工具", "tools"


class FindingResult(Word):
    """What was found at a checkpoint."""

    OK = "ok", "正常", "in order"
    DAMAGED = "damaged", "损伤", "damaged"
    ABNORMAL = "abnormal", "异常", "abnormal"
    MISSING = "missing", "缺失", "missing"
    NOT_CHECKED = "not_checked", "未能检查", "not checked"


class Station(Word):
    """A station of the route round the vehicle."""

    LEFT_FRONT_DOOR = "left_front_door", "左前门", "left front door"
    LEFT_FRONT_WING = "left_front_wing", "左前翼子板", "left front wing"
    VEHICLE_FRONT = "vehicle_front", "车辆前部", "front"
    ENGINE_BAY = "engine_bay", "发动机舱", "engine bay"
    RIGHT_FRONT_WING = "right_front_wing", "右前翼子板", "right front wing"
    RIGHT_FRONT_DOOR = "right_front_door", "右前门", "right front door"
    RIGHT_REAR_DOOR = "right_rear_door", "右后门", "right rear door"
    RIGHT_REAR_WING = "right_rear_wing", "右后翼子板", "right rear wing"
    VEHICLE_REAR = "vehicle_rear", "车辆后部", "rear"
    BOOT = "boot", "后备箱", "boot"
    LEFT_REAR_WING = "left_rear_wing", "左后翼子板", "left rear wing"
    LEFT_REAR_DOOR = "left_rear_door", "左后门", "left rear door"
    VEHICLE_INTERIOR = "vehicle_interior", "车辆内部", "interior"


class Wheel(Word):
    """A wheel on the road."""

    FRONT_LEFT = "front_left", "左前轮", "front left wheel"
    FRONT_RIGHT = "front_right", "右前轮", "front right wheel"
    REAR_LEFT = "rear_left", "左后轮", "rear left wheel"
    REAR_RIGHT = "rear_right", "右后轮", "rear right wheel"


class WalkaroundStarted(Event):
    """The walk-around began."""

    customer_present: Flag | None = optional("客户一同检查", "together with the customer")


class CheckpointChecked(Event):
    """One checkpoint of the sheet was looked at."""

    checkpoint: Checkpoint = required("检查点", "the checkpoint")
    result: FindingResult | None = optional("检查结果", "what was found there")
    photo: Attachment | None = optional("照片（有问题时）", "a photo of what is not in order")
    note: Words | None = optional(
        "备注；随车物品写明是什么、没有写“无”", "a note; for belongings what they are, or none"
    )


class StationVisited(Event):
    """The advisor came to one station of the route."""

    station: Station = required("点位", "the station")


class TyreMeasured(Event):
    """One tyre was measured with gauge and tread gauge."""

    wheel: Wheel = required("车轮", "the wheel")
    pressure_kpa: Count | None = optional("胎压（千帕）", "tyre pressure, in kPa")
    tread_tenths_mm: Count | None = optional("胎纹深度（0.1 毫米）", "tread depth, in tenths of a millimetre")


class FindingNoted(Event):
    """Something not in order at a checkpoint."""

    finding_id: Code = required("发现编号", "the finding")
    checkpoint: Code | None = optional("检查点", "the checkpoint")
    result: FindingResult | None = optional("检查结果", "what was found there")
    written_on_order: Flag | None = optional("已写入委托书", "it stands on the order")
    directly_judgeable: Flag | None = optional("服务顾问能否直接判断", "whether the advisor can judge it directly")


class FindingTold(Event):
    """A finding was pointed out to the customer."""

    finding_id: Code = required("发现编号", "the finding")
    proposed_handling: Code | None = optional("处理建议编码", "what should be done about it, as a code")


class WalkaroundFinished(Event):
    """The walk-around ended."""

    all_closed: Flag | None = optional("车门、机舱盖、后备箱都已关好", "doors, bonnet and boot lid are all closed")


class ConditionAcknowledged(Event):
    """The customer signed the recorded condition of the vehicle."""

    condition_signature: Attachment | None = optional("客户对车况的签名", "the customer's signature")


class OilShown(Event):
    """The oil was shown to the customer, wiped on white tissue: the old one at reception, the new one at delivery."""
