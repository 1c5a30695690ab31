"""People are told what rules say, in their language, not at night, not too often; personal values only by a reveal."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from adapters.bootstrap import bootstrap
from adapters.outbound.people import People, Person, Quiet, Rulebook
from adapters.outbound.people.limits import MOST_KEPT, Rate, Told, quiet_for
from adapters.outbound.people.rules import Limit
from adapters.settings import GROUP, load_adapters
from adapters.testing import AdapterContract, Arrived
from engine import Actor, BadSettings, Engine, Entry, Reveal, Shop, Undelivered, World, standard_catalogue
from engine.events import repair_order as ro
from tests.http_receiver import Receiver, answers, receiving, says
from tests.mailbox import Mailbox, open_mailbox
from tests.support import ADVISOR, START, Clock, forget
from tests.support import world as still_world
from tests.test_shop_notes import engine_of_the_house, house

PLATE = "粤B12345"
SECRET = "s3cr3t-token"
HINT = """
[templates.hint]
title = { zh = "{case}", en = "{case}" }
body = { zh = "{answer}", en = "{answer}" }
"""
ADVISORS = """
[[people]]
id = "sa-1"
roles = ["service_advisor"]
language = "zh"
channels = { app = "one" }
"""
RULE = """
[[rules]]
{which}
roles = ["service_advisor"]
channels = ["app"]
template = "hint"
"""
ALWAYS = RULE.format(which='answers = ["accepted", "refused"]')
PLAIN = ALWAYS + HINT + ADVISORS


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with open_mailbox() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


def people(receiver: Receiver, rules: str, **other: Any) -> People:
    """An adapter whose channel `app` posts to the receiver, at a path of each person's own."""
    channels = {"app": f"json://127.0.0.1:{receiver.port}/{{address}}", **other.pop("channels", {})}
    return People("people", rules=rules, channels=channels, **{"clock": Clock(), **other})


def told(receiver: Receiver) -> list[tuple[str, str, str]]:
    """Where to, title and body of what came."""
    said = [(one.path, json.loads(one.body)) for one in receiver.taken]
    return [(path, one["title"], one["message"]) for path, one in said]


def engine_with(folder: Path, *adapters: Any, world: World | None = None) -> Engine:
    return bootstrap(
        f"sqlite:///{folder / 'shop.db'}", upgrade=True, world=world, adapters=adapters, synchronous="NORMAL"
    )


def arrived(shop: Shop, plate: str | None = PLATE) -> Entry:
    """A vehicle checked in: the second entry of its case."""
    shop.open("RO-1", by=ADVISOR)
    shop.apply("RO-1", ro.VehicleCheckedIn(license_plate=plate), by=ADVISOR)
    return shop.entries("RO-1")[1]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return engine_with(tmp_path, world=still_world()).shop("S1", profile="dpca")


@pytest.fixture
def entry(shop: Shop) -> Entry:
    return arrived(shop)


@pytest.fixture
def refusal(shop: Shop, entry: Entry) -> Entry:
    shop.apply("RO-1", ro.KitFitted(), by=ADVISOR)
    return shop.entries("RO-1")[2]


# --- what is said ----------------------------------------------------------------------------------------------------


WORDS = """
[templates.hint]
title = { zh = "{case} {command}：{answer}", en = "{case} {command}: {answer}" }
body = { zh = "{shop} #{seq} {state} {by} {at} {{}}", en = "{shop} #{seq} {state} {by} {at} {{}}" }
"""


@pytest.mark.parametrize(
    ("language", "title", "body"),
    [
        ("zh", "RO-1 车辆进门：接受", "S1 #2 已到店 服务顾问 2026-11-23 09:00 {}"),
        ("en", "RO-1 Vehicle checked in: accepted", "S1 #2 arrived service advisor 2026-11-23 09:00 {}"),
        (
            "both",
            "RO-1 车辆进门：接受 RO-1 Vehicle checked in: accepted",
            "S1 #2 已到店 服务顾问 2026-11-23 09:00 {}\nS1 #2 arrived service advisor 2026-11-23 09:00 {}",
        ),
    ],
)
def test_a_message_is_in_the_language_of_its_reader(
    receiver: Receiver, entry: Entry, language: str, title: str, body: str
):
    rules = ALWAYS + WORDS + ADVISORS.replace('"zh"', f'"{language}"')

    people(receiver, rules).deliver(entry)

    assert told(receiver) == [("/one", title, body)]


