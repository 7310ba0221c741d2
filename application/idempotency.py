"""Carrying out an act once, however often it is asked for (ADR 10)."""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from application.ports.clock import Clock
from application.ports.idempotency import AnswerVault
from application.ports.macs import MessageAuthenticator
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.errors import ConcurrentChange, Unavailable
from domain.idempotency import LEASE, LIFETIME, IdempotencyClaim, IdempotencyKeyReused

_FINGERPRINT = "idempotency-fingerprint"

R = TypeVar("R")


class Once(Generic[R]):
    """What a use case does for being repeatable; on its own it does nothing.

    R is what the use case answers with.
    """

    async def begin(self) -> None:
        """Call when caller and input are found good, outside of any unit of work.

        Does not return where the act was carried out before, or is under way: pass on what it
        raises.
        """

    async def keep(self, uow: UnitOfWork, result: R) -> None:
        """Call in the act's unit of work, last before its commit. Raises ConcurrentChange."""


@dataclass(frozen=True, kw_only=True)
class RepeatableRequest:
    """A request that its caller has given a key.

    `content` is asked for when the act has found it good: until then it may be of any size and
    depth. No password is part of it.
    """

    actor: Actor
    key: str = field(repr=False)
    operation: str
    content: Callable[[], str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class RepeatableAnswer:
    content: bytes = field(repr=False)
    is_repeated: bool


class Idempotency:
    """Keeps answers for a day, each in the transaction of its act; refusals are not kept."""

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        vault: AnswerVault,
        macs: MessageAuthenticator,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._vault = vault
        self._macs = macs
        self._clock = clock

    async def answer(
        self,
        request: RepeatableRequest,
        act: Callable[[Once[R]], Awaitable[R]],
        render: Callable[[R], bytes],
    ) -> RepeatableAnswer:
        """Carries the act out, unless it was before: then the answer is that of the first time.

        Raises what the act raises, IdempotencyKeyReused, and ConcurrentChange while the same
        request is under way.
        """
        once = _OncePerKey(request, render, self._uow, self._vault, self._macs, self._clock)
        try:
            result = await act(once)
        except _Answered as known:
            return RepeatableAnswer(content=known.content, is_repeated=True)
        except Exception:
            await once.release()
            raise
        return RepeatableAnswer(content=render(result), is_repeated=False)


class _Answered(Exception):
    """The way out of an act that was carried out before."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.content = content


class _OncePerKey(Once[R]):
    def __init__(
        self,
        request: RepeatableRequest,
        render: Callable[[R], bytes],
        uow: UnitOfWorkFactory,
        vault: AnswerVault,
        macs: MessageAuthenticator,
        clock: Clock,
    ) -> None:
        self._render = render
        self._uow = uow
        self._vault = vault
        self._macs = macs
        self._clock = clock
        self._scope = _scope_of(request.actor)
        self._asked = request
        self._request = self._key = b""
        self._claim: IdempotencyClaim | None = None

    async def begin(self) -> None:
        self._read_request()
        now = self._clock.now()
        digests = self._vault.digests(self._key)
        async with self._uow.reading() as uow:
            known = await uow.idempotency.find(self._scope, digests, now)
        if known is None:
            claim = IdempotencyClaim(
                scope=self._scope,
                key_digest=digests[0],
                fingerprint=self._macs.tag(_FINGERPRINT, self._request),
                leased_until=now + LEASE,
                created_at=now,
                expires_at=now + LIFETIME,
            )
        else:
            self._check(known)
            claim = replace(known, leased_until=now + LEASE)
        async with self._uow() as uow:
            is_ours = (
                await uow.idempotency.add(claim)
                if known is None
                else await uow.idempotency.take_over(known, claim.leased_until)
            )
            await uow.commit()
        if not is_ours:
            raise ConcurrentChange
        self._claim = claim

    def _read_request(self) -> None:
        asked = self._asked
        self._request = json.dumps([asked.operation, asked.content()]).encode()
        whose = [self._scope, asked.key]
        if asked.actor.user_id is None:
            # Strangers share a scope. What one of them asked for is no other one's business, not
            # even that it was asked for: another request is another key.
            whose.append(self._request.decode())
        self._key = json.dumps(whose).encode()

    def _check(self, known: IdempotencyClaim) -> None:
        if not self._macs.verify(_FINGERPRINT, self._request, known.fingerprint):
            raise IdempotencyKeyReused
        if known.sealed_answer is not None:
            raise _Answered(self._vault.open(self._key, known.sealed_answer, known.fingerprint))
        if known.leased_until > self._clock.now():
            raise ConcurrentChange

    async def keep(self, uow: UnitOfWork, result: R) -> None:
        if self._claim is None:
            raise RuntimeError("kept before it began")
        content = self._render(result)
        sealed = self._vault.seal(self._key, content, self._claim.fingerprint)
        if not await uow.idempotency.answer(self._claim, sealed):
            # It took longer than the lease, and a repetition has taken over: that one counts.
            raise ConcurrentChange

    async def release(self) -> None:
        """The act was refused, or failed: whoever asks again is given a new answer."""
        if self._claim is None:
            return
        # What cannot be released now is free when its lease has run out.
        with suppress(Unavailable):
            async with self._uow() as uow:
                await uow.idempotency.release(self._claim)
                await uow.commit()


def _scope_of(actor: Actor) -> str:
    """An account's keys are its own, whichever credential it sends them with."""
    return f"user:{actor.user_id}" if actor.user_id else actor.kind.value
