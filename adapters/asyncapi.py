"""Every event that leaves the house, as an AsyncAPI 3.0 document: a function of the catalogue alone.

Must live here: the messages, their headers and the schema of their data. Must not be known here: how they travel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.meanings import ATTRIBUTES, CODE, FACT, FIELDS, INSTANT, PERSONAL, Schema
from engine import Catalogue, Entry, Event, Text

PREFIX = "ce-"
"""What stands before an attribute's name in the headers of HTTP; bindings of other protocols have their own."""

_REFUSED = "refused."
_REFUSAL = Text("拒绝：{label}", "Refused: {label}")
_TITLE = Text("工单事件", "gongdan events")
_ABOUT = Text(
    "每次答复（接受或拒绝）是一条封印的日志条目，"
    "作为 CloudEvents 1.0 事件发出，至少一次，同一单内按序；收件方按 id 去重。",
    "Every answer, an acceptance or a refusal, is a sealed entry that leaves as a CloudEvents 1.0 event: at least "
    "once, in order within a case. Receivers de-duplicate by id.",
)
_BINARY = Text(
    "二进制模式：属性在消息头，正文是条目的规范字节。HTTP 的消息头前缀为 ce-，其他协议以其 CloudEvents 绑定为准。",
    "Binary mode: the attributes are headers, the body is the canonical bytes of the entry. The headers' prefix is ce- "
    "over HTTP; elsewhere the CloudEvents binding of the protocol says it.",
)
_STRUCTURED = Text(
    "结构化模式：整个事件是一个 JSON 文档，条目是其 data；type 说明 data 是哪一种消息的正文。",
    "Structured mode: the whole event is one JSON document, the entry its data; type says whose message that is.",
)
_BOTH_DECIMALS = (r"(\.\d{1,2})?$", r"\.\d{2}$")
"""An amount may be given with fewer decimals; it is written with two."""


def asyncapi(catalogue: Catalogue) -> dict[str, Any]:
    """The document: a message for each kind of fact, and one for the refusal of each command."""
    commands = {row.name for flow in catalogue.workflows.values() for row in flow.rows}
    accepted = {name: _message(catalogue, name, name, "Accepted") for name in catalogue.events}
    refused = {
        _REFUSED + name: _message(catalogue, _REFUSED + name, name, "Refused")
        for name in catalogue.events
        if name in commands  # an opening is never refused
    }
    messages = {**accepted, **refused, "structured": _structured()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": str(_TITLE),
            "version": f"{Entry.form()['properties']['format']['const']}.0.0",
            "description": str(_ABOUT),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "binary": _channel(_BINARY, [name for name in messages if name != "structured"]),
            "structured": _channel(_STRUCTURED, ["structured"]),
        },
        "operations": {name: _operation(name) for name in ("binary", "structured")},
        "components": {"messages": messages, "schemas": _schemas(catalogue)},
    }


def _channel(about: Text, messages: list[str]) -> Schema:
    """Where messages go: an adapter's settings say the address."""
    listed = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {"address": None, "description": str(about), "messages": listed}


def _operation(channel: str) -> Schema:
    return {"action": "send", "channel": {"$ref": f"#/channels/{channel}"}}


# --- messages ----------------------------------------------------------------------------------------------------


def _message(catalogue: Catalogue, type_: str, kind: str, answer: str) -> Schema:
    label = catalogue.words[kind]
    title = label if answer == "Accepted" else _REFUSAL.render({"label": label})
    command = _object({"name": {"const": kind}, "facts": _ref(f"facts.{kind}")})
    return {
        "name": type_,
        "title": str(title),
        "contentType": "application/json",
        "headers": {"type": "object", "allOf": [_ref("Headers"), _object({f"{PREFIX}type": {"const": type_}})]},
        "payload": {"allOf": [_ref(answer), _object({"command": command})]},
    }


