"""gongdan (工单): the workflow engine of a dealership's after-sales floor. These are its public names.

Facts are in `engine.events`: `from engine.events import repair_order as ro`.
"""

from engine.audit import Leaf, library, replay
from engine.batch import Batch, Outcome
from engine.bundle import Member
from engine.case import Case, CaseRow, Fact
from engine.checkpoints import Checkpoints
from engine.command import Accepted, Actor, Answer, Late, Refusal, Refused
from engine.delivery import Delivered, Retry
from engine.engine import Engine
from engine.envelope import Envelope
from engine.erasure import Forgotten, Swept
from engine.errors import (
    BadCommand,
    BadConnection,
    BadJournal,
    BadKey,
    BadProfile,
    BadScenario,
    BadSettings,
    CaseExists,
    CaseNotFound,
    CommandConflict,
    Contended,
    EarlierRules,
    GongdanError,
    LedgerRefused,
    LetterNotFound,
    NameTaken,
    NoCheckpoint,
    NotExported,
    NotRevealed,
    OtherSchema,
    ReceiverGone,
    Restricted,
    RulesUnknown,
    StaleVersion,
    StoreUnavailable,
    Undeliverable,
    Undelivered,
    UnknownCommand,
    UnknownProfile,
)
from engine.events.event import Attachment, Event
from engine.events.personal import Personal, RecordClass
from engine.evidence import Place, Sealed, rules_digest
from engine.findings import KINDS, NOT_ANCHORED, PROVEN, Compliance, Finding, Integrity, Report
from engine.guards.clause import Attempt, Binding, Clause, Verdict, clause, met
from engine.guards.figure import Figure
from engine.holds import Placed
from engine.journal import Entry, seal
from engine.outbox import LATE, Outbox
from engine.ports import Adapter, Reveal, Revealing, World
from engine.profiles import standard_catalogue
from engine.proof.note import Signer
from engine.retention import DAYS, LONGEST_DAYS, Retention
from engine.roles import Role
from engine.rules import Catalogue, Profile, Rules
from engine.shop import Option, Page, Shop
from engine.store import Count, Hold, Letter, LogKey, Signed, Store
from engine.subscription import Filter, Subscription
from engine.tally import Tally
from engine.text import Text
from engine.timeline import Sort, Step
from engine.transfer import Line, audit_journal

__all__ = [
    "DAYS",
    "KINDS",
    "LATE",
    "LONGEST_DAYS",
    "NOT_ANCHORED",
    "PROVEN",
    "Accepted",
    "Actor",
    "Adapter",
    "Answer",
    "Attachment",
    "Attempt",
    "BadCommand",
    "BadConnection",
    "BadJournal",
    "BadKey",
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
    "Checkpoints",
    "Clause",
    "CommandConflict",
    "Compliance",
    "Contended",
    "Count",
    "Delivered",
    "EarlierRules",
    "Engine",
    "Entry",
    "Envelope",
    "Event",
    "Fact",
    "Figure",
    "Filter",
    "Finding",
    "Forgotten",
    "GongdanError",
    "Hold",
    "Integrity",
    "Late",
    "Leaf",
    "LedgerRefused",
    "Letter",
    "LetterNotFound",
    "Line",
    "LogKey",
    "Member",
    "NameTaken",
    "NoCheckpoint",
    "NotExported",
    "NotRevealed",
    "Option",
    "OtherSchema",
    "Outbox",
    "Outcome",
    "Page",
    "Personal",
    "Place",
    "Placed",
    "Profile",
    "ReceiverGone",
    "RecordClass",
    "Refusal",
    "Refused",
    "Report",
    "Restricted",
    "Retention",
    "Retry",
    "Reveal",
    "Revealing",
    "Role",
    "Rules",
    "RulesUnknown",
    "Sealed",
    "Shop",
    "Signed",
    "Signer",
    "Sort",
    "StaleVersion",
    "Step",
    "Store",
    "StoreUnavailable",
    "Subscription",
    "Swept",
    "Tally",
    "Text",
    "Undeliverable",
    "Undelivered",
    "UnknownCommand",
    "UnknownProfile",
    "Verdict",
    "World",
    "audit_journal",
    "clause",
    "library",
    "met",
    "replay",
    "rules_digest",
    "seal",
    "standard_catalogue",
]
