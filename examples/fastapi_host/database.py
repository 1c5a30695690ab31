"""The host's own tables, and what a process opens once: its databases, and gongdan on the same one."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

from adapters.bootstrap import bootstrap


class Base(DeclarativeBase):
    """The host's own tables."""


class Visit(Base):
    """A vehicle at the dealer's."""

    __tablename__ = "visit"
    order_no: Mapped[str] = mapped_column(primary_key=True)
    plate: Mapped[str] = mapped_column(unique=True)  # a vehicle is here once


class Notice(Base):
    """What the manager's board shows: an attempt that the SOP refused, by its command id."""

    __tablename__ = "notice"
    command_id: Mapped[str] = mapped_column(primary_key=True)
    order_no: Mapped[str]
    clauses: Mapped[str]


@asynccontextmanager
async def opened(app: FastAPI) -> AsyncIterator[None]:
    """The life of a process. It begins after the server has forked: processes share no connection."""
    url = os.environ.get("DMS_URL", "sqlite:///dms.db")
    database = create_engine(url)
    waiting = create_async_engine(url.replace("sqlite:", "sqlite+aiosqlite:"))
    gongdan = bootstrap(url, upgrade=True)
    Base.metadata.create_all(database)
    app.state.shop = gongdan.shop("S1", profile="dpca")
    app.state.sessions = sessionmaker(database)
    app.state.async_sessions = async_sessionmaker(waiting)
    yield
    gongdan.store.close()
    database.dispose()
    await waiting.dispose()
