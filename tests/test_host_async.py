"""Asynchronous hosts: inside `run_sync`, or from a thread. What is asynchronous itself is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiosqlite
import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)

from engine import Accepted, BadConnection, Refused, StaleVersion, Store, StoreUnavailable
from engine.events import repair_order as ro
from engine.store.schema import REVISIONS
from tests.hosts import Floor, floor_on, libpq
from tests.support import ADVISOR, KIT, PURPOSE

TICK = ro.WaitTick()


@pytest.fixture
def floor(database: str) -> Iterator[Floor]:
    with floor_on(database) as floor:
        yield floor


@asynccontextmanager
async def async_engine(url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(url.replace("sqlite:", "sqlite+aiosqlite:"))
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def _connection(engine: AsyncEngine) -> AsyncIterator[Any]:
    async with engine.connect() as connection:
        yield connection


@asynccontextmanager
async def _session(engine: AsyncEngine) -> AsyncIterator[Any]:
    async with AsyncSession(engine) as session:
        yield session


ASYNC = {"AsyncConnection": _connection, "AsyncSession": _session}


def names(floor: Floor) -> list[str]:
    """What was put to RO-1 since it arrived, accepted or not."""
    return [entry.command.name for entry in floor.shop.entries("RO-1")[2:]]


def work(floor: Floor) -> Callable[[Any], list[str]]:
    """What a host does inside `run_sync`: an answer, a refusal, a mistake, a question."""

    def inside(connection: Any) -> list[str]:
        refused = floor.shop.apply("RO-1", KIT, by=ADVISOR, connection=connection)
        with pytest.raises(StaleVersion):
            floor.shop.apply("RO-1", TICK, by=ADVISOR, expected=1, connection=connection)
        accepted = floor.shop.apply_all("RO-1", [PURPOSE, KIT], by=ADVISOR, connection=connection)
        state = floor.shop.case("RO-1", connection=connection).state
        return [type(refused).__name__, *(type(each).__name__ for each in accepted), state]

    return inside


@pytest.mark.parametrize("kind", ASYNC)
def test_inside_run_sync_everything_is_as_on_a_synchronous_connection(floor, kind):
    async def host() -> list[str]:
        async with async_engine(floor.url) as engine, ASYNC[kind](engine) as lender:
            await lender.execute(text("INSERT INTO visit VALUES (1)"))
            answers: list[str] = await lender.run_sync(work(floor))
            assert (names(floor), floor.visits()) == ([], 0), "nothing is committed by us"
            await lender.commit()
            return answers

    answers = asyncio.run(host())

    assert answers == ["Refused", "Accepted", "Accepted", "protected"]
    assert names(floor) == ["kit_fitted", "purpose_recorded", "kit_fitted"]
    assert (floor.visits(), floor.is_clean()) == (1, True)


@pytest.mark.parametrize("kind", ASYNC)
def test_a_rollback_of_an_asynchronous_host_takes_everything_with_it(floor, kind):
    async def host() -> None:
        async with async_engine(floor.url) as engine, ASYNC[kind](engine) as lender:
            await lender.execute(text("INSERT INTO visit VALUES (1)"))
            await lender.run_sync(work(floor))
            await lender.rollback()

    asyncio.run(host())

    assert (names(floor), floor.visits()) == ([], 0)
    assert isinstance(floor.shop.apply("RO-1", PURPOSE, by=ADVISOR), Accepted)
    assert floor.is_clean()


def test_a_savepoint_of_an_asynchronous_host_can_be_rolled_back_around_us(floor):
    async def host() -> None:
        async with async_engine(floor.url) as engine, AsyncSession(engine) as session:
            await session.execute(text("INSERT INTO visit VALUES (1)"))
            async with session.begin_nested() as nested:
                await session.run_sync(work(floor))
                await nested.rollback()
            refused = await session.run_sync(lambda lent: floor.shop.apply("RO-1", KIT, by=ADVISOR, connection=lent))
            await session.commit()
            assert isinstance(refused, Refused)

    asyncio.run(host())

    assert names(floor) == ["kit_fitted"]
    assert (floor.visits(), floor.is_clean()) == (1, True)


def test_a_thread_with_our_own_connection_serves_an_asynchronous_host(floor):
    async def host() -> list[object]:
        floor.shop.apply("RO-1", PURPOSE, by=ADVISOR)
        puts = (asyncio.to_thread(floor.shop.apply, "RO-1", TICK, by=ADVISOR, id=f"t{n}") for n in range(8))
        return await asyncio.gather(*puts)

    answers = asyncio.run(host())

    assert sorted(answer.seq for answer in answers) == [*range(4, 12)]
    assert floor.is_clean()


def test_the_tables_are_made_inside_run_sync(database):
    store = Store(database)

    async def host() -> None:
        async with async_engine(database) as engine, engine.begin() as connection:
            await connection.run_sync(store.upgrade)

    asyncio.run(host())

    assert store.check() == REVISIONS[-1]
    store.close()


# --- what is asynchronous itself ---------------------------------------------------------------------------------


def told(floor: Floor, lent: Any) -> dict[str, object]:
    """What a host hears that lends this outside `run_sync`."""
    with pytest.raises((BadConnection, StoreUnavailable)) as error:
        floor.shop.apply("RO-1", TICK, by=ADVISOR, connection=lent)
    assert "run_sync" in error.value.text.zh
    assert "run_sync" in error.value.text.en
    return error.value.facts


@pytest.mark.parametrize("kind", ASYNC)
def test_an_asynchronous_connection_is_refused_and_run_sync_named(floor, kind):
    async def host() -> dict[str, object]:
        async with async_engine(floor.url) as engine, ASYNC[kind](engine) as lender:
            return told(floor, lender)

    facts = asyncio.run(host())

    assert facts["expected"] == "sync"
    assert str(facts["actual"]).endswith(kind)
    assert names(floor) == []


def test_an_asynchronous_scoped_session_is_refused(floor):
    async def host() -> dict[str, object]:
        async with async_engine(floor.url) as engine:
            session = async_scoped_session(async_sessionmaker(engine), asyncio.current_task)
            facts = told(floor, session)
            await session.remove()
            return facts

    assert asyncio.run(host())["expected"] == "sync"


def test_an_asynchronous_drivers_own_connection_is_refused(floor):
    async def host() -> dict[str, object]:
        url = make_url(floor.url)
        if url.get_backend_name() == "sqlite":
            async with aiosqlite.connect(str(url.database)) as connection:
                return told(floor, connection)
        async with await psycopg.AsyncConnection.connect(libpq(floor.url)) as connection:
            return told(floor, connection)

    assert asyncio.run(host())["expected"] == "sync"


def test_an_address_of_an_asynchronous_driver_is_refused_when_the_store_is_made(database):
    url = make_url(database)
    driver = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg_async"}[url.get_backend_name()]

    with pytest.raises(StoreUnavailable) as error:
        Store(url.set(drivername=driver).render_as_string())

    assert error.value.facts["reason"] == "asynchronous"
    assert "同步" in error.value.text.zh
