"""The views: gongdan writes on Django's connection, inside `atomic()`.

A refusal is returned, so that `atomic()` commits it; a mistake is an exception, so that it rolls back. Who acts
stands in the header `Actor`, where a real host asks its own login.
"""

import json

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from dms.answers import told
from dms.gongdan import shop
from dms.models import Notice, Visit
from engine import Actor, Personal, Refused
from engine.events import repair_order as ro


def arrive(request: HttpRequest) -> HttpResponse:
    """Open an order, its visit with it. The same key again is the same arrival."""
    asked, by, key = _asked(request)
    order_no, plate = asked["order_no"], asked["plate"]
    came = ro.VehicleCheckedIn(license_plate=Personal.clear(plate))
    with transaction.atomic():
        shop().open(order_no, by=by, id=f"{key}.open", connection=connection)
        Visit.objects.update_or_create(order_no=order_no, defaults={"plate": plate})
        answer = shop().apply(order_no, came, by=by, id=key, connection=connection)
    return told(answer)


def record(request: HttpRequest, order_no: str) -> HttpResponse:
    """Record a fact; what the SOP refuses goes on the manager's board."""
    asked, by, key = _asked(request)
    fact = shop().fact(asked["name"], asked["facts"])
    with transaction.atomic():
        answer = shop().apply(order_no, fact, by=by, id=key, connection=connection)
        if isinstance(answer, Refused):
            notice = {"visit_id": order_no, "clauses": " ".join(answer.clauses)}
            Notice.objects.update_or_create(command_id=key, defaults=notice)
    return told(answer)


def _asked(request: HttpRequest) -> tuple[dict[str, str], Actor, str]:
    """The body, who acts (such as `sa-7:service_advisor`), and the command's id."""
    id_, _, role = request.headers.get("Actor", "").partition(":")
    return json.loads(request.body), Actor(id_, role), request.headers.get("Idempotency-Key", "")
