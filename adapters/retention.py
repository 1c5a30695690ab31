"""How long personal values are kept, from the settings file: the table `retention`, in days after a case's end.

Must live here: what the table may say, and how a mistake in it is told. Must not be known here: what is done with it.

    [retention]
    contact = 180

    [retention.repair_order]
    record = 2190
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from adapters.complaints import shown
from adapters.settings import tables
from engine import LONGEST_DAYS, BadSettings, RecordClass, Retention, Text, standard_catalogue

_DAYS = Text("天数：0 至 {most} 的整数", "days: a whole number from 0 to {most}").render({"most": LONGEST_DAYS})
_NAMES = Text("记录类别或流程：{known}", "a class of record or a workflow: {known}")
_CLASSES = Text("记录类别：{known}", "a class of record: {known}")
_TABLE = Text("一张表：记录类别 = 天数", "a table: class of record = days")


def load_retention(path: Path | None) -> Retention:
    """The terms that a settings file sets, or the engine's own. Raises what `stated_retention` raises."""
    return stated_retention(path) or Retention()


def stated_retention(path: Path | None) -> Retention | None:
    """The terms that a settings file sets; None where there is no file, or no such table.

    Raises BadSettings, which names the setting and what is expected there.
    """
    said = None if path is None else tables(path).get("retention")
    if said is None:
        return None
    if not isinstance(said, dict):
        raise BadSettings(where="retention", expected=_TABLE)
    workflows = standard_catalogue().workflows
    own = {name: value for name, value in said.items() if isinstance(value, dict)}
    unknown = [name for name in said if name not in (workflows if name in own else [*RecordClass])]
    if unknown:
        known = sorted([*RecordClass, *workflows])
        raise BadSettings(where=f"retention.{shown(unknown[0])}", expected=_NAMES.render({"known": known}))
    general = {name: value for name, value in said.items() if name not in own}
    return Retention(
        _days("retention", general), {name: _days(f"retention.{name}", days) for name, days in own.items()}
    )


def _days(where: str, said: Mapping[str, object]) -> dict[str, int]:
    days = {}
    for name, value in said.items():
        if name not in [*RecordClass]:
            raise BadSettings(where=f"{where}.{shown(name)}", expected=_CLASSES.render({"known": [*RecordClass]}))
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LONGEST_DAYS:
            raise BadSettings(where=f"{where}.{name}", expected=_DAYS)
        days[name] = value
    return days
