"""The repair order that every measure plays: from the gate to the signed-for data, with one refusal, under `dpca`.

It holds facts and nothing that runs: what a host would send, as plain data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine import Actor

PROFILE = "dpca"
SHOP = "S1"

ADVISOR = Actor("sa-1", "service_advisor")
_KIT = ["floor_mat", "gear_cover", "seat_cover", "steering_cover"]
_SYMPTOM = {"symptom_id": "x1"}
_IN_ORDER = (
    "paintwork glass lamps antenna badges tyres lower_sills mirrors seats dashboard warning_lamps fuel_level odometer "
    "buttons control_panel fluid_levels engine radiator belongings spare_wheel tools"
)
_PHOTO = {"sha256": "ab" * 32, "media_type": "image/jpeg", "uri": "kept://bumper"}


@dataclass(frozen=True, slots=True)
class Step:
    """One command: its name, its facts as plain data, and whether the SOP accepts it here."""

    name: str
    facts: Mapping[str, Any]
    accepted: bool = True


STEPS: tuple[Step, ...] = (
    Step("vehicle_checked_in", {"order_origin": "booked", "appointment_id": "ap-7"}),
    Step("purpose_recorded", {"purposes": ["maintenance", "repair"], "primary_purpose": "repair"}),
    Step("kit_fitted", {"waiver_offered_by_customer": True, "kit_pieces": _KIT[:1]}, accepted=False),
    Step("kit_fitted", {"kit_pieces": _KIT}),
    Step(
        "complaint_recorded",
        {
            **_SYMPTOM,
            "complaint_type": "noise",
            "customer_words": "左前轮过坎有咯噔声",
            "frequency": "每天",
            "operating_condition": "低速过减速带",
        },
    ),
    Step(
        "symptom_checked",
        {
            **_SYMPTOM,
            "reproduced": True,
            "customer_confirmed_same": True,
            "verified_component": "tie-rod-left",
            "prior_repair_checked": True,
        },
    ),
    Step("precheck_done", {"checklist_version": "entry-2026", "lift_used": True}),
    Step("walkaround_started", {"customer_present": True}),
    *(Step("checkpoint_checked", {"checkpoint": point, "result": "ok"}) for point in _IN_ORDER.split()),
    Step("checkpoint_checked", {"checkpoint": "lower_bumper", "result": "damaged", "photo": _PHOTO}),
    Step(
        "finding_noted",
        {"finding_id": "f1", "checkpoint": "lower_bumper", "result": "damaged", "written_on_order": True},
    ),
    Step("finding_told", {"finding_id": "f1", "proposed_handling": "leave"}),
    Step("walkaround_finished", {}),
    Step(
        "inspection_completed",
        {"odometer_in_km": 48_210, "previous_odometer_km": 41_003, "fuel_percent": 60},
    ),
    Step("stock_checked", {"part_no": "3812.F6", "in_stock": True}),
    Step(
        "line_quoted",
        {
            **_SYMPTOM,
            "line_id": "l1",
            "operation_kind": "repair_work",
            "labour_amount": "180.00",
            "part_no": "3812.F6",
            "part_origin": "domestic",
            "parts_amount": "420.00",
            "pay_type": "customer_pay",
            "payer_status": "confirmed",
            "charge_accepted": True,
        },
    ),
    Step("quote_issued", {"eta": "2030-01-01T17:00:00+08:00", "explained": True}),
    Step("customer_data_verified", {"deviation_found": False}),
    Step("point_confirmed", {"point": "items", "understood": True}),
)
"""Thirty-eight facts that are accepted, in the order in which a floor records them, and one refusal among them."""