def test_a_refusal_is_told_in_the_words_of_its_clauses(receiver: Receiver, refusal: Entry):
    template = HINT.replace("{answer}", "{clauses}|{reasons}|{do}")
    rules = RULE.format(which='clauses = ["protect.kit-four-piece"]') + template + ADVISORS

    people(receiver, rules).deliver(refusal)

    facts = dict(refusal.refusals)["protect.kit-four-piece"]
    catalogue = standard_catalogue()
    clause = catalogue.clauses["protect.kit-four-piece"].refusal(facts, catalogue.words)
    assert len(refusal.refusals) > 1
    assert told(receiver) == [("/one", "RO-1", f"protect.kit-four-piece|{clause.text.zh}|{clause.next_step.zh}")]


def test_without_clauses_in_the_rule_all_that_spoke_are_told(receiver: Receiver, refusal: Entry):
    people(receiver, ALWAYS + HINT.replace("{answer}", "{clauses}") + ADVISORS).deliver(refusal)

    assert told(receiver)[0][2] == ", ".join(id_ for id_, _ in refusal.refusals)


def test_where_no_clause_spoke_there_is_none(receiver: Receiver, entry: Entry):
    people(receiver, ALWAYS + HINT.replace("{answer}", "{clauses}{reasons}{do}") + ADVISORS).deliver(entry)

    assert told(receiver)[0][2] == "无无无"


def test_codes_that_are_not_known_here_are_shown_as_they_are(receiver: Receiver, tmp_path: Path):
    catalogue = house("{}")
    shop = engine_of_the_house(tmp_path, "{}").shop("S1", profile="house")
    shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR)
    noted = shop.entries("RO-1")[1]
    assert [id_ for id_, _ in noted.notes] == ["house.origin-known"]
    rules = ALWAYS + HINT.replace("{answer}", "{clauses} {reasons} {by}") + ADVISORS

    people(receiver, rules).deliver(noted)
    people(receiver, rules, catalogue=catalogue).deliver(noted)

    assert [body for _, _, body in told(receiver)] == [
        "house.origin-known 无 服务顾问",
        "house.origin-known 未登记来店方式（未记录）。 服务顾问",
    ]


def test_a_command_that_the_catalogue_has_no_word_for_is_called_by_its_code(receiver: Receiver, shop: Shop):
    shop.open("RO-9", by=ADVISOR)

    shop.apply("RO-9", ro.VehicleCheckedIn(), by=ADVISOR)
    wordless = replace(standard_catalogue(), workflows={})
    rules = ALWAYS + HINT.replace("{answer}", "{command}") + ADVISORS

    people(receiver, rules, catalogue=wordless).deliver(shop.entries("RO-9")[1])

    assert told(receiver)[0][2] == "vehicle_checked_in"


# --- which answers, to whom ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("which", "of_the_entry", "of_the_refusal"),
    [
        ('events = ["vehicle_checked_in"]', True, False),
        ('events = ["vehicle_checked_in", "kit_fitted"]', True, True),
        ('answers = ["refused"]', False, True),
        ('clauses = ["protect.kit-four-piece"]', False, True),
        ('clauses = ["qc.signed-and-filed"]', False, False),
        ('events = ["kit_fitted"]\nanswers = ["accepted"]', False, False),
        ('events = ["kit_fitted"]\nanswers = ["refused"]\nclauses = ["protect.kit-four-piece"]', False, True),
    ],
)
def test_a_rule_fits_by_all_that_it_names(
    receiver: Receiver, entry: Entry, refusal: Entry, which: str, of_the_entry: bool, of_the_refusal: bool
):
    adapter = people(receiver, RULE.format(which=which) + HINT + ADVISORS)

    adapter.deliver(entry)
    first = len(receiver.taken)
    adapter.deliver(refusal)

    assert (first, len(receiver.taken) - first) == (int(of_the_entry), int(of_the_refusal))


