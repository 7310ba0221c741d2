"""What the service and its operator do with signing keys."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.signing_keys.succession import KeySuccession
from domain.access import Actor, require_trusted
from domain.errors import ConcurrentChange
from domain.signing_keys import SigningKey, SigningKeyRules, SigningKeyStatus


class EnsureSigningKeys:
    """The service itself, at start: makes the current and the next key where they are missing.

    A next key of another algorithm than the setting's is replaced, so that a changed setting takes
    effect with the next rotation. Any number of workers may start at once. Raises Unavailable.
    """

    def __init__(self, *, succession: KeySuccession, rules: SigningKeyRules, clock: Clock) -> None:
        self._succession = succession
        self._rules = rules
        self._clock = clock

    async def execute(self) -> None:
        actor, now = Actor.system(), self._clock.now()
        await self._succession.carry_out_surely(actor, lambda keys: keys.completion(now))
        await self._succession.carry_out_surely(
            actor, lambda keys: keys.change_of_algorithm(self._rules.algorithm, now)
        )


@dataclass(frozen=True, kw_only=True)
class ListSigningKeysQuery:
    actor: Actor


class ListSigningKeys:
    """The operator: every key, oldest first. Raises NotAuthenticated, PermissionMissing."""

    def __init__(self, *, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, query: ListSigningKeysQuery) -> list[SigningKey]:
        require_trusted(query.actor)
        async with self._uow.reading() as uow:
            return await uow.signing_keys.list_all()


@dataclass(frozen=True, kw_only=True)
class RotateSigningKeysCommand:
    actor: Actor
    now: bool = False
    """Also where the next key may not be known everywhere yet."""


class RotateSigningKeys:
    """The operator: next becomes current, current becomes retired, and a fresh next key is made.

    Answers the new current key. Of several at once one rotates. Raises NotAuthenticated,
    PermissionMissing, RotationTooSoon, ConcurrentChange.
    """

    def __init__(self, *, succession: KeySuccession, clock: Clock) -> None:
        self._succession = succession
        self._clock = clock

    async def execute(self, command: RotateSigningKeysCommand) -> SigningKey:
        require_trusted(command.actor)
        now = self._clock.now()
        changed = await self._succession.carry_out(
            command.actor, lambda keys: keys.rotation(now, now=command.now)
        )
        return next(key for key in changed if key.status is SigningKeyStatus.CURRENT)


class RotateSigningKeysIfDue:
    """The service itself, once a minute: rotates when the current key is old enough.

    Of several workers at once one does. True if it was this one. Raises Unavailable.
    """

    def __init__(self, *, succession: KeySuccession, rules: SigningKeyRules, clock: Clock) -> None:
        self._succession = succession
        self._rules = rules
        self._clock = clock

    async def execute(self) -> bool:
        actor, now = Actor.system(), self._clock.now()
        roster = await self._succession.roster()
        try:
            if roster.completion(now):
                await self._succession.carry_out(actor, lambda keys: keys.completion(now))
                return False
            if not roster.rotation_is_due(now, self._rules.rotation_days):
                return False
            # Planned on keys that are read again: whoever was faster has made it too soon.
            await self._succession.carry_out(actor, lambda keys: keys.rotation(now))
        except ConcurrentChange:
            return False
        return True


@dataclass(frozen=True, kw_only=True)
class RetireSigningKeyCommand:
    actor: Actor
    kid: str


class RetireSigningKey:
    """The operator: replaces the next key by one of the algorithm that is set now.

    Retiring what is out of use changes nothing; True if something was changed. Raises
    NotAuthenticated, PermissionMissing, NotFound, KeyIsCurrent.
    """

    def __init__(self, *, succession: KeySuccession, clock: Clock) -> None:
        self._succession = succession
        self._clock = clock

    async def execute(self, command: RetireSigningKeyCommand) -> bool:
        require_trusted(command.actor)
        now = self._clock.now()
        changed = await self._succession.carry_out_surely(
            command.actor, lambda keys: keys.retirement(command.kid, now)
        )
        return bool(changed)


@dataclass(frozen=True, kw_only=True)
class RevokeSigningKeyCommand:
    actor: Actor
    kid: str


class RevokeSigningKey:
    """The operator: withdraws a key at once; every token that it signed is refused.

    Where it was the current or the next one, another takes its place in the same step. Revoking
    twice is revoking; True if something was changed. Raises NotAuthenticated, PermissionMissing,
    NotFound.
    """

    def __init__(self, *, succession: KeySuccession, clock: Clock) -> None:
        self._succession = succession
        self._clock = clock

    async def execute(self, command: RevokeSigningKeyCommand) -> bool:
        require_trusted(command.actor)
        now = self._clock.now()
        changed = await self._succession.carry_out_surely(
            command.actor, lambda keys: keys.revocation(command.kid, now)
        )
        return bool(changed)
