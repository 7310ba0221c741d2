"""What all request and response bodies share."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from domain.instants import parse_instant, write_instant

B = TypeVar("B", bound=BaseModel)


Instant = Annotated[
    datetime,
    PlainSerializer(write_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""RFC 3339, UTC, `Z`."""


def _read_instant(sent: Any) -> datetime:
    # Pydantic alone would also take numbers, days without a time and times without an offset.
    try:
        return parse_instant(sent if isinstance(sent, str) else "")
    except ValueError:
        raise PydanticCustomError("invalid_instant", "This must be a time.") from None


GivenInstant = Annotated[
    datetime,
    BeforeValidator(_read_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""RFC 3339, with whatever offset."""


def _read_whole_number(sent: Any) -> int:
    # Pydantic alone would also take "5" and true; to JSON Schema 5.0 is an integer (6.1.1).
    if isinstance(sent, int | float) and not isinstance(sent, bool) and sent == sent // 1:
        return int(sent)
    raise PydanticCustomError("int_type", "This must be a whole number.")


WHOLE = BeforeValidator(_read_whole_number)
"""For an int; after its bounds, which otherwise are lost to the schema."""


def example(members: dict[str, Any]) -> ConfigDict:
    """What a body looks like, for the OpenAPI document."""
    return ConfigDict(json_schema_extra={"examples": [members]})


def page_example(item: dict[str, Any]) -> ConfigDict:
    """The same for a page that such an item stands on."""
    cursor = "AZjF9m86fD6dCjsfbx8qEMhQ1m0aL2cV3i4T5u6J7k8"
    return example({"items": [item], "next_cursor": cursor})


def drop_null(schema: dict[str, Any]) -> None:
    """Makes the schema of `X | None = None` that of an X which may be left out."""
    if schema.get("default") is None:
        schema.pop("default", None)
    variants = [each for each in schema.pop("anyOf", ()) if each != {"type": "null"}]
    if len(variants) == 1:
        schema.update(variants[0])
    elif variants:
        schema["anyOf"] = variants


class ResponseBody(BaseModel):
    """Made ready when the first one is written: of many, a process only ever needs the document."""

    model_config = ConfigDict(defer_build=True)


class RequestBody(BaseModel):
    """What clients send: unknown fields are refused, and no error shows a value."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class PageBody(ResponseBody, Generic[B]):
    """A piece of a list, as all of them are."""

    items: list[B]
    next_cursor: str | None


class PatchBody(RequestBody):
    """Fields that are left out stay as they are; null is no value that any of them could take.

    None marks a field as left out, so declare them `X | None = None`.
    """

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        for field in handler.resolve_ref_schema(schema)["properties"].values():
            drop_null(field)
        return schema

    @model_validator(mode="before")
    @classmethod
    def _refuse_null(cls, sent: Any) -> Any:
        if isinstance(sent, dict) and None in sent.values():
            raise PydanticCustomError("null_not_allowed", "A field cannot be null.")
        return sent
