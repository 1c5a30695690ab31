"""The report that a person reads: one HTML page that holds all it needs, made of what an audit found and counted.

Must live here: how it looks, and what it says in words. Must not be known here: how a journal is read or judged.
"""

from adapters.report.page import render
from adapters.report.proof import Proof, Scope

__all__ = ["Proof", "Scope", "render"]
