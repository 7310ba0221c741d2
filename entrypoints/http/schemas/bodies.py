"""What all request and response bodies share."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError


def _render_instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    PlainSerializer(_render_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""RFC 3339, UTC, `Z`."""


class RequestBody(BaseModel):
    """What clients send: unknown fields are refused, and no error shows a value."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class PatchBody(RequestBody):
    """Fields that are left out stay as they are; null is no value that any of them could take."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_null(cls, sent: Any) -> Any:
        if isinstance(sent, dict) and None in sent.values():
            raise PydanticCustomError("null_not_allowed", "A field cannot be null.")
        return sent
