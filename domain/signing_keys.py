"""The keys that sign access tokens, the states they pass through, and what moves them on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.errors import ConcurrentChange, NotFound, Unavailable
from domain.sessions import InvalidAccessToken

JWKS_MAX_AGE_SECONDS = 300
"""How long others may keep a published key set before they ask again."""
PICK_UP_SECONDS = 10
"""By when every worker knows what was done to the keys, wherever it was done."""
_UNTIL_KNOWN = timedelta(seconds=JWKS_MAX_AGE_SECONDS + PICK_UP_SECONDS)


class UnknownSigningKey(InvalidAccessToken):
    """The token names a key that this process has not loaded; to the caller, any invalid token."""


class SigningKeySealed(Unavailable):
    """A stored key was sealed under a server secret that is not configured (any more)."""

    message = "A signing key cannot be opened: the server secret that sealed it is not configured."


class RotationTooSoon(ConcurrentChange):
    """Whoever verifies with a cached key set would refuse the next key's tokens."""

    message = "The next key is too new to be known everywhere: wait five minutes, or use --now."


class KeyIsCurrent(ConcurrentChange):
    """The key is the one that signs, so that another must take its place first."""

    message = "This key is the current one: rotate to retire it, or revoke it."


class SigningAlgorithm(StrEnum):
    """JOSE names (RFC 7518, RFC 8037)."""

    ES256 = "ES256"
    RS256 = "RS256"
    EDDSA = "EdDSA"
    HS256 = "HS256"


class SigningKeyStatus(StrEnum):
    NEXT = "next"
    """Published, not signing yet: verifiers learn it before the first token comes."""
    CURRENT = "current"
    RETIRED = "retired"
    """No longer signing; published until its last token has ended."""
    REVOKED = "revoked"
    """Withdrawn at once: tokens that it signed are refused."""


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """One key. It fixes its own algorithm; the setting decides that of new keys only.

    `public_jwk` is None for HS256, which has no public half. `sealed_private` is ciphertext.
    """

    kid: str
    algorithm: SigningAlgorithm
    status: SigningKeyStatus
    public_jwk: dict[str, str] | None
    sealed_private: bytes
    created_at: datetime
    activated_at: datetime | None
    retired_at: datetime | None
    """When it ceased to be of use, whether it was retired or revoked."""

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r}, algorithm={self.algorithm}, status={self.status})"

    def activated(self, at: datetime) -> "SigningKey":
        return replace(self, status=SigningKeyStatus.CURRENT, activated_at=at)

    def retired(self, at: datetime) -> "SigningKey":
        return replace(self, status=SigningKeyStatus.RETIRED, retired_at=at)

    def revoked(self, at: datetime) -> "SigningKey":
        return replace(self, status=SigningKeyStatus.REVOKED, retired_at=self.retired_at or at)


@dataclass(frozen=True, kw_only=True)
class SigningKeyRules:
    """What the settings say of signing keys. `algorithm` is that of new ones."""

    algorithm: SigningAlgorithm
    rotation_days: int
    access_ttl_seconds: int

    def retired_since(self, at: datetime) -> datetime:
        """A key that was retired at this instant or before signed no token that still lives.

        The margin is for workers that went on signing until they had heard of it.
        """
        return at - timedelta(seconds=self.access_ttl_seconds + PICK_UP_SECONDS)


@dataclass(frozen=True, kw_only=True)
class KeyMove:
    """One key's way from one state to another; it holds only if the key is still as `before`."""

    before: SigningKey
    after: SigningKey


@dataclass(frozen=True, kw_only=True)
class KeyChange:
    """What one act does: the moves in this order, then fresh keys in these states; all or none."""

    moves: tuple[KeyMove, ...] = ()
    fresh: tuple[SigningKeyStatus, ...] = ()


