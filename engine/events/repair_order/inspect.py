"""Facts of the inspection as a whole: needs asked for, history, age and condition, pre-check, and its end."""

from __future__ import annotations

from engine.events.event import Code, Count, Day, Event, Flag, Percent, optional
from engine.events.personal import Words


class ForgottenNeedsAsked(Event):
    """The customer was asked once more for anything they might have forgotten."""

    more_needs: Flag | None = optional("客户另有需求（没有也要登记）", "whether there is more; a no is recorded too")
    needs: Words | None = optional("另有的需求", "what else the customer wants")


class HistoryConsulted(Event):
    """The advisor opened the maintenance and repair history of the vehicle."""


class VehicleAssessed(Event):
    """How old the vehicle is and in what shape."""

    first_used_on: Day | None = optional("首次使用日期", "the day of its first use")
    condition_poor: Flag | None = optional("车况较差", "it is in poor condition")


class PrecheckDone(Event):
    """The vehicle was pre-checked on the lift of the pre-check bay."""

    checklist_version: Code | None = optional(
        "入场检查表版本", "version of the entry-inspection list that was followed"
    )
    lift_used: Flag | None = optional("已用举升机检查底部", "the underbody was looked at on the lift")
    expert_id: Code | None = optional("请来的技术专家", "the technical expert who was called, if one was")


class InspectionCompleted(Event):
    """Interview, pre-check and walk-around are done. A reading below the previous one needs a note."""

    odometer_in_km: Count | None = optional("进厂里程（公里）", "odometer on arrival, in km")
    previous_odometer_km: Count | None = optional("上次里程（公里）", "odometer at the previous order, in km")
    odometer_note: Words | None = optional("里程倒退的原因", "why the reading went down")
    fuel_percent: Percent | None = optional("油量（%）", "fuel level, in percent")