def test_a_note_fits_a_rule_like_a_refusal(receiver: Receiver, tmp_path: Path):
    shop = engine_of_the_house(tmp_path, "{}").shop("S1", profile="house")
    shop.apply("RO-1", ro.VehicleCheckedIn(), by=ADVISOR)
    rules = RULE.format(which='clauses = ["house.origin-known"]') + HINT + ADVISORS

    people(receiver, rules, catalogue=house("{}")).deliver(shop.entries("RO-1")[1])

    assert len(receiver.taken) == 1


TWO = """
[[people]]
id = "sa-1"
roles = ["service_advisor", "cashier"]
channels = { app = "one" }
[[people]]
id = "sa-2"
roles = ["service_advisor"]
shops = ["S2"]
channels = { app = "two" }
[[people]]
id = "sa-3"
roles = ["service_advisor"]
channels = { other = "three" }
[[people]]
id = "sa-4"
roles = ["service_advisor"]
channels = { app = "four" }
"""


def test_those_are_told_who_have_the_role_in_the_shop_and_the_channel_each_once(receiver: Receiver, entry: Entry):
    rules = ALWAYS.replace('roles = ["service_advisor"]', 'roles = ["service_advisor", "cashier"]') + HINT + TWO

    people(receiver, rules).deliver(entry)

    assert [path for path, _, _ in told(receiver)] == ["/one", "/four"]


def test_a_group_is_told_once_however_many_are_in_it(receiver: Receiver, entry: Entry):
    rules = (
        ALWAYS.replace('"app"', '"group"')
        + HINT
        + TWO.replace('app = "one"', 'group = ""').replace('app = "four"', 'group = ""')
    )

    people(receiver, rules, channels={"group": f"json://127.0.0.1:{receiver.port}/all"}).deliver(entry)

    assert [path for path, _, _ in told(receiver)] == ["/all"]


def test_an_address_cannot_change_the_url_that_it_stands_in(receiver: Receiver, entry: Entry):
    people(receiver, ALWAYS + HINT + ADVISORS.replace('"one"', '"a/../b?x=1&y#张"')).deliver(entry)

    assert [path for path, _, _ in told(receiver)] == ["/a%2F..%2Fb%3Fx=1&y%23%E5%BC%A0"]


def test_a_host_s_directory_is_asked_for_role_shop_and_entry(receiver: Receiver, entry: Entry):
    asked: list[tuple[str, str, str]] = []

    def directory(role: str, shop: str, entry: Entry) -> Sequence[Person]:
        asked.append((role, shop, entry.case))
        return [Person("sa-1", {"app": "mine"}, "zh")]

    people(receiver, ALWAYS + HINT, directory=directory).deliver(entry)

    assert asked == [("service_advisor", "S1", "RO-1")]
    assert [path for path, _, _ in told(receiver)] == ["/mine"]


def test_where_nobody_has_the_role_the_entry_is_not_delivered(receiver: Receiver, entry: Entry):
    with pytest.raises(Undelivered, match="nobody for service_advisor"):
        people(receiver, ALWAYS + HINT).deliver(entry)


def test_an_entry_that_no_rule_fits_is_delivered(receiver: Receiver, entry: Entry):
    people(receiver, RULE.format(which='answers = ["refused"]') + HINT).deliver(entry)

    assert receiver.taken == []


# --- personal values -------------------------------------------------------------------------------------------------

REVEAL = (
    RULE.format(which='events = ["vehicle_checked_in"]')
    + HINT.replace("{answer}", "{reveal:license_plate}/{reveal:vin}/{reveal:late.reason}")
    + ADVISORS
)


def giving(value: str) -> Reveal:
    """A way to one value, whatever is asked for."""

    def reveal(entry: Entry, paths: Sequence[str], *, to: str, purpose: str) -> dict[str, str]:
        return dict.fromkeys(paths, value)

    return reveal


def reveals(shop: Shop) -> list[Entry]:
    return [one for one in shop.entries("ledger") if one.command.name == "personal_revealed"]


def test_a_personal_value_is_told_by_a_reveal_that_the_ledger_has(receiver: Receiver, tmp_path: Path):
    adapter = people(receiver, REVEAL)
    engine = engine_with(tmp_path, adapter)
    engine.subscribe("people", events=["vehicle_checked_in"])
    shop = engine.shop("S1", profile="dpca")
    arrived(shop)

    done = engine.deliver()

    (revealed,) = reveals(shop)
    assert (done.delivered, done.failed) == (1, 0)
    assert told(receiver) == [("/one", "RO-1", f"{PLATE}/未记录/未记录")]
    assert revealed.command.actor == Actor("people", "system")
    assert revealed.command.facts.document() == {
        "case": "RO-1",
        "seq": 2,
        "paths": ["license_plate"],
        "to": "service_advisor",
        "purpose": "hint",
    }


