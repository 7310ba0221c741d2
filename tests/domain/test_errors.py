"""The errors as a closed world: every one has a code of its own and says nothing of the input."""

import inspect
import pkgutil
import re
from collections import Counter
from importlib import import_module
from typing import Any

import pytest

import domain
from domain.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    InvalidField,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unavailable,
)

KINDS = {Invalid, Unauthenticated, Forbidden, NotFound, Conflict, RateLimited, Unavailable}

# Told apart inside, one and the same to the caller.
SHARE_THE_CODE_OF_THEIR_PARENT = {
    "ApiKeyNotActive": "conflict",
    "InvalidEmailAddress": "validation_error",
    "KeyIsCurrent": "conflict",
    "RoleIsFixed": "conflict",
    "RotationTooSoon": "conflict",
    "SigningKeySealed": "unavailable",
    "UnknownAudience": "validation_error",
    "UnknownRole": "validation_error",
    "UnknownSigningKey": "invalid_access_token",
}

for module in pkgutil.iter_modules(domain.__path__):
    import_module(f"domain.{module.name}")


def descendants(error: type[DomainError]) -> set[type[DomainError]]:
    return {error}.union(*map(descendants, error.__subclasses__()))


ERRORS = sorted(
    (
        error
        for error in descendants(DomainError)
        if error.__module__.startswith("domain.") and hasattr(error, "code")
    ),
    key=lambda error: error.__name__,
)
every_error = pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)


def test_there_are_seven_kinds() -> None:
    assert set(DomainError.__subclasses__()) == KINDS


def test_every_code_belongs_to_one_error() -> None:
    own = [error for error in ERRORS if "code" in vars(error)]
    assert [code for code, times in Counter(e.code for e in own).items() if times > 1] == []


def test_errors_without_a_code_of_their_own_are_those_listed() -> None:
    inherited = {e.__name__: e.code for e in ERRORS if "code" not in vars(e)}
    assert inherited == SHARE_THE_CODE_OF_THEIR_PARENT


@every_error
def test_a_code_is_snake_case_and_a_message_one_sentence(error: type[DomainError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)
    assert re.fullmatch(r"[A-Z][^\n{}%]*\.", error.message)


@every_error
def test_an_error_descends_from_one_kind(error: type[DomainError]) -> None:
    assert len(KINDS & set(error.__mro__)) == 1


@every_error
def test_what_an_error_was_made_of_is_not_in_its_message(error: type[DomainError]) -> None:
    made = error(**{name: _filler(name) for name in _required(error)})
    assert str(made) == made.message
    assert "hostile" not in str(made)


def _required(error: type[DomainError]) -> list[str]:
    parameters = inspect.signature(error).parameters.values()
    return [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]


def _filler(name: str) -> Any:
    return 1.5 if name.endswith("_seconds") else "hostile"


def test_waits_are_told_in_seconds() -> None:
    assert RateLimited(retry_after_seconds=2.5).retry_after_seconds == 2.5
    assert Unavailable().retry_after_seconds == 1


def test_leaves_alone_are_raised() -> None:
    abstract = {
        error
        for error in descendants(DomainError)
        if error.__module__.startswith("domain.") and not hasattr(error, "code")
    }
    assert abstract <= {DomainError, *KINDS}


def test_a_field_error_is_caught_as_what_it_is() -> None:
    with pytest.raises(Invalid) as caught:
        raise InvalidField
    assert caught.value.details == ()
