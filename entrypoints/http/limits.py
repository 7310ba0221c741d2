"""Rate limits on requests: charging them, and telling clients where they stand."""

from math import ceil
from typing import Annotated

from fastapi import Depends, Request

from application.limits import AppliedLimit, CallLimits, LimitGroup
from config.container import Container
from domain.access import Actor
from domain.errors import RateLimited, Unauthenticated
from entrypoints.http.context import RequestContext, context_of

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class RequestLimits:
    """The limits for one request. Each method raises RateLimited when there is no room left."""

    def __init__(self, limits: CallLimits, context: RequestContext) -> None:
        self._limits = limits
        self._context = context
        self._group = LimitGroup.READ if context.method in _READING else LimitGroup.WRITE

    async def charge_caller(self, actor: Actor) -> None:
        self._apply(await self._limits.charge_caller(actor, self._group))

    async def charge_group(self, actor: Actor, group: LimitGroup) -> None:
        """For a call that belongs to another group than its method says."""
        self._apply(await self._limits.charge_caller(actor, group))

    async def charge_refused(self) -> None:
        """A credential was refused: the address pays."""
        self._apply(await self._limits.charge_address(self._context.origin, self._group))

    def charging_refusal(self) -> "_ChargingRefusal":
        """Around whatever looks at a credential that is not in a header."""
        return _ChargingRefusal(self)

    async def charge_attempt(self, email: str) -> None:
        """Call before a password is tried or mail is sent."""
        self._apply(await self._limits.charge_attempt(self._context.origin, email))

    async def charge_registration(self, actor: Actor, email: str) -> None:
        """Call before an account is created."""
        self._apply(await self._limits.charge_registration(actor, email))

    async def charge_link(self) -> None:
        """Call before a link from a mail is looked at: nobody knows yet whose it is."""
        self._apply(await self._limits.charge_address(self._context.origin, LimitGroup.AUTH))

    async def charge_own_attempt(self, actor: Actor) -> None:
        """The same, for a caller who is signed in."""
        await self.charge_attempt(actor.account.email.address if actor.account else "")

    def _apply(self, applied: AppliedLimit | None) -> None:
        self._context.limit = applied
        if applied is not None and not applied.verdict.allowed:
            raise RateLimited(retry_after_seconds=applied.verdict.retry_after_seconds)


class _ChargingRefusal:
    """Not a generator: what every refresh passes through costs as little as a `try`."""

    def __init__(self, limits: RequestLimits) -> None:
        self._limits = limits

    async def __aenter__(self) -> None:
        """Nothing is charged yet."""

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Unauthenticated):
            await self._limits.charge_refused()


async def get_limits(request: Request) -> RequestLimits:
    container: Container = request.app.state.container
    return RequestLimits(container.call_limits(), context_of(request.scope))


Limits = Annotated[RequestLimits, Depends(get_limits)]


def limit_headers(applied: AppliedLimit) -> list[tuple[bytes, bytes]]:
    """RateLimit fields (IETF draft, httpapi-ratelimit-headers) and their older X- forms.

    All times are seconds from now.
    """
    group, rule = applied.group.encode(), applied.rule
    remaining = b"%d" % applied.verdict.remaining
    reset = b"%d" % ceil(applied.verdict.reset_after_seconds)
    return [
        (b"ratelimit-policy", b'"%b";q=%d;w=%d' % (group, rule.count, rule.seconds)),
        (b"ratelimit", b'"%b";r=%b;t=%b' % (group, remaining, reset)),
        (b"x-ratelimit-limit", b"%d" % rule.count),
        (b"x-ratelimit-remaining", remaining),
        (b"x-ratelimit-reset", reset),
    ]
