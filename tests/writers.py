"""A writer of the busy house: legal and refused commands, a host's transactions, personal data asked for and forgotten.

Each act is one or more operations; what the engine answers with an error of its own is an answer like any other.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import sqlalchemy

from engine import Actor, Answer, Engine, GongdanError, Role, Shop
from engine.events import repair_order as ro
from engine.events.event import Event
from engine.states.repair_order import WORKFLOW
from tests import conforming as co
from tests.support import ADVISOR, MANAGER

CASES = 6
"""How many cases of a shop are worked on at a time."""
LIFE = 30
"""How many operations a writer does until a new case takes the place of the oldest."""


class RolledBack(Exception):
    """A host changes its mind."""


class Writer:
    """One of eight, on a case here and a case there."""

    def __init__(self, engine: Engine, host: sqlalchemy.Engine, place: int, chance: random.Random, done: int) -> None:
        self.engine, self.host, self.place, self.chance, self.done = engine, host, place, chance, done
        self.told: Counter[str] = Counter()
        self.put = 0

    def act(self) -> int:
        """Do something; how many operations it was."""
        act = self.chance.choices([*ACTS], [*ACTS.values()])[0]
        before, self.put = self.put, self.put + 1
        try:
            act(self)
        except (GongdanError, RolledBack) as told:
            self.told[type(told).__name__] += 1
        else:
            self.told[act.__name__] += 1
        self.done += self.put - before
        return self.put - before

    @property
    def shop(self) -> Shop:
        profile = self.chance.choice(co.PROFILES)
        return self.engine.shop(profile, profile=profile)

    @property
    def case(self) -> str:
        """One of those that are worked on now; all writers move on at about the same pace."""
        return f"C-{self.done // LIFE + self.chance.randrange(CASES)}"

    def applied(self, shop: Shop, case: str, event: Event, by: Actor, **options: object) -> Answer:
        self.put += 1
        answer = shop.apply(case, event, by=by, **options)
        self.told[type(answer).__name__] += 1
        return answer

    def fact(self, shop: Shop, case_id: str) -> tuple[Event, Actor]:
        """A fact that is open on a case, as it should be, prepared or not, sometimes with a person behind it."""
        case = shop.case(case_id)
        rows = [row.event for row in WORKFLOW.rows if row.source == case.state] or [ro.WaitTick]
        kind = self.chance.choice(rows)
        event = co.fact(case, kind) if kind is not co.ClauseWaived else ro.WaitTick()
        if self.chance.random() < 0.5:
            event = event.model_copy(update={"subject": f"P-{self.chance.randrange(40)}"})
        return event, co.actor_for(type(event), case.state)


def start(me: Writer) -> None:
    me.shop.open(me.case, by=co.actor(Role.GUIDE))


def go_on(me: Writer) -> None:
    shop, case = me.shop, me.case
    event, by = me.fact(shop, case)
    me.applied(shop, case, event, by)


def go_far(me: Writer) -> None:
    """One move of the table with all that it needs; others may come in between."""
    shop, case_id = me.shop, me.case
    way = co.road(shop.case(case_id).state, me.chance.choice([*map(str, WORKFLOW.states)]))
    for kind in (way or [])[:1]:
        steps = [*co.preparation(shop.case(case_id), kind)]
        for step in steps:
            me.applied(shop, case_id, step.event, step.actor)
        case = shop.case(case_id)
        me.applied(shop, case_id, co.fact(case, kind), co.actor_for(kind, case.state))


def be_refused(me: Writer) -> None:
    me.applied(me.shop, me.case, ro.VehicleLeft(), me.chance.choice([ADVISOR, Actor("x", "stranger")]))


def leave(me: Writer) -> None:
    """A case that has only begun ends."""
    gone = co.fact(me.shop.case(me.case), ro.CustomerLeft).model_copy(
        update={"subject": f"P-{me.chance.randrange(40)}"}
    )
    me.applied(me.shop, me.case, gone, co.actor_for(ro.CustomerLeft, "arrived"))


def be_late(me: Writer) -> None:
    """Decided on a version that is no longer."""
    shop, case = me.shop, me.case
    me.applied(shop, case, ro.WaitTick(), ADVISOR, expected=me.chance.randrange(4))


def say_again(me: Writer) -> None:
    """The same command, again and by several."""
    me.applied(me.engine.shop("base"), me.case, ro.WaitTick(), ADVISOR, id=f"again-{me.done // 20}")


def put_all(me: Writer) -> None:
    shop, case = me.shop, me.case
    me.told[f"all {len(shop.apply_all(case, [ro.WaitTick(), me.fact(shop, case)[0]], by=ADVISOR))}"] += 1


def put_many(me: Writer) -> None:
    batch = me.shop.batch()
    for number in range(3):
        batch.apply(me.case, ro.WaitTick(acknowledged=bool(number)), by=ADVISOR)
    batch.open(me.case, by=ADVISOR)
    batch.run()


def be_a_host(me: Writer) -> None:
    """A transaction of a host's, which rolls every third one back."""
    shop, case = me.shop, me.case
    event, by = me.fact(shop, case)
    with me.host.begin() as connection:
        me.applied(shop, case, event, by, connection=connection)
        me.applied(shop, case, ro.WaitTick(), ADVISOR, connection=connection)
        if me.chance.random() < 1 / 3:
            raise RolledBack


def reveal(me: Writer) -> None:
    shop, case = me.shop, me.case
    seq = me.chance.randrange(1, shop.case(case).seq + 1)
    shop.reveal(case, seq, ["vin", "license_plate"], by=MANAGER, to="cashier", purpose="call")


def forget(me: Writer) -> None:
    subject = me.chance.choice([f"P-{me.chance.randrange(40)}", me.case])
    me.shop.forget(subject, by=MANAGER, reason="asked")


def hold(me: Writer) -> None:
    shop = me.shop
    if me.chance.random() < 0.5:
        shop.place_hold(f"P-{me.chance.randrange(40)}", by=MANAGER, reason="dispute")
    else:
        shop.place_hold(case=me.case, by=MANAGER, reason="dispute")


def lift(me: Writer) -> None:
    holds = me.engine.holds()
    if holds:
        one = me.chance.choice(holds)
        me.engine.shop(one.shop, profile=one.shop).lift_hold(one.number, by=MANAGER, reason="settled")


def sweep(me: Writer) -> None:
    me.engine.erase_due()


ACTS: dict[Callable[[Writer], None], float] = {
    start: 12,
    go_on: 30,
    go_far: 12,
    be_refused: 8,
    leave: 4,
    be_late: 3,
    say_again: 4,
    put_all: 5,
    put_many: 5,
    be_a_host: 8,
    reveal: 3,
    forget: 3,
    hold: 0.5,
    lift: 0.6,
    sweep: 1,
}
