"""The kinds of text that requests carry."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from domain.text import is_storable

_CONTROL = r"\x00-\x1f\x7f-\x9f"


def _storable(value: str) -> str:
    if not is_storable(value):
        raise PydanticCustomError("invalid_text", "This is not valid text.")
    return value


# After the other constraints, which then stay part of the string's own schema.
_STORABLE = AfterValidator(_storable)

Text = Annotated[str, _STORABLE]
"""Any text that can be stored: no NUL, no lone surrogate."""

EmailText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=320),
    _STORABLE,
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254}),
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
            "type": "string",
            "format": "password",
            "minLength": 15,
            "maxLength": 256,
            "description": "15 to 256 characters; longer or shorter if the service is set so. "
            "Not a common password, not the address.",
        }
    ),
]

GivenPassword = Annotated[
    Text, WithJsonSchema({"type": "string", "format": "password", "minLength": 1})
]

GivenToken = Annotated[str, StringConstraints(min_length=1), _STORABLE]

RoleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,31}$")]