def _structured() -> Schema:
    return {
        "name": "structured",
        "title": str(Text("整个事件", "A whole event")),
        "contentType": "application/cloudevents+json",
        "payload": _ref("StructuredEvent"),
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


def _closed(properties: Mapping[str, Schema]) -> Schema:
    """An object of exactly these fields."""
    return {**_object({**properties}), "required": [*properties], "additionalProperties": False}


def _meant(fields: Mapping[str, tuple[Schema, Text]]) -> dict[str, Schema]:
    return {name: {**schema, "description": str(meaning)} for name, (schema, meaning) in fields.items()}


# --- schemas -----------------------------------------------------------------------------------------------------


def _schemas(catalogue: Catalogue) -> dict[str, Schema]:
    attributes = _meant(ATTRIBUTES)
    headers = {PREFIX + name: schema for name, schema in attributes.items() if name != "datacontenttype"}
    return {
        "Headers": {**_object(headers), "required": [*headers]},
        "StructuredEvent": _closed({**attributes, "data": _ref("Entry")}),
        "Commitment": _closed(_meant(PERSONAL)),
        **_entry_schemas(),
        "Accepted": _answered("accepted", {"event": CODE, "refusals": {"type": "array", "maxItems": 0}}),
        "Refused": _answered(
            "refused",
            {
                "event": {"type": "null"},
                "refusals": {"type": "array", "minItems": 1},
                "notes": {"type": "array", "maxItems": 0},
                "waived": {"type": "array", "maxItems": 0},
            },
        ),
        **dict(_fact_schemas(catalogue)),
    }


def _answered(answer: str, outcome: Schema) -> Schema:
    return {"allOf": [_ref("Entry"), _object({"outcome": _object({"answer": {"const": answer}, **outcome})})]}


def _entry_schemas() -> dict[str, Schema]:
    form = Entry.form()
    parts = {name.removesuffix("Document"): part for name, part in form["$defs"].items()}
    return {name: _described(name, part) for name, part in {"Entry": form, **parts}.items()}


def _described(name: str, form: Schema) -> Schema:
    """A part of an entry with the meaning of its fields."""
    schema: Schema = _written(form)
    fields = {field: _refined(f"{name}.{field}", one) for field, one in schema.get("properties", {}).items()}
    return {**schema, **({"properties": fields} if fields else {})}


def _refined(path: str, schema: Schema) -> Schema:
    """A field of an entry with its meaning, and with the form of its text."""
    if path not in FIELDS:  # a part that has fields of its own
        return schema
    more, meaning = FIELDS[path]
    if "$ref" in more:
        schema, more = {}, _ref(more["$ref"])
    if "anyOf" in schema:
        schema, more = {"anyOf": [{**schema["anyOf"][0], **more}, *schema["anyOf"][1:]]}, {}
    return {**schema, **more, "description": str(meaning)}


def _fact_schemas(catalogue: Catalogue) -> Iterator[tuple[str, Schema]]:
    for kind in catalogue.events.values():
        yield f"facts.{kind.kind}", _facts(kind)
        for name, part in kind.form().get("$defs", {}).items():
            labels = {code: str(catalogue.words.get(code, code)) for code in part.get("enum", ())}
            yield name, {**_described(name, part), **({"x-labels": labels} if labels else {})}


def _facts(kind: type[Event]) -> Schema:
    schema: Schema = _written(kind.form())
    for name, meaning in FACT.items():
        schema["properties"][name]["description"] = str(meaning)
    return schema


def _written(form: Any) -> Any:  # noqa: PLR0911 - a line for each kind
    """A form as what is written by it: commitments for personal values, nothing for what is absent, no titles."""
    match form:
        case {"x-personal": True, **rest}:
            return {**_ref("Commitment"), **{name: rest[name] for name in ("description",) if name in rest}}
        case {"anyOf": [one, {"type": "null"}], "default": None, **rest}:
            return {**_written(one), **_written(rest)}
        case {"$ref": str() as target, **rest}:
            return {**_ref(target.rpartition("/")[2].removesuffix("Document")), **_written(rest)}
        case {"format": "date-time", **rest}:
            return {**INSTANT, **_written(rest)}
        case {"properties": properties, **rest}:
            return {**_written(rest), "properties": {name: _written(one) for name, one in properties.items()}}
        case dict():
            return {name: _written(part) for name, part in form.items() if name not in {"title", "default", "$defs"}}
        case list():
            return [_written(part) for part in form]
        case str():
            return form.replace(*_BOTH_DECIMALS)
        case _:
            return form
