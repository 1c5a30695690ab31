"""A ledger that was opened before a fact existed goes by its own rules: that is told, and nothing is done by halves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.bootstrap import bootstrap
from engine import EarlierRules, Engine, standard_catalogue
from engine.command import Actor, Command
from engine.events import repair_order as ro
from engine.events.common import CaseOpened
from engine.states.ledger import LEDGER, LOG
from tests.signers import KEY
from tests.support import ADVISOR, AT_ONCE, MANAGER, arrive, forget, gongdan, world

SYSTEM = Actor("gongdan", "system")


def reveal(engine: Engine) -> object:
    return engine.shop("S1").reveal("RO-1", 3, ["reason"], by=ADVISOR, to="cashier", purpose="call")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Both ledgers as they were opened by a version whose only fact in them was `personal_revealed`."""
    catalogue = standard_catalogue()
    ledger = catalogue.workflows[LEDGER]
    rows = tuple(row for row in ledger.rows if row.name == "personal_revealed")
    earlier = replace(catalogue, workflows={**catalogue.workflows, LEDGER: replace(ledger, rows=rows)})
    engine = bootstrap(f"sqlite:///{tmp_path / 'shop.db'}", upgrade=True, world=world(), catalogue=earlier)
    arrive(engine.shop("S1"))
    engine.shop("S1").apply("RO-1", ro.CustomerLeft(reason="另有急事", subject="person-7"), by=ADVISOR)
    reveal(engine)
    desk = engine._desk(LOG)
    decider = desk.cases.decider_in_force("base", LEDGER)
    opening = Command("opening", SYSTEM, CaseOpened(profile="base", version=decider.rules.version))
    desk.sit(LEDGER, lambda sitting: sitting.open(LEDGER, decider, opening), id=opening.id)
    engine.store.close()
    return tmp_path / "shop.db"


@pytest.fixture
def engine(db: Path) -> Engine:
    return bootstrap(f"sqlite:///{db}", retention=AT_ONCE)


@pytest.mark.parametrize(
    "ask",
    [
        lambda engine: forget(engine.shop("S1"), "person-7"),
        lambda engine: engine.shop("S1").place_hold("person-7", by=MANAGER, reason="court-1"),
        lambda engine: engine.checkpoints.make(KEY),
    ],
    ids=["forget", "hold", "checkpoint"],
)
def test_what_the_ledger_cannot_record_is_not_done_and_that_is_told(engine: Engine, ask: Callable[[Engine], object]):
    before = [*engine.export_journal()]

    with pytest.raises(EarlierRules, match="nothing was written"):
        ask(engine)

    assert [*engine.export_journal()] == before
    assert engine.holds() == []
    assert reveal(engine) == {"reason": "另有急事"}, "it is not restricted, and what the ledger could do it can"


def test_the_command_says_so_too(db: Path):
    refused = gongdan("forget", "person-7", "--by", "sm-1:service_manager", "--reason", "asked", "--db", db)

    assert refused.exit_code == 1
    assert "本单按开立时的规则办理" in refused.stderr


def test_a_shop_with_a_new_id_has_a_ledger_that_can(engine: Engine):
    shop = engine.shop("S2")
    arrive(shop)
    shop.apply("RO-1", ro.CustomerLeft(reason="另有急事", subject="person-7"), by=ADVISOR)

    assert forget(shop, "person-7").erased == 1
