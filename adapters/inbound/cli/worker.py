"""`gongdan worker`: carry entries out, sign checkpoints and erase what is due until told to stop."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from adapters.bootstrap import DEFAULT_URL
from adapters.inbound.cli import options as given
from adapters.inbound.cli.checkpoint import checkpointing
from adapters.inbound.cli.screen import console, joined, plain, show, show_json
from adapters.inbound.cli.stores import existing
from adapters.retention import stated_retention
from adapters.settings import load_adapters
from adapters.sweeping import Sweeping
from adapters.worker import POLL_SECONDS, work
from engine import Adapter, Delivered, Engine

_TELLING = (signal.SIGTERM, signal.SIGINT)


def worker(
    settings: given.Settings = None,
    once: Annotated[bool, typer.Option("--once", help="送完即止 / Deliver what is due, and end.")] = False,
    poll: Annotated[
        float,
        typer.Option(min=0.01, metavar="SECONDS", help="无事可送时隔多久再看 / How long to wait when nothing is due."),
    ] = POLL_SECONDS,
    key: given.SigningKey = None,
    publish: given.Published = None,
    policy: given.Asked = None,
    db: given.Db = DEFAULT_URL,
    schema: given.Schema = None,
    as_json: given.Json = False,
) -> None:
    """送出条目、签检查点、抹除到期者，收到 SIGTERM 即止 / Carry out, sign checkpoints and erase, until SIGTERM."""
    if settings is None and key is None:
        message = (
            "须给出适配器设置文件或签名密钥 / a settings file or a signing key is needed: "
            "--settings FILE or GONGDAN_SETTINGS, --key FILE or GONGDAN_KEY"
        )
        raise typer.BadParameter(message)
    with told_to_stop() as stop, existing(db, schema) as engine, ExitStack() as stack:
        loaded = load_adapters(settings, os.environ) if settings else []
        adapters = [stack.enter_context(closing(one)) for one in loaded]
        sweeping = _sweeping(engine, settings)
        if settings:
            _check(engine, adapters, sweeping)
        making = [checkpointing(engine, [key], publish, policy)] if key else []
        if once:
            done = engine.deliver(adapters, stop=stop.is_set)
            for one in making:
                one.make()
            for each in sweeping:
                each.sweep()
        else:
            done = work(
                engine, adapters, stop, poll, also=[*(one.run for one in making), *(one.run for one in sweeping)]
            )
    _tell(done, as_json=as_json)


def _sweeping(engine: Engine, settings: Path | None) -> list[Sweeping]:
    """One by the terms of the settings file, if it states any: nothing is erased for good by terms that nobody set."""
    terms = stated_retention(settings)
    if terms is None:
        return []
    engine.retention = terms
    return [Sweeping(engine)]


def _check(engine: Engine, adapters: Sequence[Adapter], sweeping: Sequence[Sweeping]) -> None:
    """Say what would otherwise be a silence: nothing to do, or nothing for somebody."""
    if not (adapters or sweeping):
        message = "设置文件中没有适配器 / the settings file names no adapter"
        raise typer.BadParameter(message)
    known = {one.adapter for one in engine.outbox.subscriptions()}
    for name in (one.name for one in adapters if one.name not in known):
        said = f"适配器 {name} 没有订阅：gongdan outbox subscribe / adapter {name} has no subscription"
        console(stderr=True).print(plain(said), style="yellow", soft_wrap=True)


@contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set; a second one, of either kind, ends the process at once."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: object) -> None:
        stop.set()
        for told in _TELLING:
            signal.signal(told, signal.SIG_DFL)

    before = {told: signal.signal(told, on_signal) for told in _TELLING}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(done: Delivered, *, as_json: bool) -> None:
    if as_json:
        show_json({"delivered": done.delivered, "failed": done.failed, "dead": done.dead})
    else:
        parts = (("送达", "delivered", done.delivered), ("失败", "failed", done.failed), ("死信", "dead", done.dead))
        show(
            joined(*((f"{zh} {en} {number}  ", "bold green" if en == "delivered" else "") for zh, en, number in parts))
        )
