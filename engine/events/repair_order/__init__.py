"""The facts of a repair order, a file a stage. A host writes `from engine.events import repair_order as ro`."""

from engine.events.event import Event
from engine.events.repair_order import arrive, depart, inspect, qc, quote, settle, sign, work
from engine.events.repair_order.arrive import *  # noqa: F403 - one flat namespace for hosts
from engine.events.repair_order.depart import *  # noqa: F403
from engine.events.repair_order.inspect import *  # noqa: F403
from engine.events.repair_order.qc import *  # noqa: F403
from engine.events.repair_order.quote import *  # noqa: F403
from engine.events.repair_order.settle import *  # noqa: F403
from engine.events.repair_order.sign import *  # noqa: F403
from engine.events.repair_order.work import *  # noqa: F403

STAGES = (arrive, inspect, quote, sign, work, qc, settle, depart)
EVENTS: tuple[type[Event], ...] = tuple(
    fact
    for stage in STAGES
    for fact in vars(stage).values()
    if isinstance(fact, type) and issubclass(fact, Event) and fact.__module__ == stage.__name__
)