class KeyRoster:
    """Every key of an installation at one instant, and what each act would make of them.

    Every change leaves one current and one next key behind.
    """

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        self._keys = keys
        self.current = self._in_state(SigningKeyStatus.CURRENT)
        self.next = self._in_state(SigningKeyStatus.NEXT)

    def get(self, kid: str) -> SigningKey:
        """Raises NotFound."""
        for key in self._keys:
            if key.kid == kid:
                return key
        raise NotFound

    def completion(self, at: datetime) -> KeyChange | None:
        """Makes what is missing; None where nothing is."""
        if self.current is None:
            return self._succession((), at)
        if self.next is None:
            return KeyChange(fresh=(SigningKeyStatus.NEXT,))
        return None

    def change_of_algorithm(self, algorithm: SigningAlgorithm, at: datetime) -> KeyChange | None:
        """Has the next rotation bring the algorithm; None where it would do so already."""
        if self.next is None or self.next.algorithm is algorithm:
            return None
        return self._replacement_of_next(self.next, self.next.retired(at))

    def rotation(self, at: datetime, *, now: bool = False) -> KeyChange:
        """`now` does not wait until everybody knows the next key. Raises RotationTooSoon."""
        if self.current is None:
            return self._succession((), at)
        if not now and not self._next_is_known(at):
            raise RotationTooSoon
        return self._succession((_move(self.current, self.current.retired(at)),), at)

    def rotation_is_due(self, at: datetime, rotation_days: int) -> bool:
        """Not before the next key is known, however old the current one is."""
        since = self.current.activated_at if self.current else None
        due = since is not None and at - since >= timedelta(days=rotation_days)
        return due and self._next_is_known(at)

    def retirement(self, kid: str, at: datetime) -> KeyChange | None:
        """Replaces the next key; None where it is out of use. Raises NotFound, KeyIsCurrent."""
        key = self.get(kid)
        if key.status is SigningKeyStatus.CURRENT:
            raise KeyIsCurrent
        if key.status is not SigningKeyStatus.NEXT:
            return None
        return self._replacement_of_next(key, key.retired(at))

    def revocation(self, kid: str, at: datetime) -> KeyChange | None:
        """From any state; None where it is revoked already. Raises NotFound."""
        key = self.get(kid)
        revoked = key.revoked(at)
        match key.status:
            case SigningKeyStatus.REVOKED:
                return None
            case SigningKeyStatus.RETIRED:
                return KeyChange(moves=(_move(key, revoked),))
            case SigningKeyStatus.NEXT:
                return self._replacement_of_next(key, revoked)
            case SigningKeyStatus.CURRENT:
                return self._succession((_move(key, revoked),), at)

    def _in_state(self, status: SigningKeyStatus) -> SigningKey | None:
        return next((key for key in self._keys if key.status is status), None)

    def _next_is_known(self, at: datetime) -> bool:
        if self.next is None:
            return False
        return self._is_untouched() or at - self.next.created_at >= _UNTIL_KNOWN

    def _is_untouched(self) -> bool:
        """Both keys are the first of their kind: no key set was ever published without them."""
        return len({key.created_at for key in self._keys}) == 1 and len(self._keys) <= 2

    def _replacement_of_next(self, before: SigningKey, after: SigningKey) -> KeyChange:
        return KeyChange(moves=(_move(before, after),), fresh=(SigningKeyStatus.NEXT,))

    def _succession(self, leaving: tuple[KeyMove, ...], at: datetime) -> KeyChange:
        """The next key becomes current, or a fresh one where there is none."""
        if self.next is None:
            fresh = (SigningKeyStatus.CURRENT, SigningKeyStatus.NEXT)
            return KeyChange(moves=leaving, fresh=fresh)
        promotion = _move(self.next, self.next.activated(at))
        return KeyChange(moves=(*leaving, promotion), fresh=(SigningKeyStatus.NEXT,))


def _move(before: SigningKey, after: SigningKey) -> KeyMove:
    return KeyMove(before=before, after=after)
