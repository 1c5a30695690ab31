"""A DMS behind HTTP: a session for each request, in whose transaction gongdan writes.

A refusal is committed, then told as 409 with its clauses. A mistake is an exception: it rolls back, and is told as
another 4xx. Who acts stands in the header `Actor`, where a real host asks its own login. DMS_URL is the database,
sqlite:///dms.db when it is not set.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from typing import Annotated, Any

from database import Notice, Visit, opened
from fastapi import Body, Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

import engine
from engine import Actor, Answer, GongdanError, Personal, Refused, Shop
from engine.events import repair_order as ro

MISTAKES = {
    engine.CaseNotFound: 404,
    engine.CaseExists: 409,
    engine.StaleVersion: 412,
    engine.BadCommand: 422,
    engine.UnknownCommand: 422,
    engine.CommandConflict: 422,
    engine.Contended: 503,
    engine.StoreUnavailable: 503,
}

app = FastAPI(title="DMS", lifespan=opened)


def the_shop(request: Request) -> Shop:
    """The shop of this request; a group of dealers would look it up."""
    shop: Shop = request.app.state.shop
    return shop


def the_actor(actor: Annotated[str, Header()]) -> Actor:
    """Who acts, such as `sa-7:service_advisor`."""
    id_, _, role = actor.partition(":")
    return Actor(id_, role)


def a_session(request: Request) -> Iterator[Session]:
    """One for each request; the endpoint commits before it answers."""
    with request.app.state.sessions() as session:
        yield session


async def an_async_session(request: Request) -> AsyncIterator[AsyncSession]:
    """The same for an asynchronous endpoint."""
    async with request.app.state.async_sessions() as session:
        yield session


TheShop = Annotated[Shop, Depends(the_shop)]
By = Annotated[Actor, Depends(the_actor)]
Key = Annotated[str, Header(alias="Idempotency-Key")]


@app.post("/orders")
async def arrive(
    order_no: Annotated[str, Body()],
    plate: Annotated[str, Body()],
    shop: TheShop,
    by: By,
    key: Key,
    session: Annotated[AsyncSession, Depends(an_async_session)],
) -> JSONResponse:
    """Open an order, its visit with it. The same key again is the same arrival."""

    def work(inside: Session) -> Answer:
        shop.open(order_no, by=by, id=f"{key}.open", connection=inside)
        inside.merge(Visit(order_no=order_no, plate=plate))
        came = ro.VehicleCheckedIn(license_plate=Personal.clear(plate))
        return shop.apply(order_no, came, by=by, id=key, connection=inside)

    async with session.begin():
        answer = await session.run_sync(work)
    return told(answer)


@app.post("/orders/{order_no}/facts")
def record(
    order_no: str,
    name: Annotated[str, Body()],
    facts: Annotated[dict[str, Any], Body()],
    shop: TheShop,
    by: By,
    key: Key,
    session: Annotated[Session, Depends(a_session)],
    if_match: Annotated[int | None, Header()] = None,
) -> JSONResponse:
    """Record a fact; with `If-Match`, only on the version that the caller has seen."""
    fact = shop.fact(name, facts)
    with session.begin():
        answer = shop.apply(order_no, fact, by=by, id=key, expected=if_match, connection=session)
        if isinstance(answer, Refused):
            session.merge(Notice(command_id=key, order_no=order_no, clauses=" ".join(answer.clauses)))
    return told(answer)


@app.get("/orders")
def orders(shop: TheShop, session: Annotated[Session, Depends(a_session)], after: str | None = None) -> dict[str, Any]:
    """The orders that are open, a page at a time."""
    page = shop.find(open=True, after=after, connection=session)
    return {"orders": [{"order_no": row.id, "state": row.state} for row in page.rows], "next": page.next}


def told(answer: Answer) -> JSONResponse:
    """An answer as HTTP: 200, or 409 with every clause, its reason and the next step in both languages."""
    if not isinstance(answer, Refused):
        return JSONResponse({"state": answer.state, "version": answer.version})
    violations = [
        {"clause": each.clause, "reason": asdict(each.text), "next_step": asdict(each.next_step)}
        for each in answer.refusals
    ]
    return JSONResponse({"title": "refused", "state": answer.state, "violations": violations}, 409)


@app.exception_handler(GongdanError)
def mistaken(_request: Request, mistake: GongdanError) -> JSONResponse:
    """A mistake as HTTP."""
    status = next((status for kind, status in MISTAKES.items() if isinstance(mistake, kind)), 500)
    return JSONResponse({"title": type(mistake).__name__, "zh": mistake.text.zh, "en": mistake.text.en}, status)


@app.exception_handler(IntegrityError)
def here_already(_request: Request, _error: IntegrityError) -> JSONResponse:
    """The host's own rule: a vehicle is here once."""
    return JSONResponse({"title": "Conflict", "zh": "该车已在店。", "en": "This vehicle is here already."}, 409)
