"""The one way in and out: whatever happens inside ends in an exit code and, at most, one line. Never a traceback."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from traceback import walk_tb
from typing import Any, NoReturn

import structlog
import typer
from typer.core import TyperGroup

from adapters.inbound.cli.screen import console, plain, show_json, words
from engine import GongdanError, LedgerRefused, Text

DONE, ERROR, USAGE, REFUSED = 0, 1, 2, 3

_USAGE = Text(zh="用法有误，请看 {help}", en="Usage: {message} (see {help})")
_NOT_UTF8 = "参数应为 UTF-8 文本 / arguments should be UTF-8 text."
_FILE = Text(zh="文件不可用（{file}）：{reason}。", en="The file is not available ({file}): {reason}.")
_REASONS = {
    "ENOENT": Text(zh="不存在", en="it does not exist"),
    "EEXIST": Text(zh="已存在，不会覆盖", en="it exists already, and nothing is written over"),
    "EACCES": Text(zh="没有权限", en="no permission"),
    "EISDIR": Text(zh="不是普通文件", en="it is no regular file"),
    "ENOTDIR": Text(zh="路径中有非文件夹", en="its path leads through something that is no folder"),
    "EROFS": Text(zh="只读", en="read-only"),
    "ENOSPC": Text(zh="磁盘已满", en="the disk is full"),
}
_INTERNAL = Text(zh="内部错误，请报告：{kind}（{where}）。", en="Internal error, please report it: {kind} at {where}.")


class Door(TyperGroup):
    """The root of the command tree, through which every run goes."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run the command and exit with its code."""
        del standalone_mode  # it exits in any case
        arguments = sys.argv[1:] if args is None else [*args]
        run = super().main

        def enter() -> object:
            return run(arguments, prog_name, complete_var, False, windows_expand_args, **extra)

        sys.exit(_guarded(enter, arguments))


def _guarded(enter: Callable[[], object], arguments: Sequence[str]) -> int:
    try:
        if not all(_is_utf8(argument) for argument in arguments):
            raise typer.BadParameter(_NOT_UTF8)
        with _quiet_logs():
            code = enter()
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001  a person at a terminal is told what broke and where, in one line
        if isinstance(error, OSError) and error.filename is None:
            return _output_lost(error)
        return _complain(error, as_json="--json" in arguments)
    return code if isinstance(code, int) else DONE


def _output_lost(error: OSError) -> int:
    """Standard output takes no more: its reader has gone, its disk is full."""
    if error.errno != errno.EPIPE:
        error.filename = "stdout"
        _complain(error, as_json=False)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter's last flush complains again
    return ERROR


def _is_utf8(argument: str) -> bool:
    """Bytes that were no UTF-8 reach a program as surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in argument)


def _complain(error: Exception, *, as_json: bool) -> int:
    kind, text, code = _told(error)
    if as_json:
        show_json({"error": {"type": kind, **words(text)}})
    elif text.en:
        console(stderr=True).print(plain(text), style="red", soft_wrap=True)
    return code


def _told(error: Exception) -> tuple[str, Text, int]:
    """What kind of error it is, how to say it, and the exit code."""
    match error:
        case typer.TyperException():
            return "Usage", _usage(error), error.exit_code
        case LedgerRefused():
            return "LedgerRefused", error.text, REFUSED
        case GongdanError():
            return type(error).__name__, error.text, ERROR
        case OSError():
            return "FileUnavailable", _file(error), ERROR
        case _:
            return "InternalError", _internal(error), ERROR


def _usage(error: typer.TyperException) -> Text:
    message, context = error.format_message(), getattr(error, "ctx", None)
    if not message:  # the help was printed instead
        return Text("", "")
    return _USAGE.render({"message": message, "help": f"{context.command_path if context else 'gongdan'} --help"})


def _file(error: OSError) -> Text:
    reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
    return _FILE.render({"file": error.filename, "reason": reason}, _REASONS)


def _internal(error: Exception) -> Text:
    *_, (frame, line) = walk_tb(error.__traceback__)
    return _INTERNAL.render({"kind": type(error).__name__, "where": f"{frame.f_globals['__name__']}:{line}"})


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Log lines from WARNING up, on stderr, while a command runs."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        yield
    finally:
        structlog.reset_defaults()
