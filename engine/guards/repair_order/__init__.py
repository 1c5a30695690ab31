"""The clauses of a repair order, a file a stage."""

from engine.guards.repair_order import arrive, decline, depart, inspect, price, qc, quote, settle, sign, work

STAGES = (arrive, inspect, quote, sign, work, decline, qc, price, settle, depart)
