"""The reception of a DMS in plain SQLAlchemy: its own tables and gongdan's answers, written in one transaction.

Commands: arrive, purpose, kit, list. DMS_URL is the database, sqlite:///dms.db when it is not set. The exit code is
0 for accepted, 3 for refused, 1 for a mistake.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from contextlib import closing

import sqlalchemy as sa
import structlog

from adapters.bootstrap import bootstrap
from engine import Actor, Answer, Event, GongdanError, Personal, Refused
from engine.events import repair_order as ro

metadata = sa.MetaData()
visit = sa.Table(
    "visit",
    metadata,
    sa.Column("order_no", sa.String(40), primary_key=True),
    sa.Column("plate", sa.String(20), nullable=False, unique=True),  # a vehicle is here once
)
notice = sa.Table(  # what the manager's board shows
    "notice",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("order_no", sa.ForeignKey(visit.c.order_no), nullable=False),
    sa.Column("clause", sa.String(100), nullable=False),
)
ADVISOR = Actor("sa-7", "service_advisor")


class Reception:
    """What the desk does. Each method is one transaction: committed at its end, rolled back by any exception."""

    def __init__(self, url: str) -> None:
        """One engine of SQLAlchemy's and one of gongdan's serve the whole process."""
        self._database = sa.create_engine(url)
        self._gongdan = bootstrap(url, upgrade=True)
        self._shop = self._gongdan.shop("S1", profile="dpca")
        metadata.create_all(self._database)

    def close(self) -> None:
        """Give every connection back."""
        self._gongdan.store.close()
        self._database.dispose()

    def arrive(self, order_no: str, plate: str) -> Answer:
        """A vehicle comes in: an order, its first fact, and a visit. All of them, or none."""
        came = ro.VehicleCheckedIn(license_plate=Personal.clear(plate), order_origin=ro.OrderOrigin.WALK_IN)
        with self._database.begin() as connection:
            self._shop.open(order_no, by=ADVISOR, connection=connection)
            answer = self._shop.apply(order_no, came, by=ADVISOR, connection=connection)
            connection.execute(sa.insert(visit).values(order_no=order_no, plate=plate))
        return answer

    def record(self, order_no: str, fact: Event) -> Answer:
        """Something happened. A refusal is an answer too: it is committed, and the manager's notices with it."""
        with self._database.begin() as connection:
            answer = self._shop.apply(order_no, fact, by=ADVISOR, connection=connection)
            if isinstance(answer, Refused):
                notices = [{"order_no": order_no, "clause": clause} for clause in answer.clauses]
                connection.execute(sa.insert(notice), notices)
        return answer

    def here(self) -> list[tuple[str, str, str, int]]:
        """Number, plate, state and notices of the orders that are open: the host's rows beside gongdan's."""
        rows = sa.select(visit, sa.func.count(notice.c.number)).join(notice, isouter=True).group_by(visit.c.order_no)
        with self._database.connect() as connection:
            states = {row.id: row.state for row in self._shop.find(open=True, limit=100, connection=connection).rows}
            found = connection.execute(rows.where(visit.c.order_no.in_(states)).order_by(visit.c.order_no))
            return [(order_no, plate, states[order_no], notices) for order_no, plate, notices in found]


def arguments() -> argparse.Namespace:
    """What is asked on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    arrive = commands.add_parser("arrive", help="a vehicle comes in")
    arrive.add_argument("order_no")
    arrive.add_argument("plate")
    purpose = commands.add_parser("purpose", help="why the customer came")
    purpose.add_argument("order_no")
    purpose.add_argument("purpose", type=ro.Purpose, choices=ro.Purpose)
    kit = commands.add_parser("kit", help="the pieces of the protection kit that were fitted")
    kit.add_argument("order_no")
    kit.add_argument("pieces", nargs="*", type=ro.KitPiece)
    commands.add_parser("list", help="the orders that are open")
    return parser.parse_args()


def run(reception: Reception, asked: argparse.Namespace) -> int:
    """Carry out a command; the exit code."""
    match asked.command:
        case "arrive":
            answer = reception.arrive(asked.order_no, asked.plate)
        case "purpose":
            why = ro.PurposeRecorded(purposes=frozenset({asked.purpose}), primary_purpose=asked.purpose)
            answer = reception.record(asked.order_no, why)
        case "kit":
            answer = reception.record(asked.order_no, ro.KitFitted(kit_pieces=frozenset(asked.pieces)))
        case _:
            print(*(" ".join(map(str, order)) for order in reception.here()), sep="\n")
            return 0
    for refusal in getattr(answer, "refusals", ()):
        print(refusal.clause, refusal.text, refusal.next_step, sep="\n  ")
    return 3 if isinstance(answer, Refused) else 0


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        with closing(Reception(os.environ.get("DMS_URL", "sqlite:///dms.db"))) as desk:
            sys.exit(run(desk, arguments()))
    except GongdanError as mistake:
        sys.exit(str(mistake.text))
    except sa.exc.IntegrityError:
        sys.exit("该车已在店 / this vehicle is here already")
