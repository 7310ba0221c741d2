"""Who is charged for a call, and under which rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network

from application.known_addresses import KnownAddresses
from application.ports.addresses import AddressNormaliser
from application.ports.rate_limiter import Charge, RateLimiter, RateLimitVerdict
from domain.access import Actor, Origin
from domain.addresses import InvalidEmailAddress
from domain.api_keys import rule_of
from domain.rate_limits import RateLimitRule
from domain.roles import USERS_WRITE

_IPV6_CLIENT_BITS = 64
"""What one customer of a network usually has; a single address can be changed at will."""


class LimitGroup(StrEnum):
    AUTH = "auth"
    """Whatever tries a password or sends mail."""
    WRITE = "write"
    READ = "read"
    INTROSPECT = "introspect"
    API_KEY = "api_key"
    """Every call with a key that has a limit of its own, whatever it does."""


@dataclass(frozen=True, kw_only=True)
class AppliedLimit:
    """A group's rule as it was just charged."""

    group: LimitGroup
    rule: RateLimitRule
    verdict: RateLimitVerdict


class CallLimits:
    """Charges calls. None where the group has no limit. Never raises for an outage of the limiter.

    A caller who is known is charged for themselves, whatever address they come from; who is not
    known yet is charged by address. Attempts are charged to the address and to the account that
    they name alike, whether it exists or not.
    """

    def __init__(
        self,
        *,
        limiter: RateLimiter,
        rules: Mapping[LimitGroup, RateLimitRule | None],
        addresses: AddressNormaliser,
        known: KnownAddresses,
    ) -> None:
        self._limiter = limiter
        self._rules = rules
        self._addresses = addresses
        self._known = known

    async def charge_caller(self, actor: Actor, group: LimitGroup) -> AppliedLimit | None:
        """For a call of an authenticated account, or of a key with a limit of its own."""
        if actor.rate_limit is not None:
            rule, key = rule_of(actor.rate_limit), f"{LimitGroup.API_KEY}:{actor.api_key_id}"
            verdict = await self._limiter.charge([Charge(key=key, rule=rule)])
            return AppliedLimit(group=LimitGroup.API_KEY, rule=rule, verdict=verdict)
        return await self._charge(group, [f"account:{actor.user_id}"])

    async def charge_address(self, origin: Origin, group: LimitGroup) -> AppliedLimit | None:
        """For a call whose credential was refused, or that names no account."""
        return await self._charge(group, [f"address:{address_block(origin.ip)}"])

    async def charge_attempt(self, origin: Origin, email: str) -> AppliedLimit | None:
        """For a call that tries a password, or has mail sent to somebody. Raises Unavailable.

        Who uses up an account's turns does not keep its owner out: from where it was signed in to
        lately there are turns of its own. Those are asked for first, so that a flood of refused
        calls costs the database as few look-ups as the address has turns.
        """
        block, email_key = address_block(origin.ip), self._email_key(email)
        address, account = f"address:{block}", f"email:{email_key}"
        shared = await self._charge(LimitGroup.AUTH, [address, account])
        if shared is None or shared.verdict.allowed:
            return shared
        own = await self._charge(LimitGroup.AUTH, [address, f"{account}:{block}"])
        if own is None or not own.verdict.allowed:
            return own
        return own if await self._known.include(email_key, block) else shared

    async def charge_registration(self, actor: Actor, email: str) -> AppliedLimit | None:
        """An administrator who creates accounts works; everybody else makes an attempt."""
        if actor.user_id is not None and actor.may(USERS_WRITE):
            return await self.charge_caller(actor, LimitGroup.WRITE)
        return await self.charge_attempt(actor.origin, email)

    async def _charge(self, group: LimitGroup, keys: Sequence[str]) -> AppliedLimit | None:
        rule = self._rules.get(group)
        if rule is None:
            return None
        # Guessing must not become free because the limiter is away; everything else goes on.
        fail_closed = group is LimitGroup.AUTH
        charges = [Charge(key=f"{group}:{key}", rule=rule, fail_closed=fail_closed) for key in keys]
        verdict = await self._limiter.charge(charges)
        return AppliedLimit(group=group, rule=rule, verdict=verdict)

    def _email_key(self, email: str) -> str:
        try:
            return self._addresses.normalise(email).key
        except InvalidEmailAddress:
            return email.casefold()


def address_block(ip: str | None) -> str:
    """An IPv4 address, or the /64 that an IPv6 address is in; anything else is one client."""
    try:
        address = ip_address(ip or "")
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        # As a dual-stack socket reports IPv4 clients: together they would be one /64.
        return str(address.ipv4_mapped)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _IPV6_CLIENT_BITS), strict=False))
    return str(address)
