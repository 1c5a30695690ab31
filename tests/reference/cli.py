"""The command line, from its command tree."""

from __future__ import annotations

import re
from collections.abc import Iterator

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from adapters.inbound.cli import app
from tests.reference.markdown import blocks, code, fenced, table

ROOT = typer.main.get_command(app)
PROGRAM = "gongdan"

Parameter = TyperArgument | TyperOption


def commands(command: TyperCommand | TyperGroup = ROOT, path: str = PROGRAM) -> Iterator[tuple[str, TyperCommand]]:
    """Every command that does something, by what one types."""
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from commands(inner, f"{path} {name}")
    else:
        yield path, command


def described() -> str:
    """Every command: its help, how it is typed, its arguments and options."""
    return blocks(*(_command(path, command) for path, command in commands()))


def _command(path: str, command: TyperCommand) -> str:
    zh, en = both(command.help)
    rows = [(_typed(one), _given(one), *both(one.help)) for one in command.params]
    return blocks(
        f"## `{path}`",
        f"{zh}。\n{en}",
        fenced("text", _usage(path, command)),
        table(("argument or option", "default", "zh", "en"), rows) if rows else "",
    )


def _usage(path: str, command: TyperCommand) -> str:
    words = [
        str(one.metavar) if isinstance(one, TyperArgument) else f"{one.opts[0]} {one.metavar}"
        for one in command.params
        if one.required
    ]
    return " ".join([path, *words, "[OPTIONS]"]) + "\n"


def _typed(one: Parameter) -> str:
    if isinstance(one, TyperArgument):
        return code(one.metavar)
    names = [*one.opts, *one.secondary_opts]
    return code(*(names if one.is_flag else [f"{name} {one.metavar}" for name in names]))


def _given(one: Parameter) -> str:
    if one.required:
        return "required"
    variable = [f"${one.envvar}"] if one.envvar else []
    return code(*variable, *([] if one.default in {None, False} else [one.default]))


def both(help_: str | None) -> tuple[str, str]:
    """A help text in its two languages."""
    zh, _, en = (help_ or "").partition(" / ")
    return zh, en


def environment() -> str:
    """Every environment variable, with the options that it stands in for."""
    found: dict[str, tuple[TyperOption, list[str]]] = {}
    for path, command in commands():
        for one in command.params:
            if one.envvar:
                found.setdefault(str(one.envvar), (one, []))[1].append(path.removeprefix(f"{PROGRAM} "))
    rows = [
        (code(name), code(one.opts[0]), code(one.default), *both(one.help), code(*paths))
        for name, (one, paths) in found.items()
    ]
    return table(("variable", "stands in for", "default", "zh", "en", "read by"), rows)


def exit_codes() -> str:
    """The exit codes, from the last line of the help."""
    known = re.findall(r"(\d+) (\S+) ([^·]+)", str(ROOT.epilog))
    return table(("code", "zh", "en"), [(code(number), zh, en) for number, zh, en in known])


PARTS = {"cli.commands": described, "cli.environment": environment, "cli.exit-codes": exit_codes}
