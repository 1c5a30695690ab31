"""gongdan (工单): the workflow engine of a dealership's after-sales floor. These are its public names.

Facts are in `engine.events`: `from engine.events import repair_order as ro`.
"""

from engine.batch import Batch, Outcome
from engine.case import Case, CaseRow, Fact
from engine.command import Accepted, Actor, Answer, Late, Refusal, Refused
from engine.delivery import Delivered, Retry
from engine.engine import Engine
from engine.envelope import Envelope
from engine.errors import (
    BadCommand,
    BadConnection,
    BadJournal,
    BadProfile,
    BadScenario,
    BadSettings,
    CaseExists,
    CaseNotFound,
    CommandConflict,
    Contended,
    GongdanError,
    LetterNotFound,
    NotRevealed,
    OtherSchema,
    ReceiverGone,
    RulesUnknown,
    StaleVersion,
    StoreUnavailable,
    Undeliverable,
    Undelivered,
    UnknownCommand,
    UnknownProfile,
)
from engine.events.event import Attachment, Event
from engine.events.personal import Personal
from engine.findings import NOT_ANCHORED, Finding, Report
from engine.guards.clause import Attempt, Binding, Clause, Verdict, clause, met
from engine.guards.figure import Figure
from engine.journal import Entry
from engine.outbox import LATE, Outbox
from engine.ports import Adapter, Reveal, Revealing, World
from engine.profiles import standard_catalogue
from engine.roles import Role
from engine.rules import Catalogue, Profile, Rules
from engine.shop import Option, Page, Shop
from engine.store import Count, Letter, Store
from engine.subscription import Filter, Subscription
from engine.text import Text
from engine.transfer import Line, audit_journal

__all__ = [
    "LATE",
    "NOT_ANCHORED",
    "Accepted",
    "Actor",
    "Adapter",
    "Answer",
    "Attachment",
    "Attempt",
    "BadCommand",
    "BadConnection",
    "BadJournal",
    "BadProfile",
    "BadScenario",
    "BadSettings",
    "Batch",
    "Binding",
    "Case",
    "CaseExists",
    "CaseNotFound",
    "CaseRow",
    "Catalogue",
    "Clause",
    "CommandConflict",
    "Contended",
    "Count",
    "Delivered",
    "Engine",
    "Entry",
    "Envelope",
    "Event",
    "Fact",
    "Figure",
    "Filter",
    "Finding",
    "GongdanError",
    "Late",
    "Letter",
    "LetterNotFound",
    "Line",
    "NotRevealed",
    "Option",
    "OtherSchema",
    "Outbox",
    "Outcome",
    "Page",
    "Personal",
    "Profile",
    "ReceiverGone",
    "Refusal",
    "Refused",
    "Report",
    "Retry",
    "Reveal",
    "Revealing",
    "Role",
    "Rules",
    "RulesUnknown",
    "Shop",
    "StaleVersion",
    "Store",
    "StoreUnavailable",
    "Subscription",
    "Text",
    "Undeliverable",
    "Undelivered",
    "UnknownCommand",
    "UnknownProfile",
    "Verdict",
    "World",
    "audit_journal",
    "clause",
    "met",
    "standard_catalogue",
]
