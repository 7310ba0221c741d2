"""Stored hashes of every kind that verifies: argon2, bcrypt, and PBKDF2 as Django writes it."""

import hashlib
import hmac
import re
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Protocol

from argon2 import Type
from argon2.exceptions import VerificationError
from argon2.low_level import verify_secret

LONGEST = 1024
"""Characters; several times what any of these systems writes."""

# What the dearest hash costs that is still computed: about a second of one core, each. An imported
# hash must not be able to stop the service.
_ARGON2_KIB_TIMES_PASSES = 1024 * 1024
_ARGON2_LANES = 16
_BCRYPT_ROUNDS = 2**14
_PBKDF2_ITERATIONS = 3_000_000

_ARGON2_TYPES = {"argon2id": Type.ID, "argon2i": Type.I, "argon2d": Type.D}
_ARGON2_MINIMUM_SALT, _ARGON2_MINIMUM_DIGEST = 11, 6
"""Characters of 8 and 4 bytes: RFC 9106, 3.1, and what the reference implementation reads."""

_ARGON2 = re.compile(
    r"\$(argon2id|argon2i|argon2d)\$v=(?:16|19)"
    r"\$m=([1-9][0-9]{0,9}),t=([1-9][0-9]{0,9}),p=([1-9][0-9]{0,7})"
    r"\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)"
)
_BCRYPT = re.compile(r"\$2[aby]\$([0-9]{2})\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})")
_BCRYPT_ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_BCRYPT_READS_BYTES = 72
_PBKDF2 = re.compile(
    r"pbkdf2_(sha256|sha1)\$([1-9][0-9]{0,9})\$([^$\s]{1,128})\$([A-Za-z0-9+/]+=*)"
)


class StoredHash(Protocol):
    """`cost` is the share of what is affordable: above 1 it is not computed."""

    @property
    def cost(self) -> float: ...

    def matches(self, password: str) -> bool: ...


def read_hash(text: str) -> StoredHash | None:
    """None for what could never match: an unknown kind, or one that is not whole."""
    if len(text) > LONGEST:
        return None
    if found := _ARGON2.fullmatch(text):
        return _argon2(text, found)
    if found := _BCRYPT.fullmatch(text):
        exponent = int(found[1])
        return BcryptHash(text=text, exponent=exponent) if 4 <= exponent <= 31 else None
    if found := _PBKDF2.fullmatch(text):
        return _pbkdf2(found)
    return None


@dataclass(frozen=True, kw_only=True)
class Argon2Hash:
    text: str = field(repr=False)
    type: Type
    memory_kib: int
    passes: int
    lanes: int

    @property
    def cost(self) -> float:
        share = self.memory_kib * self.passes / _ARGON2_KIB_TIMES_PASSES
        return share if self.lanes <= _ARGON2_LANES else float("inf")

    def matches(self, password: str) -> bool:
        try:
            return verify_secret(self.text.encode(), password.encode(), self.type)
        except (VerificationError, ValueError):
            return False


def _argon2(text: str, found: re.Match[str]) -> Argon2Hash | None:
    memory_kib, passes, lanes = int(found[2]), int(found[3]), int(found[4])
    too_short = len(found[5]) < _ARGON2_MINIMUM_SALT or len(found[6]) < _ARGON2_MINIMUM_DIGEST
    if too_short or memory_kib < 8 * lanes:
        return None
    kind = _ARGON2_TYPES[found[1]]
    return Argon2Hash(text=text, type=kind, memory_kib=memory_kib, passes=passes, lanes=lanes)


@dataclass(frozen=True, kw_only=True)
class BcryptHash:
    """Reads 72 bytes of a password and no more, as the systems did that made these hashes."""

    text: str = field(repr=False)
    exponent: int

    @property
    def cost(self) -> float:
        return float(2**self.exponent / _BCRYPT_ROUNDS)

    def matches(self, password: str) -> bool:
        # The last of the 22 characters holds two bits of salt. Some systems left others set, which
        # the library does not take.
        salt = self.text[:28] + _without_low_bits(self.text[28])
        # Only accounts that came from elsewhere have such a hash, until they sign in.
        import bcrypt

        made = bcrypt.hashpw(password.encode()[:_BCRYPT_READS_BYTES], salt.encode())
        return hmac.compare_digest(made[29:], self.text[29:].encode())


def _without_low_bits(character: str) -> str:
    return _BCRYPT_ALPHABET[_BCRYPT_ALPHABET.index(character) & 0b110000]


@dataclass(frozen=True, kw_only=True)
class Pbkdf2Hash:
    """As `django.contrib.auth.hashers` encodes it: algorithm$iterations$salt$digest."""

    algorithm: str
    iterations: int
    salt: str
    digest: bytes = field(repr=False)

    @property
    def cost(self) -> float:
        return self.iterations / _PBKDF2_ITERATIONS

    def matches(self, password: str) -> bool:
        made = hashlib.pbkdf2_hmac(
            self.algorithm, password.encode(), self.salt.encode(), self.iterations
        )
        return hmac.compare_digest(made, self.digest)


def _pbkdf2(found: re.Match[str]) -> Pbkdf2Hash | None:
    try:
        digest = b64decode(found[4], validate=True)
        found[3].encode()
    except ValueError:
        return None
    if len(digest) != hashlib.new(found[1]).digest_size:
        return None
    return Pbkdf2Hash(algorithm=found[1], iterations=int(found[2]), salt=found[3], digest=digest)
