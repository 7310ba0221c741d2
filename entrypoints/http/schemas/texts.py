"""The kinds of text that requests carry."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from domain.api_keys import MAX_SCOPES
from domain.roles import (
    DESCRIPTION_MAX_LENGTH,
    PERMISSION_NAME_MAX_LENGTH,
    PERMISSION_NAME_PATTERN,
    ROLE_MAX_PERMISSIONS,
    ROLE_NAME_PATTERN,
)
from domain.text import is_storable
from domain.users import MAX_ROLES

_CONTROL = r"\x00-\x1f\x7f-\x9f"


def _storable(value: str) -> str:
    if not is_storable(value):
        raise PydanticCustomError("invalid_text", "This is not valid text.")
    return value


# After the other constraints, which then stay part of the string's own schema.
_STORABLE = AfterValidator(_storable)

TEXT_SCHEMA = {"type": "string", "pattern": r"^[^\x00]*$"}
"""What of it a schema can say: JSON that is UTF-8 holds no lone surrogate anyway."""

Text = Annotated[str, _STORABLE, WithJsonSchema(TEXT_SCHEMA)]
"""Any text that can be stored: no NUL, no lone surrogate."""

EmailText = Annotated[
    str,
    # A path has 256 octets, two of them brackets (RFC 5321, 4.5.3.1.3).
    StringConstraints(min_length=1, max_length=254),
    _STORABLE,
    WithJsonSchema({"type": "string", "format": "email", "minLength": 1, "maxLength": 254}),
]

GivenEmail = Annotated[
    EmailText,
    # What is no address is answered like one that nobody has.
    WithJsonSchema({**TEXT_SCHEMA, "minLength": 1, "maxLength": 254}),
]

PersonName = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=200,
        pattern=rf"^[^{_CONTROL}]*[^{_CONTROL}\s][^{_CONTROL}]*$",
    ),
    _STORABLE,
]

NewPassword = Annotated[
    Text,
    # The policy judges length and everything else, so that every weakness has one code.
    WithJsonSchema(
        {
            **TEXT_SCHEMA,
            "format": "password",
            "minLength": 15,
            "maxLength": 256,
            "description": "15 to 256 characters; longer or shorter if the service is set so. "
            "Not a common password, not the address.",
        }
    ),
]

GivenPassword = Annotated[
    Text, WithJsonSchema({**TEXT_SCHEMA, "format": "password", "minLength": 1})
]

GivenToken = Annotated[
    str,
    StringConstraints(min_length=1),
    _STORABLE,
    WithJsonSchema({**TEXT_SCHEMA, "minLength": 1}),
]


RoleName = Annotated[str, StringConstraints(pattern=f"^{ROLE_NAME_PATTERN}$")]

PermissionName = Annotated[
    str,
    StringConstraints(
        max_length=PERMISSION_NAME_MAX_LENGTH, pattern=f"^{PERMISSION_NAME_PATTERN}$"
    ),
]

Description = Annotated[
    str,
    StringConstraints(max_length=DESCRIPTION_MAX_LENGTH, pattern=rf"^[^{_CONTROL}]*$"),
    _STORABLE,
]


def _without_repeats(names: list[str]) -> list[str]:
    if len(set(names)) != len(names):
        raise PydanticCustomError("repeated", "A name is given twice.")
    return names


ScopeNames = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=64), _STORABLE]],
    Field(max_length=MAX_SCOPES, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_without_repeats),
]
"""Any texts: which of them are permissions is a matter of what is registered."""

RoleNames = Annotated[
    list[RoleName],
    Field(max_length=MAX_ROLES, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_without_repeats),
]

PermissionNames = Annotated[
    list[PermissionName],
    Field(max_length=ROLE_MAX_PERMISSIONS, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_without_repeats),
]
