"""Items on the wire."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, StringConstraints, WithJsonSchema

from domain.items import DATA_MAX_DEPTH, TITLE_MAX_LENGTH, Item
from entrypoints.http.schemas.bodies import (
    Instant,
    PageBody,
    PatchBody,
    RequestBody,
    ResponseBody,
    example,
    page_example,
)
from entrypoints.http.schemas.texts import PersonName, Text

_ITEM = {
    "id": "0198c5f6-8b2f-7e13-9a66-a1d2e3f4b5c6",
    "owner_id": "0198c5f6-6f3a-7c3e-9d0a-3b1f6f1f2a10",
    "title": "Shopping list",
    "data": {"lines": [{"what": "tea", "count": 2}]},
    "version": 1,
    "created_at": "2030-01-01T12:00:00Z",
    "updated_at": "2030-01-01T12:00:00Z",
}

Title = PersonName
"""What is on one line: the rules of a person's name."""

TitlePrefix = Annotated[
    Text,
    StringConstraints(max_length=TITLE_MAX_LENGTH),
    WithJsonSchema({"type": "string", "maxLength": TITLE_MAX_LENGTH, "pattern": r"^[^\x00]*$"}),
]

# The domain judges what is in it: sizes and depths that no schema can say.
Data = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": True,
            "description": "Any JSON object: at most 16 KiB as compact UTF-8, at most "
            f"{DATA_MAX_DEPTH} levels deep, numbers up to 2^53 - 1, texts without NUL.",
        }
    ),
]


class CreateItemBody(RequestBody):
    title: Title
    data: Data

    model_config = example({"title": _ITEM["title"], "data": _ITEM["data"]})


class UpdateItemBody(PatchBody):
    """`data` is replaced as a whole."""

    title: Title | None = None
    data: Data | None = None

    model_config = example({"title": "Shopping list for Friday"})


class ItemBody(ResponseBody):
    """A small record of the application's own."""

    id: UUID
    owner_id: UUID
    title: str
    data: dict[str, Any]
    version: int = Field(description="Grows by one with every change; the ETag is made of it.")
    created_at: Instant
    updated_at: Instant

    model_config = example(_ITEM)

    @classmethod
    def of(cls, item: Item) -> Self:
        return cls(**vars(item))


class ItemPageBody(PageBody[ItemBody]):
    """Newest first. `next_cursor` is null on the last page."""

    model_config = page_example(_ITEM)
