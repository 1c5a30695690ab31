"""Mutation check of the guards: break each in turn, and see that a test fails. `make mutants`, never part of the tests.

A mutant is always met, always unmet, has a figure that is off by one unit, or a comparison that is turned round or
moved by its boundary. It meets the scenario files that expect the clause and the tests that name it, then all others.
Whatever survives is printed: exit code 1.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import multiprocessing
import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
import structlog

from adapters.inbound.scenario import Scenario, play, stage
from adapters.inbound.scenario_file import load
from engine import Clause, Figure, GongdanError, Verdict, met, standard_catalogue
from engine.guards import flow, repair_order

ROOT = Path(__file__).parent.parent
MODULES: tuple[ModuleType, ...] = (flow, *repair_order.STAGES)
_TURNED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.GtE, ast.LtE),
    ast.LtE: (ast.Gt, ast.Lt),
    ast.Gt: (ast.LtE, ast.GtE),
    ast.GtE: (ast.Lt, ast.Gt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_STEP = {int: 1, Decimal: Decimal("0.01")}


@dataclass(frozen=True)
class Mutant:
    """One way to break one function; `clause` is empty for a question that several clauses share."""

    name: str
    clause: str
    break_it: Callable[[], None]


# --- ways to break -----------------------------------------------------------------------------------------------


@cache
def mutants() -> tuple[Mutant, ...]:
    """Every mutant of every guard, and of the questions that guards share."""
    clauses = [value for module in MODULES for value in vars(module).values() if isinstance(value, Clause)]
    return (
        *(mutant for clause in clauses for mutant in _of_clause(clause)),
        *(mutant for function in _shared() for mutant in _of_function(function)),
    )


def _of_clause(clause: Clause) -> Iterator[Mutant]:
    yield Mutant(f"{clause.id}: always met", clause.id, lambda: _judge(clause, lambda *_, **__: met(True)))
    yield Mutant(f"{clause.id}: never met", clause.id, lambda: _judge(clause, lambda *_, **__: Verdict(met=False)))
    for name, figure in clause.figures.items():
        for said, shifted in _shifts(figure):
            yield Mutant(f"{clause.id}: {name} {said}", clause.id, _with_figure(clause, name, shifted))
    for said, code in _turned(clause.judge):
        yield Mutant(f"{clause.id}: {said}", clause.id, _with_code(clause.judge, code))


def _of_function(function: FunctionType) -> Iterator[Mutant]:
    for said, code in _turned(function):
        yield Mutant(f"{function.__module__}.{function.__name__}: {said}", "", _with_code(function, code))


def _shared() -> Iterator[FunctionType]:
    """The functions of the guards' modules that are no clauses themselves."""
    folder = str(Path(repair_order.__file__ or "").parent)
    modules = {
        *MODULES,
        *(module for module in sys.modules.values() if (getattr(module, "__file__", "") or "").startswith(folder)),
    }
    for module in sorted(modules, key=lambda one: one.__name__):
        for value in vars(module).values():
            if isinstance(value, FunctionType) and value.__module__ == module.__name__:
                yield value


def _judge(clause: Clause, judge: Callable[..., Verdict]) -> None:
    object.__setattr__(clause, "judge", judge)


def _with_figure(clause: Clause, name: str, shifted: Callable[[Figure[Any]], Figure[Any]]) -> Callable[[], None]:
    judge = clause.judge

    def off_by_one(attempt: object, **figures: Figure[Any]) -> Verdict:
        return judge(attempt, **{**figures, name: shifted(figures.get(name, clause.figures[name]))})

    return lambda: _judge(clause, off_by_one)


def _shifts(figure: Figure[Any]) -> Iterator[tuple[str, Callable[[Figure[Any]], Figure[Any]]]]:
    if isinstance(figure.value, tuple):
        for item in figure.value:
            yield f"without {item}", lambda now, item=item: _valued(now, tuple(x for x in now.value if x != item))
        return
    step = _STEP[type(figure.value)]
    yield f"+ {step}", lambda now: _valued(now, now.value + step)
    yield f"- {step}", lambda now: _valued(now, now.value - step)


def _valued(figure: Figure[Any], value: object) -> Figure[Any]:
    return Figure(value, figure.unit, figure.tighter, figure.house)


def _with_code(function: Callable[..., object], code: Any) -> Callable[[], None]:
    def break_it() -> None:
        function.__code__ = code  # type: ignore[attr-defined]

    return break_it


