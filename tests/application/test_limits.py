"""Who is charged for a call: callers by themselves, attempts by address and account alike."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.system.addresses import EmailValidatorNormaliser
from application.known_addresses import KnownAddresses
from application.limits import CallLimits, LimitGroup, address_block
from application.ports.rate_limiter import Charge, RateLimiter, RateLimitVerdict
from domain.access import Actor, Origin
from domain.rate_limits import RateLimitRule
from tests.application.people import ANYBODY, signed_in, with_key
from tests.domain.samples import a_user

RULES_OF_AUTH = RateLimitRule(3, 60)
RULES = {
    LimitGroup.AUTH: RULES_OF_AUTH,
    LimitGroup.WRITE: RateLimitRule(5, 60),
    LimitGroup.READ: None,
}
HERE, THERE = Origin(ip="192.0.2.7"), Origin(ip="192.0.2.8")


class Recorder(RateLimiter):
    """A limiter that remembers what it was asked."""

    def __init__(self) -> None:
        self.charges: list[Charge] = []
        self._limiter = MemoryRateLimiter()

    async def charge(self, charges: Sequence[Charge]) -> RateLimitVerdict:
        self.charges += charges
        return await self._limiter.charge(charges)

    async def healthy(self) -> bool:
        return True

    async def close(self) -> None:
        return


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


class Known(KnownAddresses):
    """Some that the test names, and how often it was asked."""

    def __init__(self) -> None:
        self.pairs: set[tuple[str, str]] = set()
        self.asked = 0

    async def include(self, email_key: str, address: str) -> bool:
        self.asked += 1
        return (email_key, address) in self.pairs


@pytest.fixture
async def known() -> Known:
    return Known()


@pytest.fixture
async def limits(recorder: Recorder, known: Known) -> CallLimits:
    addresses = EmailValidatorNormaliser()
    return CallLimits(limiter=recorder, rules=RULES, addresses=addresses, known=known)


async def test_a_group_without_a_rule_is_free(limits: CallLimits, recorder: Recorder) -> None:
    assert await limits.charge_caller(signed_in(a_user()), LimitGroup.READ) is None
    assert await limits.charge_address(HERE, LimitGroup.INTROSPECT) is None
    assert recorder.charges == []


async def test_what_was_charged_is_told(limits: CallLimits) -> None:
    applied = await limits.charge_caller(signed_in(a_user()), LimitGroup.WRITE)
    assert applied is not None
    assert (applied.group, applied.rule) == (LimitGroup.WRITE, RULES[LimitGroup.WRITE])
    assert (applied.verdict.allowed, applied.verdict.remaining) == (True, 4)


async def refused(limits: CallLimits, origin: Origin, email: str) -> bool:
    applied = await limits.charge_attempt(origin, email)
    assert applied is not None
    return not applied.verdict.allowed


async def test_attempts_on_one_account_add_up_from_everywhere(limits: CallLimits) -> None:
    for number, spelling in enumerate(["ada@example.com", "ADA@Example.com", "ada@EXAMPLE.COM"]):
        assert not await refused(limits, Origin(ip=f"192.0.2.{number}"), spelling)
    assert await refused(limits, Origin(ip="192.0.2.99"), "ada@example.com")
    assert not await refused(limits, Origin(ip="192.0.2.99"), "grace@example.com")


async def test_an_owner_has_turns_where_the_account_was_signed_in_to(
    limits: CallLimits, known: Known
) -> None:
    known.pairs = {("ada@example.com", "192.0.2.7")}
    for number in range(3):
        assert not await refused(limits, Origin(ip=f"203.0.113.{number}"), "ada@example.com")
    assert known.asked == 0
    assert await refused(limits, THERE, "ada@example.com")
    # As many as anybody has at one address.
    assert [await refused(limits, HERE, "Ada@example.com") for _ in range(4)] == [False] * 3 + [
        True
    ]


async def test_a_flood_of_refused_attempts_costs_few_look_ups(
    limits: CallLimits, known: Known
) -> None:
    for number in range(50):
        await refused(limits, HERE, "ada@example.com")
        await refused(limits, HERE, f"nobody-{number}@example.com")
    assert known.asked <= RULES_OF_AUTH.count
    assert await refused(limits, HERE, "grace@example.com")


async def test_attempts_from_one_address_add_up_whoever_they_name(limits: CallLimits) -> None:
    for email in ("ada@example.com", "nobody@example.com", "no address"):
        assert not await refused(limits, HERE, email)
    assert await refused(limits, HERE, "grace@example.com")
    assert not await refused(limits, THERE, "grace@example.com")


async def test_guessing_stays_limited_while_the_limiter_is_away(
    limits: CallLimits, recorder: Recorder
) -> None:
    await limits.charge_attempt(HERE, "ada@example.com")
    await limits.charge_caller(signed_in(a_user()), LimitGroup.WRITE)
    assert [charge.fail_closed for charge in recorder.charges] == [True, True, False]


async def test_an_administrator_who_creates_accounts_makes_no_attempt(
    limits: CallLimits, recorder: Recorder
) -> None:
    for actor in (signed_in(a_user(), "users:write"), with_key(a_user(), "users:write")):
        applied = await limits.charge_registration(actor, "ada@example.com")
        assert applied is not None
        assert applied.group is LimitGroup.WRITE
    for actor in (ANYBODY, signed_in(a_user())):
        applied = await limits.charge_registration(actor, "ada@example.com")
        assert applied is not None
        assert applied.group is LimitGroup.AUTH


async def test_callers_are_charged_apart(limits: CallLimits) -> None:
    ada, grace = signed_in(a_user()), signed_in(a_user())
    for _ in range(5):
        await limits.charge_caller(ada, LimitGroup.WRITE)
    over, fresh = [await limits.charge_caller(who, LimitGroup.WRITE) for who in (ada, grace)]
    assert over is not None
    assert fresh is not None
    assert [over.verdict.allowed, fresh.verdict.allowed] == [False, True]


def limited(rate_limit: int) -> Actor:
    return replace(with_key(a_user()), rate_limit=rate_limit)


async def test_a_key_with_a_limit_of_its_own_is_charged_by_that_alone(
    limits: CallLimits, recorder: Recorder
) -> None:
    key, other = limited(2), limited(2)
    applied = [await limits.charge_caller(key, group) for group in LimitGroup][:3]
    assert [each is not None and each.verdict.allowed for each in applied] == [True, True, False]
    assert applied[0] is not None
    assert (applied[0].group, applied[0].rule) == (LimitGroup.API_KEY, RateLimitRule(2, 60))
    fresh = await limits.charge_caller(other, LimitGroup.READ)
    assert fresh is not None
    assert fresh.verdict.allowed
    assert not any(charge.fail_closed for charge in recorder.charges)
    # Its account was charged for none of that.
    assert not any(str(key.user_id) in charge.key for charge in recorder.charges)


async def test_keys_without_a_limit_share_that_of_their_account(limits: CallLimits) -> None:
    ada = a_user()
    callers = [signed_in(ada), with_key(ada), with_key(ada)]
    left = [await limits.charge_caller(caller, LimitGroup.WRITE) for caller in callers]
    assert [each.verdict.remaining for each in left if each] == [4, 3, 2]


@pytest.mark.parametrize(
    ("ip", "block"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("::1", "::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (None, "unknown"),
        ("", "unknown"),
        ("unix:", "unknown"),
        ("192.0.2.256", "unknown"),
    ],
)
def test_a_client_is_an_address_or_what_one_customer_has(ip: str | None, block: str) -> None:
    assert address_block(ip) == block