def test_a_second_delivery_by_another_process_reveals_under_the_same_record(
    receiver: Receiver, shop: Shop, entry: Entry, tmp_path: Path
):
    for _ in range(2):
        engine = engine_with(tmp_path, adapter := people(receiver, REVEAL))
        adapter.deliver(entry)
        engine.store.close()

    assert len(told(receiver)) == 2
    assert len(reveals(shop)) == 1


def test_what_was_erased_is_told_as_erased_and_not_revealed(receiver: Receiver, shop: Shop, tmp_path: Path):
    entry = arrived(shop)
    forget(shop, "RO-1")
    adapter = people(receiver, REVEAL)
    engine_with(tmp_path, adapter)

    adapter.deliver(entry)

    assert told(receiver) == [("/one", "RO-1", "已删除/未记录/未记录")]
    assert "personal_revealed" not in [entry.command.name for entry in shop.entries("ledger")]


@pytest.mark.parametrize("value", ["{case} {0} {state.x}", "arrived", "QC", "a\n\nb", "<b>&amp;</b>"])
def test_a_value_is_put_in_as_it_is_on_one_line_and_not_read_again(receiver: Receiver, entry: Entry, value: str):
    people(receiver, REVEAL, reveal=giving(value)).deliver(entry)

    assert told(receiver)[0][2] == "/".join([" ".join(value.split())] * 3)


def test_without_a_way_to_personal_values_nothing_is_told(receiver: Receiver, entry: Entry):
    with pytest.raises(BadSettings) as caught:
        people(receiver, REVEAL).deliver(entry)

    assert caught.value.facts["where"] == "reveal"
    assert receiver.taken == []


def test_who_may_not_be_told_now_costs_no_reveal(receiver: Receiver, shop: Shop, entry: Entry, tmp_path: Path):
    night = "[[quiet]]\nfrom = 08:00:00\nuntil = 20:00:00\n"
    adapter = people(receiver, REVEAL + night)
    engine_with(tmp_path, adapter)

    with pytest.raises(Undelivered):
        adapter.deliver(entry)

    assert [row.id for row in shop.find().rows] == ["RO-1"]


# --- when ------------------------------------------------------------------------------------------------------------

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("hours", "at", "zone", "minutes"),
    [
        (("21:00", "08:00"), "2026-11-23T20:59", SHANGHAI, 0),
        (("21:00", "08:00"), "2026-11-23T21:00", SHANGHAI, 660),
        (("21:00", "08:00"), "2026-11-24T07:59", SHANGHAI, 1),
        (("21:00", "08:00"), "2026-11-24T08:00", SHANGHAI, 0),
        (("12:00", "13:30"), "2026-11-23T12:30", SHANGHAI, 60),
        (("12:00", "13:30"), "2026-11-23T13:30", SHANGHAI, 0),
        (("12:00", "13:30"), "2026-11-23T11:59", SHANGHAI, 0),
        (("21:00", "08:00"), "2026-10-24T22:00", BERLIN, 660),  # the night in which an hour comes twice
        (("21:00", "08:00"), "2026-03-28T22:00", BERLIN, 540),  # and the one in which an hour is missing
    ],
)
def test_quiet_hours_are_those_of_the_wall_clock_in_their_zone(
    hours: tuple[str, str], at: str, zone: ZoneInfo, minutes: float
):
    quiet = Quiet.model_validate({"from": hours[0], "until": hours[1]})
    now = datetime.fromisoformat(at).replace(tzinfo=zone).astimezone(UTC)

    assert quiet_for([quiet], "app", now, zone) == minutes * 60


NIGHT = '[[quiet]]\nfrom = 21:00:00\nuntil = 08:00:00\nchannels = ["app"]\n'


