"""The tokens of a session: for whom, for how long, and never for longer than the session."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.tokens import IssuedTokens
from domain.errors import Unavailable
from domain.sessions import Session, UnknownAudience
from domain.signing_keys import SigningKeyStatus
from domain.users import User
from tests.adapters.crypto.rings import a_key
from tests.domain.samples import a_session, a_user
from tests.worlds import World, open_world

ADA = a_user(roles={"user", "admin"})


def session_of(world: World, **changes: object) -> Session:
    """A fresh session under the secret of that world."""
    now = world.clock.now()
    secret, secret_id = world.container.refresh_tokens().new_family()
    session = a_session(
        ADA.id,
        auth_time=now,
        created_at=now,
        last_used_at=now,
        expires_at=now + timedelta(days=30),
        refresh_secret=secret,
        server_secret_id=secret_id,
    )
    return replace(session, **changes)  # type: ignore[arg-type]


def issue(
    world: World, session: Session, audience: str | None = None, user: User = ADA
) -> IssuedTokens:
    return world.container.tokens().issue(user, session, audience)


async def test_an_access_token_says_whose_it_is(service: World) -> None:
    session = session_of(service)
    issuer = service.container.settings().issuer
    claims = service.container.verifier().verify(issue(service, session).access_token)
    assert (claims.subject, claims.session_id) == (ADA.id, session.id)
    assert (claims.issuer, claims.audience) == (issuer, (issuer,))
    assert (claims.client_id, claims.roles) == ("first-party", ("admin", "user"))
    assert claims.auth_time == session.auth_time
    assert claims.issued_at == service.clock.now()


async def test_lifetimes_are_told_as_they_are(service: World) -> None:
    tokens = issue(service, session_of(service))
    assert tokens.expires_in == 900
    assert tokens.refresh_expires_in == 7 * 24 * 60 * 60
    claims = service.container.verifier().verify(tokens.access_token)
    assert claims.expires_at - claims.issued_at == timedelta(seconds=900)


@pytest.mark.parametrize("left", [0.4, 1, 59.9, 899])
async def test_no_token_outlives_its_session(service: World, left: float) -> None:
    service.clock.advance(0.3)
    now = service.clock.now()
    session = session_of(service, expires_at=now + timedelta(seconds=left))
    tokens = issue(service, session)
    assert tokens.expires_in <= left + 1
    assert tokens.refresh_expires_in <= left + 1
    if left >= 1:
        claims = service.container.verifier().verify(tokens.access_token)
        assert claims.expires_at <= session.expires_at


async def test_no_two_tokens_are_alike(service: World) -> None:
    session = session_of(service)
    tokens = [issue(service, session) for _ in range(3)]
    verify = service.container.verifier().verify
    assert len({verify(each.access_token).token_id for each in tokens}) == 3
    # But of one generation there is one refresh token.
    assert len({each.refresh_token for each in tokens}) == 1


async def test_an_audience_is_one_of_those_configured() -> None:
    orders = "https://orders.example.com"
    async with open_world("memory://", jwt_audiences=(orders,)) as world:
        session = session_of(world)
        token = issue(world, session, orders).access_token
        verified = world.container.verifier().verify(token, any_audience=True)
        assert verified.audience == (orders,)
        for unknown in ("", "https://elsewhere.example.com", orders + "/"):
            with pytest.raises(UnknownAudience):
                issue(world, session, unknown)


async def test_without_a_current_key_nothing_is_issued(service: World) -> None:
    retired = replace(a_key(), status=SigningKeyStatus.RETIRED)
    service.container.key_ring().load([retired])
    with pytest.raises(Unavailable):
        issue(service, session_of(service))
