"""Who may still try a password where too many tries have failed."""

from dataclasses import dataclass
from uuid import UUID

from application.limits import address_block
from application.ports.clock import Clock
from application.ports.macs import MessageAuthenticator
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Origin
from domain.backoff import BackoffRules, FailedSignIns
from domain.errors import RateLimited

_NO_ACCOUNT = UUID(int=0)


@dataclass(frozen=True, kw_only=True)
class SignInTry:
    """A try at the account of an address, before it is known whether there is one."""

    tag: bytes
    origin: Origin
    failed: FailedSignIns | None
    """What came before, read together with the account."""


class SignInBackoff:
    """After too many failures in a row strangers get one try in each pause.

    Addresses from which the account was signed in to lately are let in as ever. Addresses without
    an account take the same steps. Tries that are under way together are judged by the count before
    them: the bound is the free failures and whatever waits for its hash then. The counters are in
    the database: they survive restarts, hold across workers and need no Redis.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        macs: MessageAuthenticator,
        clock: Clock,
        rules: BackoffRules,
    ) -> None:
        self._uow = uow
        self._macs = macs
        self._clock = clock
        self._rules = rules

    def tag_of(self, email_key: str) -> bytes:
        """Not the address: the counters of those that have no account are no list of addresses."""
        return self._macs.tag("sign-in-failures", email_key.encode())

    async def admit(self, attempt: SignInTry, user_id: UUID | None) -> None:
        """Call before the password is looked at. Raises RateLimited, Unavailable."""
        failed = attempt.failed
        if failed is None or not self._rules.binds(failed):
            return
        if await self._is_known(user_id, attempt.origin):
            return
        now = self._clock.now()
        wait = self._rules.wait(failed, now)
        if wait.total_seconds() <= 0:
            async with self._uow() as uow:
                # Of all who come when the pause is over, one: a pause is worth one guess.
                is_first = await uow.backoff.claim_try(attempt.tag, failed, now)
                await uow.commit()
            if is_first:
                return
            wait = self._rules.pause_after(failed.count)
        raise RateLimited(retry_after_seconds=wait.total_seconds())

    async def _is_known(self, user_id: UUID | None, origin: Origin) -> bool:
        since = self._clock.now() - self._rules.known_for
        async with self._uow.reading() as uow:
            # Asked without an account, too: the answer takes as long.
            return await uow.backoff.is_known(
                user_id or _NO_ACCOUNT, address_block(origin.ip), since
            )

    async def count_failure(self, uow: UnitOfWork, attempt: SignInTry) -> None:
        """The last thing before the unit's commit: others who fail here wait for it."""
        await uow.backoff.add_failure(attempt.tag, self._clock.now())

    async def count_success(self, uow: UnitOfWork, attempt: SignInTry, user_id: UUID) -> None:
        """The account is signed in to."""
        if attempt.origin.ip is not None:
            await uow.backoff.remember_address(
                user_id, address_block(attempt.origin.ip), self._clock.now()
            )
        if attempt.failed is not None:
            await uow.backoff.forget_failures(attempt.tag)

    async def forgive(self, uow: UnitOfWork, email_key: str) -> None:
        """The account has a new password, which nobody has guessed at yet."""
        await uow.backoff.forget_failures(self.tag_of(email_key))
