"""What a password must be (NIST SP 800-63B-4, 3.1.1.2; OWASP Authentication Cheat Sheet)."""

import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import ErrorDetail, Invalid, InvalidField
from domain.text import is_storable

MAX_LENGTH = 256

# What fingers type without thinking; a password that only walks along one of these, in either
# direction and however often it starts again, is as common as anything on a list.
_WALKS = (
    "0123456789",
    "123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1q2w3e4r5t6y7u8i9o0p",
)


class WeakPassword(Invalid):
    """A new password that is too short, too long, or easy to guess."""

    code = "weak_password"
    message = "This password is not strong enough."

    def __init__(self, reason: str, explanation: str, *, field: str = "password") -> None:
        super().__init__(ErrorDetail(field=field, code=reason, message=explanation))


@dataclass(frozen=True, kw_only=True)
class PasswordCredential:
    """The stored proof of a user's password: an encoded hash, never the password."""

    user_id: UUID
    password_hash: str
    updated_at: datetime

    def __repr__(self) -> str:
        return f"PasswordCredential(user_id={self.user_id})"


def normalise_password(password: str, *, field: str = "password") -> str:
    """NFC, so that one password typed on two keyboards is one password.

    Raises InvalidField for what is not text (NUL, lone surrogates).
    """
    if not is_storable(password):
        raise InvalidField(
            ErrorDetail(field=field, code="invalid_text", message="This is not valid text.")
        )
    return unicodedata.normalize("NFC", password)


@dataclass(frozen=True, kw_only=True)
class PasswordPolicy:
    """Length, and nothing that is easily guessed; no composition rules.

    `common` holds casefolded passwords that attackers try first.
    """

    min_length: int
    common: Container[str]
    service_names: frozenset[str]

    def check(self, password: str, *, local_part: str, field: str = "password") -> str:
        """The normalised password. Raises WeakPassword, or InvalidField for what is not text."""
        password = normalise_password(password, field=field)
        if not self.min_length <= len(password) <= MAX_LENGTH:
            raise WeakPassword(
                "password_length",
                f"A password has {self.min_length} to {MAX_LENGTH} characters.",
                field=field,
            )
        folded = password.casefold()
        forms = _forms(folded)
        own_words = {local_part.casefold(), *(name.casefold() for name in self.service_names)}
        if not own_words.isdisjoint(forms):
            raise WeakPassword(
                "password_context",
                "A password is not the service's name or the address it belongs to.",
                field=field,
            )
        if self._is_guessed(folded, forms):
            raise WeakPassword(
                "password_common", "This password is among the first that are guessed.", field=field
            )
        return password

    def _is_guessed(self, folded: str, forms: set[str]) -> bool:
        few = len(_unit(folded)) <= 3
        return few or _is_walk(folded) or any(form in self.common for form in forms)


def _forms(folded: str) -> set[str]:
    """The text, what is left without digits and punctuation around it, what either repeats."""
    core = folded.strip("0123456789 !@#$%^&*?.,-_+=")
    return {folded, _unit(folded)} | ({core, _unit(core)} if core else set())


def _unit(text: str) -> str:
    """The shortest piece that repeated gives the text: `abcabc` -> `abc`; itself if none does."""
    return text[: (text + text).index(text, 1)]


def _is_walk(text: str) -> bool:
    paths = (walk * (len(text) // len(walk) + 2) for walk in _WALKS)
    return any(text in path or text[::-1] in path for path in paths)
