"""JSON Schema in the hands of pydantic: a schema becomes a validator; a keyword that it does not know is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import CoreSchema, SchemaValidator, core_schema

Schema = Mapping[str, Any]
Resolve = Callable[[str], Schema]

_SAID = {"description", "x-labels", "format"}
"""What says something to people only. A format is checked by the pattern beside it, if at all."""
_WHOLE = {"minimum": "ge", "maximum": "le", "exclusiveMaximum": "lt"}
_TEXT = {"pattern": "pattern"}
_LENGTH = {"minItems": "min_length", "maxItems": "max_length"}


def validator(document: Schema, schema: Schema) -> SchemaValidator:
    """A validator of values as JSON brings them; references lead into the document."""

    def resolve(target: str) -> Schema:
        found: Any = document
        for part in target.removeprefix("#/").split("/"):
            found = found[part]
        return dict(found)

    return SchemaValidator(_compiled(schema, resolve))


def _compiled(schema: Schema, resolve: Resolve) -> CoreSchema:
    """Everything that a schema says, one after the other."""
    match {name: said for name, said in schema.items() if name not in _SAID}:
        case {"$ref": target, **rest}:
            assert not rest, rest
            return _compiled(resolve(target), resolve)
        case {"allOf": parts, **rest}:
            return core_schema.chain_schema([_compiled(one, resolve) for one in [*parts, *([rest] if rest else [])]])
        case {"anyOf": parts, **rest}:
            assert not rest, rest
            return core_schema.union_schema([_compiled(one, resolve) for one in parts], mode="left_to_right")
        case {"const": value, **rest}:
            assert rest in ({}, {"type": "string"}, {"type": "integer"}), rest
            return core_schema.literal_schema([value])
        case {"enum": values, **rest}:
            assert rest == {"type": "string"}, rest
            return core_schema.literal_schema(values)
        case {"type": kind, **rest}:
            return _TYPES[kind](rest, resolve)
        case nothing:
            raise AssertionError(nothing)


def _renamed(said: Schema, names: Mapping[str, str]) -> dict[str, Any]:
    return {names[name]: value for name, value in said.items()}


def _array(said: dict[str, Any], resolve: Resolve) -> CoreSchema:
    items = _compiled(said.pop("items"), resolve) if "items" in said else None
    unique = said.pop("uniqueItems", False)
    listed = core_schema.list_schema(items, strict=True, **_renamed(said, _LENGTH))
    return core_schema.no_info_after_validator_function(_unique, listed) if unique else listed


def _unique(values: list[Any]) -> list[Any]:
    if len(values) != len({*values}):
        raise ValueError
    return values


def _object(said: dict[str, Any], resolve: Resolve) -> CoreSchema:
    required = said.pop("required", [])
    closed = not said.pop("additionalProperties", True)
    fields = {
        name: core_schema.typed_dict_field(_compiled(one, resolve), required=name in required)
        for name, one in said.pop("properties", {}).items()
    }
    assert not said, said
    assert {*required} <= {*fields}
    return core_schema.typed_dict_schema(fields, extra_behavior="forbid" if closed else "allow", strict=True)


_TYPES: Mapping[str, Callable[[dict[str, Any], Resolve], CoreSchema]] = {
    "string": lambda said, _: core_schema.str_schema(strict=True, **_renamed(said, _TEXT)),
    "integer": lambda said, _: core_schema.int_schema(strict=True, **_renamed(said, _WHOLE)),
    "boolean": lambda said, _: core_schema.bool_schema(strict=True, **said),
    "null": lambda said, _: core_schema.none_schema(**said),
    "array": _array,
    "object": _object,
}