def test_in_quiet_hours_a_message_waits_until_their_end_and_is_sent_then(
    receiver: Receiver, clock: Clock, entry: Entry
):
    adapter = people(receiver, PLAIN + NIGHT, clock=clock)
    clock.forward(hours=13)  # ten in the evening

    with pytest.raises(Undelivered, match="quiet hours") as night:
        adapter.deliver(entry)
    sent_at_night = len(receiver.taken)
    clock.forward(seconds=night.value.retry_after or 0)
    adapter.deliver(entry)

    assert night.value.retry_after == 10 * 3600
    assert (sent_at_night, len(receiver.taken)) == (0, 1)


def test_urgent_messages_and_other_channels_know_no_quiet_hours(receiver: Receiver, clock: Clock, entry: Entry):
    clock.forward(hours=13)
    urgent = PLAIN.replace('template = "hint"', 'template = "hint"\nurgent = true') + NIGHT
    other = {"other": f"json://127.0.0.1:{receiver.port}/other"}

    people(receiver, urgent, clock=clock).deliver(entry)
    people(receiver, PLAIN + NIGHT.replace('"app"', '"other"'), clock=clock, channels=other).deliver(entry)

    assert len(receiver.taken) == 2


def test_whoever_is_over_the_limit_waits_until_the_oldest_message_is_old_enough(
    receiver: Receiver, clock: Clock, entry: Entry, refusal: Entry, shop: Shop
):
    adapter = people(receiver, "limit = { messages = 2, seconds = 600 }\n" + PLAIN, clock=clock)
    adapter.deliver(entry)
    clock.forward(seconds=60)
    adapter.deliver(refusal)

    with pytest.raises(Undelivered, match="rate limit") as caught:
        adapter.deliver(shop.entries("RO-1")[0])
    clock.forward(seconds=540)
    adapter.deliver(shop.entries("RO-1")[0])

    assert caught.value.retry_after == 540
    assert len(receiver.taken) == 3


def test_what_waits_tells_the_soonest_end_of_all_waits(receiver: Receiver, clock: Clock, entry: Entry):
    two = PLAIN + ADVISORS.replace('app = "one"', 'other = "two"').replace("sa-1", "sa-2")
    rules = two.replace('channels = ["app"]', 'channels = ["app", "other"]')
    hours = NIGHT + NIGHT.replace('"app"', '"other"').replace("08:00", "07:00")
    clock.forward(hours=13)
    channels = {"other": f"json://127.0.0.1:{receiver.port}/{{address}}"}

    with pytest.raises(Undelivered) as caught:
        people(receiver, rules + hours, clock=clock, channels=channels).deliver(entry)

    assert caught.value.retry_after == 9 * 3600


def test_memory_of_limits_and_of_messages_is_bounded():
    rate, told = Rate(Limit(messages=1, seconds=60)), Told()
    for number in range(MOST_KEPT + 1):
        rate.count(number, START)
        told.add(number)

    assert (rate.wait(0, START), rate.wait(1, START)) == (0.0, 60.0)
    assert (0 in told, 1 in told) == (False, True)
    assert rate.wait(1, START + timedelta(seconds=60)) == 0.0


# --- what goes wrong -------------------------------------------------------------------------------------------------


def three() -> str:
    listed = [ADVISORS.replace("sa-1", f"sa-{n}").replace('"one"', f'"{n}"') for n in range(3)]
    return ALWAYS + HINT + "".join(listed)


def test_who_was_told_is_not_told_again_when_another_one_s_channel_failed(receiver: Receiver, entry: Entry):
    receiver.script.extend([answers(), answers(500), answers()])
    adapter = people(receiver, three())

    with pytest.raises(Undelivered, match="app: refused or out of reach") as caught:
        adapter.deliver(entry)
    first = [path for path, _, _ in told(receiver)]
    adapter.deliver(entry)
    adapter.deliver(entry)

    assert first == ["/0", "/1", "/2"]
    assert [path for path, _, _ in told(receiver)[3:]] == ["/1"]
    assert caught.value.retry_after is None


def test_a_receiver_that_talks_drop_by_drop_does_not_hold_a_delivery_beyond_its_timeout(
    receiver: Receiver, entry: Entry
):
    receiver.script.append(says(b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 100, pause=0.1))
    began = time.monotonic()

    with pytest.raises(Undelivered, match="app: timeout"):
        people(receiver, three(), timeout=0.5).deliver(entry)

    assert time.monotonic() - began < 5
    assert len(receiver.taken) == 1


