"""The AsyncAPI document, as the command prints it."""

from __future__ import annotations

from tests.reference.sop import command

FILES = {"docs/reference/events.asyncapi.json": lambda: command("sop", "asyncapi")}
