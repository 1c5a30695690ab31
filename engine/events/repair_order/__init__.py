"""The facts of a repair order, a file a stage. A host writes `from engine.events import repair_order as ro`."""

from engine.events.event import Event
from engine.events.repair_order import (
    arrive,
    depart,
    diagnosis,
    explain,
    handover,
    inspect,
    phase,
    progress,
    protect,
    qc,
    quote,
    rest,
    settle,
    sign,
    statement,
    walkaround,
    work,
)
from engine.events.repair_order.arrive import *  # noqa: F403 - one flat namespace for hosts
from engine.events.repair_order.depart import *  # noqa: F403
from engine.events.repair_order.diagnosis import *  # noqa: F403
from engine.events.repair_order.explain import *  # noqa: F403
from engine.events.repair_order.handover import *  # noqa: F403
from engine.events.repair_order.inspect import *  # noqa: F403
from engine.events.repair_order.phase import *  # noqa: F403
from engine.events.repair_order.progress import *  # noqa: F403
from engine.events.repair_order.protect import *  # noqa: F403
from engine.events.repair_order.qc import *  # noqa: F403
from engine.events.repair_order.quote import *  # noqa: F403
from engine.events.repair_order.rest import *  # noqa: F403
from engine.events.repair_order.settle import *  # noqa: F403
from engine.events.repair_order.sign import *  # noqa: F403
from engine.events.repair_order.statement import *  # noqa: F403
from engine.events.repair_order.walkaround import *  # noqa: F403
from engine.events.repair_order.work import *  # noqa: F403

STAGES = (
    phase,
    arrive,
    protect,
    inspect,
    walkaround,
    diagnosis,
    quote,
    sign,
    rest,
    work,
    progress,
    qc,
    handover,
    statement,
    settle,
    explain,
    depart,
)
EVENTS: tuple[type[Event], ...] = tuple(
    fact
    for stage in STAGES
    for fact in vars(stage).values()
    if isinstance(fact, type) and issubclass(fact, Event) and fact.__module__ == stage.__name__
)
