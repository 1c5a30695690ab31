"""No false alarm: whatever honest people do, and whoever is killed meanwhile, every bundle is whole and conforms."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from tests import benign
from tests.conftest import KILLS
from tests.house import House, exported, is_proven

pytestmark = pytest.mark.broad

EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)
EVERYDAY = {"personal_revealed", "subject_restricted", "subject_erased", "hold_placed", "hold_lifted"}


def names_in(house: House) -> Counter[str]:
    """How often each thing was said, in the whole log."""
    with house.engine() as engine:
        bodies = [json.loads(body) for kind, body, _ in engine.export_journal() if kind == "entry"]
    return Counter(one["command"]["name"] for one in bodies)


def no_alarm(url: str, folder: Path, goal: benign.Goal) -> dict[str, int]:
    """What was done; nothing that is exported meanwhile, and nothing at the end, is amiss."""
    with benign.opened(url, folder) as house:
        kills = benign.stormed(house, goal, seed=goal.operations)

        assert benign.alarms(house) == []
        with house.engine() as engine:
            last = exported(house, engine, random.Random(1), {})
            assert last is not None
            assert is_proven(last), benign.alarms(house)
            assert engine.audit().sound
        names = names_in(house)
    done = {"operations": sum(house.done), "exports": sum(house.exports) + 1, KILLS: kills}
    done |= {"entries": last.entries, "cases": last.cases, "checkpoints": names["heads_recorded"]}
    done |= {
        "keys": names["key_announced"],
        "erasures": names["subject_erased"],
        **{name: names[name] for name in EVERYDAY},
    }
    return done


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_honest_people_do_raises_no_alarm(database, tmp_path):
    done = no_alarm(database, tmp_path, benign.Goal(operations=800, exports=2, kills=8))

    assert min(done["keys"], done["checkpoints"]) > 1


@pytest.mark.soak_audit
@EITHER
def test_a_hundred_thousand_honest_operations_raise_no_alarm(database, tmp_path, record_property):
    done = no_alarm(database, tmp_path, benign.Goal(operations=100_000, exports=100, kills=250))

    for name, count in done.items():
        record_property(name, count)
    assert min(done[name] for name in EVERYDAY) > 10
    assert min(done["keys"], done["checkpoints"]) > 10