def _turned(function: Callable[..., object]) -> Iterator[tuple[str, Any]]:
    """Each comparison of a function turned round or moved by its boundary: where, and the code."""
    source = textwrap.dedent(inspect.getsource(function))
    places = [
        (place, operator, other)
        for place, node in enumerate(ast.walk(ast.parse(source)))
        if isinstance(node, ast.Compare)
        for operator in range(len(node.ops))
        for other in _TURNED[type(node.ops[operator])]
    ]
    for place, operator, other in places:
        tree = ast.parse(source)
        (definition,) = tree.body
        assert isinstance(definition, ast.FunctionDef)
        node = list(ast.walk(tree))[place]
        assert isinstance(node, ast.Compare)
        node.ops[operator] = other()
        said = f"line {node.lineno}: {ast.unparse(node)}"
        definition.decorator_list = []
        made: dict[str, Any] = {}
        exec(compile(ast.fix_missing_locations(tree), "<mutant>", "exec"), {**function.__globals__}, made)  # type: ignore[attr-defined]
        code = made[definition.name].__code__
        if code.co_freevars == function.__code__.co_freevars:  # type: ignore[attr-defined]
            yield said, code


# --- what kills --------------------------------------------------------------------------------------------------


@cache
def scenarios() -> dict[str, Scenario]:
    """Every scenario file; the whole happy path comes first, it kills most."""
    files = sorted(ROOT.glob("scenarios/*.toml"), key=lambda file: (not file.stem.startswith("J-"), file.stem))
    return {file.stem: load(file) for file in files}


def killer(number: int) -> str | None:
    """What fails with this mutant, or None: what speaks of its clause is tried first, then all the rest.

    Runs in a process of its own, which it leaves broken.
    """
    mutant = mutants()[number]
    mutant.break_it()
    near, far = _scenarios(mutant)
    return (
        _failing_scenario(near)
        or _failing_test(_tests(mutant.clause))
        or _failing_scenario(far)
        or _failing_test(set(ROOT.glob("tests/test_clauses*.py")) - _tests(mutant.clause))
    )


def _scenarios(mutant: Mutant) -> tuple[list[str], list[str]]:
    """Names of the scenario files that expect the clause to speak, with the happy path, and of the others."""
    speaks = {
        name
        for name, scenario in scenarios().items()
        if name.startswith("J-") or any(mutant.clause in step.then.refused | step.then.notes for step in scenario.steps)
    }
    return [name for name in scenarios() if name in speaks], [name for name in scenarios() if name not in speaks]


def _tests(clause: str) -> set[Path]:
    """The test files that name the clause."""
    return {file for file in ROOT.glob("tests/test_*.py") if clause and clause in file.read_text("utf-8")}


def _failing_scenario(names: Sequence[str]) -> str | None:
    return next((name for name in names if not _holds(scenarios()[name])), None)


def _holds(scenario: Scenario) -> bool:
    engine = stage()
    try:
        return play(scenario, engine).ok
    except (GongdanError, LookupError, TypeError, AttributeError, ValueError):
        return False  # a guard that raises is as dead as one that answers wrongly
    finally:
        engine.store.close()


def _failing_test(files: set[Path]) -> str | None:
    if not files:
        return None
    out, err = os.dup(1), os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1), os.dup2(null, 2)
    try:
        code = pytest.main(["-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", *map(str, sorted(files))])
    finally:
        os.dup2(out, 1), os.dup2(err, 2)
    return "tests" if code == pytest.ExitCode.TESTS_FAILED else None


def main(asked: Sequence[str] | None = None) -> int:
    """Try every mutant, or those whose name contains one of the words; print what survives."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="only mutants whose name contains one of these")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes side by side")
    given = parser.parse_args(asked)
    structlog.configure(processors=[_drop])
    standard_catalogue(), scenarios()
    chosen = [n for n, one in enumerate(mutants()) if not given.words or any(word in one.name for word in given.words)]
    survivors = sorted(mutants()[number].name for number in _tried(chosen, given.jobs))
    print(f"{len(chosen)} mutants, {len(chosen) - len(survivors)} killed, {len(survivors)} survived")
    print(*survivors, sep="\n")
    return 1 if survivors else 0


def _tried(chosen: Sequence[int], jobs: int) -> Iterator[int]:
    """The numbers of those that nothing kills; each is tried in a fork that ends with it."""
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        for done, (number, killed) in enumerate(pool.imap_unordered(_try, chosen), 1):
            print(f"\r{done}/{len(chosen)}", end="", file=sys.stderr, flush=True)
            if not killed:
                print(f"\rsurvived: {mutants()[number].name}", file=sys.stderr, flush=True)
                yield number


def _try(number: int) -> tuple[int, bool]:
    return number, killer(number) is not None


def _drop(*_: object) -> dict[str, object]:
    raise structlog.DropEvent


if __name__ == "__main__":
    sys.exit(main())