def test_an_address_that_a_channel_cannot_have_is_told_without_it(receiver: Receiver, mailbox: Mailbox, entry: Entry):
    mail = {"mail": f"mailto://127.0.0.1:{mailbox.port}/?from=shop@example.com&to={{address}}&mode=insecure"}
    rules = ALWAYS.replace('"app"', '"mail"') + HINT + ADVISORS.replace('app = "one"', 'mail = "nobody here"')

    with pytest.raises(Undelivered, match="mail: ") as caught:
        people(receiver, rules, channels=mail).deliver(entry)

    assert "nobody" not in str(caught.value)
    assert mailbox.taken == []


def test_an_address_of_which_no_url_can_be_made_is_told_without_it(receiver: Receiver, entry: Entry):
    with pytest.raises(Undelivered) as caught:
        people(receiver, PLAIN.replace('"one"', '""'), channels={"app": "json://{address}"}).deliver(entry)

    assert caught.value.reason == "app: address"


def test_while_it_sends_no_log_line_shows_what_or_where_to(
    receiver: Receiver, entry: Entry, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    receiver.script.append(answers(500))
    channels = {"app": f"json://127.0.0.1:{receiver.port}/{SECRET}/{{address}}"}
    adapter = people(receiver, REVEAL, reveal=giving(PLATE), channels=channels)

    with pytest.raises(Undelivered) as caught:
        adapter.deliver(entry)
    adapter.deliver(entry)

    assert len(receiver.taken) == 2
    assert [record.name for record in caplog.records if record.name.startswith(("apprise", "urllib3"))] == []
    for secret in (PLATE, SECRET, "/one"):
        assert secret not in f"{caplog.text}{caught.value}{adapter!r}"


def test_others_that_use_apprise_keep_their_log_lines(receiver: Receiver, entry: Entry, caplog: Any):
    caplog.set_level(logging.DEBUG)
    people(receiver, PLAIN).deliver(entry)

    logging.getLogger("apprise").warning("of the host")

    assert "of the host" in caplog.text


# --- channels --------------------------------------------------------------------------------------------------------


def test_a_mail_arrives_with_its_subject_and_text_in_chinese(receiver: Receiver, mailbox: Mailbox, entry: Entry):
    mail = {"mail": f"mailto://127.0.0.1:{mailbox.port}/?from=shop@example.com&to={{address}}&mode=insecure"}
    template = HINT.replace('title = { zh = "{case}"', 'title = { zh = "{case} 车辆进门"').replace(
        "{answer}", "{state}"
    )
    rules = ALWAYS.replace('"app"', '"mail"') + template + ADVISORS.replace('app = "one"', 'mail = "sa@example.com"')

    people(receiver, rules, channels=mail).deliver(entry)

    ((recipients, message),) = mailbox.taken
    assert recipients == ["sa@example.com"]
    assert message["subject"] == "RO-1 车辆进门"
    assert "已到店" in message.as_string() or any(
        "已到店" in part.get_content() for part in message.walk() if part.get_content_maintype() == "text"
    )


PLUGIN = """
import os
from apprise.decorators import notify

@notify(on="dealersms")
def dealersms(body, title, notify_type, *args, meta=None, **kwargs):
    with open(os.environ["SMS_FILE"], "a", encoding="utf-8") as file:
        file.write(f"{meta['host']}|{title}|{body}\\n")
    return meta["host"] != "13900139000"
"""


def test_a_provider_of_the_host_s_is_a_file_with_notify(
    receiver: Receiver, entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    sent, plugin = tmp_path / "sent.txt", tmp_path / "sms.py"
    plugin.write_text(PLUGIN, "utf-8")
    monkeypatch.setenv("SMS_FILE", str(sent))
    sms = {"sms": "dealersms://{address}"}
    one = ALWAYS.replace('"app"', '"sms"') + HINT + ADVISORS.replace('app = "one"', 'sms = "13800138000"')
    adapter = people(receiver, one, channels=sms, plugins=[plugin])

    adapter.deliver(entry)
    with pytest.raises(Undelivered, match="sms: refused"):
        people(receiver, one.replace("138", "139"), channels=sms, plugins=[plugin]).deliver(entry)

    assert sent.read_text("utf-8").splitlines() == ["13800138000|RO-1|接受", "13900139000|RO-1|接受"]


class Recording:
    """An SMS port that keeps what it is to send."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[tuple[str, str]] = []
        self.error = error

    def send(self, number: str, text: str) -> None:
        if self.error is not None:
            raise self.error
        self.sent.append((number, text))


BY_SMS = ALWAYS.replace('"app"', '"sms"') + HINT + ADVISORS.replace('app = "one"', 'sms = "13800138000"')


def test_sms_goes_through_the_port_of_the_host(receiver: Receiver, entry: Entry):
    sms = Recording()

    people(receiver, BY_SMS, channels={"sms": "sms://"}, sms=sms).deliver(entry)

    assert sms.sent == [("13800138000", "RO-1\n接受")]


@pytest.mark.parametrize(
    ("error", "reason"), [(Undelivered("no credit"), "no credit"), (ValueError("138 is wrong"), "sms: ValueError")]
)
def test_of_what_a_port_raises_no_more_is_told_than_it_may(
    receiver: Receiver, entry: Entry, error: Exception, reason: str
):
    with pytest.raises(Undelivered) as caught:
        people(receiver, BY_SMS, channels={"sms": "sms://"}, sms=Recording(error)).deliver(entry)

    assert caught.value.reason == reason


KINDS = [EntryPoint("people", "adapters.outbound.people:People", GROUP)]

# --- settings --------------------------------------------------------------------------------------------------------


def test_one_line_of_settings_is_enough(receiver: Receiver, entry: Entry, tmp_path: Path):
    (tmp_path / "people.toml").write_text(PLAIN, "utf-8")
    settings = tmp_path / "gongdan.toml"
    settings.write_text(
        '[adapters]\ntell = { kind = "people", rules = "file:people.toml", channels = { app = "env:APP" } }\n', "utf-8"
    )

    (adapter,) = load_adapters(settings, {"APP": f"json://127.0.0.1:{receiver.port}/{{address}}"}, KINDS)
    adapter.deliver(entry)

    assert adapter.name == "tell"
    assert len(receiver.taken) == 1


def test_rules_are_a_path_their_text_or_an_object(receiver: Receiver, tmp_path: Path):
    file = tmp_path / "people.toml"
    file.write_text(PLAIN, "utf-8")

    made = [people(receiver, rules) for rules in (str(file), file, PLAIN, Rulebook.load(PLAIN))]

    assert len({one._book.model_dump_json() for one in made}) == 1


QUIET = "[[quiet]]\nfrom = 21:00:00\nuntil = {until}\nchannels = {channels}\n"


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        ("no-such-file.toml", "rules"),
        ("a = \n", "rules"),
        (HINT, "rules.rules"),
        ("mood = 1\n" + PLAIN, "rules.mood"),
        (PLAIN.replace('template = "hint"', 'template = "hint"\ncolour = "red"'), "rules.rules.0.colour"),
        (PLAIN.replace('answers = ["accepted", "refused"]', 'answers = ["maybe"]'), "rules.rules.0.answers.0"),
        (PLAIN.replace('answers = ["accepted", "refused"]', ""), "rules.rules.0.events"),
        (PLAIN.replace('answers = ["accepted", "refused"]', 'events = ["kit_fited"]'), "rules.rules.0.events"),
        (PLAIN.replace('answers = ["accepted", "refused"]', 'clauses = ["no.such"]'), "rules.rules.0.clauses"),
        (PLAIN.replace('channels = ["app"]', 'channels = ["fax"]'), "rules.rules.0.channels"),
        (PLAIN.replace('template = "hint"', 'template = "hnit"'), "rules.rules.0.template"),
        (PLAIN.replace('roles = ["service_advisor"]', "roles = []", 1), "rules.rules.0.roles"),
        ('zone = "Asia/Peking2"\n' + PLAIN, "rules.zone"),
        ('zone = "/etc/passwd"\n' + PLAIN, "rules.zone"),
        ("limit = { messages = 0 }\n" + PLAIN, "rules.limit.messages"),
        (PLAIN + QUIET.format(until="08:00:00", channels='["fax"]'), "rules.quiet.0.channels"),
        (PLAIN + QUIET.format(until="21:00:00", channels="[]"), "rules.quiet.0.until"),
        (REVEAL.replace('events = ["vehicle_checked_in"]', 'events = ["kit_fitted"]'), "rules.rules.0.events"),
        (REVEAL.replace('events = ["vehicle_checked_in"]', 'answers = ["accepted"]'), "rules.rules.0.events"),
        *(
            (PLAIN.replace('zh = "{answer}"', f'zh = "{place}"'), "rules.templates.hint.body")
            for place in (
                "{}",
                "{0}",
                "{nosuch}",
                "{case.__class__}",
                "{case[0]}",
                "{case!r}",
                "{case:>9999999}",
                "{reveal}",
                "{reveal:}",
                "{reveal!s:vin}",
                "{",
                "{case",
            )
        ),
        (PLAIN.replace('title = { zh = "{case}"', 'title = { zh = "{x}"'), "rules.templates.hint.title"),
        (REVEAL.replace("{reveal:vin}", "{reveal:{case}}"), "rules.rules.0.events"),
        ("r" * 300_000 + "\n= 1", "rules"),
    ],
)
def test_a_mistake_in_the_rules_is_told_at_the_start_with_its_place(receiver: Receiver, rules: str, where: str):
    with pytest.raises(BadSettings) as caught:
        people(receiver, rules)

    assert caught.value.facts["where"] == where


def test_a_file_of_rules_that_is_no_text_or_too_long_is_told(receiver: Receiver, tmp_path: Path):
    binary, long = tmp_path / "binary.toml", tmp_path / "long.toml"
    binary.write_bytes(b"\xff\xfe\xfa")
    long.write_text("# " + "x" * 300_000, "utf-8")

    for file in (binary, long, tmp_path):
        with pytest.raises(BadSettings) as caught:
            people(receiver, file)
        assert caught.value.facts["where"] == "rules"


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"channels": {"fax": f"nosuch://{SECRET}"}}, "channels.fax"),
        ({"channels": {"fax": SECRET}}, "channels.fax"),
        ({"channels": {"sms": "sms://"}}, "channels.sms"),
        ({"channels": {"sms": f"sms://{SECRET}"}}, "channels.sms"),
        ({"plugins": [Path("nowhere.py")]}, "plugins.0"),
    ],
)
def test_a_bad_channel_is_told_at_the_start_without_its_value(
    receiver: Receiver, settings: dict[str, Any], where: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)

    with pytest.raises(BadSettings) as caught:
        people(receiver, PLAIN, **settings)

    assert caught.value.facts["where"] == where
    assert SECRET not in f"{caught.value}{caplog.text}"


def test_a_setting_that_there_is_not_and_a_timeout_that_is_none_are_refused(receiver: Receiver):
    with pytest.raises(ValidationError):
        people(receiver, PLAIN, colour="red")
    with pytest.raises(ValidationError):
        people(receiver, PLAIN, timeout=0)


def test_chinese_services_are_channels_as_they_are(receiver: Receiver):
    urls = {
        "wecom": "wecombot://abcd1234-abcd-1234-abcd-1234567890ab",
        "dingtalk": "dingtalk://SECabc@token1234567890/{address}",
        "feishu": "feishu://token1234",
    }

    assert people(receiver, PLAIN, channels=urls)._channels.names == {"app", *urls}


# --- the contract of every adapter -----------------------------------------------------------------------------------

CONTRACT = ALWAYS + HINT.replace("{answer}", "{case}#{seq}") + ADVISORS


class TestContract(AdapterContract):
    """For one that tells people: no sealed bytes travel, and no receiver rejects one entry for good."""

    carries_data = False
    carries_type = False

    def id_of(self, entry: Entry) -> str:
        return f"{entry.case}#{entry.seq}"

    @pytest.fixture
    def adapter(self, receiver: Receiver) -> People:
        return people(receiver, CONTRACT)

    @pytest.fixture
    def received(self, receiver: Receiver) -> Callable[[], list[Arrived]]:
        return lambda: [Arrived(body, f"{path} {title} {body}".encode()) for path, title, body in told(receiver)]

    @pytest.fixture
    def down(self, receiver: Receiver) -> Any:
        return receiver.down
