"""Refresh tokens as text: two MACs, and one spelling."""

from base64 import urlsafe_b64decode
from contextlib import suppress
from dataclasses import replace
from string import ascii_lowercase, ascii_uppercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.crypto.refresh_tokens import HmacRefreshTokenCodec
from adapters.crypto.server_secret import ServerSecret
from domain.errors import Unavailable
from domain.sessions import InvalidRefreshToken, Session
from tests.domain.samples import a_session, new_id

OLD, NEW = b"the old secret", b"the new secret"
codec = HmacRefreshTokenCodec(ServerSecret(OLD))


def family(of: HmacRefreshTokenCodec = codec, generation: int = 0) -> Session:
    secret, secret_id = of.new_family()
    return a_session(
        new_id(), refresh_secret=secret, server_secret_id=secret_id, generation=generation
    )


SESSION = family(generation=7)
TOKEN = codec.encode(SESSION)


def refuses(token: str, by: HmacRefreshTokenCodec = codec) -> bool:
    """Whether it does; any other exception than the promised one passes through."""
    try:
        by.decode(token)
    except InvalidRefreshToken:
        return True
    return False


@given(st.uuids(), st.integers(0, 2**31 - 1))
def test_a_token_tells_its_session_and_generation(session_id: object, generation: int) -> None:
    session = replace(SESSION, id=session_id, generation=generation)  # type: ignore[arg-type]
    token = codec.decode(codec.encode(session))
    assert (token.session_id, token.generation) == (session_id, generation)
    assert codec.belongs_to(token, session)
    # The inner MAC is of the session's secret, whichever generation is live by now.
    assert codec.belongs_to(token, replace(session, generation=0))


def test_a_token_is_a_function_of_session_and_generation() -> None:
    assert codec.encode(SESSION) == TOKEN
    assert codec.encode(replace(SESSION, generation=8)) != TOKEN


def test_a_token_belongs_to_one_session_and_one_secret() -> None:
    token = codec.decode(TOKEN)
    assert not codec.belongs_to(token, replace(SESSION, refresh_secret=b"another"))
    assert not codec.belongs_to(replace(token, generation=8), SESSION)
    assert not codec.belongs_to(replace(token, session_id=new_id()), SESSION)
    assert not codec.belongs_to(replace(token, inner_mac=b""), SESSION)


@given(st.data())
def test_no_bent_token_is_read(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(TOKEN) - 1))
    other = data.draw(st.characters().filter(lambda character: character != TOKEN[place]))
    assert refuses(TOKEN[:place] + other + TOKEN[place + 1 :])
    assert refuses(TOKEN[:place] + other + TOKEN[place:])
    assert refuses(TOKEN[:place])
    assert refuses(TOKEN + other)


def test_every_character_counts() -> None:
    for place, character in enumerate(TOKEN):
        other = "A" if character != "A" else "B"
        assert refuses(TOKEN[:place] + other + TOKEN[place + 1 :]), place


def test_of_the_spellings_of_the_same_bytes_one_is_read() -> None:
    alphabet = ascii_uppercase + ascii_lowercase + digits + "-_"
    raw = urlsafe_b64decode(TOKEN + "==")
    same = [TOKEN[:-1] + last for last in alphabet]
    same = [token for token in same if urlsafe_b64decode(token + "==") == raw]
    assert len(same) == 16
    assert [token for token in same if not refuses(token)] == [TOKEN]


@given(st.text(st.characters(), max_size=200))
def test_junk_is_an_invalid_token(junk: str) -> None:
    assert refuses(junk)
    with suppress(InvalidRefreshToken):
        codec.decode("A" * len(TOKEN) + junk)
        raise AssertionError("junk was read")


@pytest.mark.parametrize(
    "junk",
    ["", "=", "A" * len(TOKEN), "_" * len(TOKEN), "\ud800", "é" * 200, "A" * 1_000_000],
    ids=lambda junk: ascii(junk)[:12],
)
def test_what_is_no_token_is_an_invalid_token(junk: str) -> None:
    assert refuses(junk)
    assert junk == "" or refuses(TOKEN + junk)


def test_a_change_of_the_secret_keeps_families_on_theirs() -> None:
    rotated = HmacRefreshTokenCodec(ServerSecret(NEW, [OLD]))
    assert rotated.belongs_to(rotated.decode(TOKEN), SESSION)
    assert rotated.encode(SESSION) == TOKEN
    fresh = family(rotated)
    assert fresh.server_secret_id != SESSION.server_secret_id
    assert refuses(rotated.encode(fresh))


def test_without_its_secret_a_family_is_at_an_end() -> None:
    later = HmacRefreshTokenCodec(ServerSecret(NEW))
    assert refuses(TOKEN, later)
    with pytest.raises(Unavailable):
        later.encode(SESSION)


def test_no_two_families_share_a_secret() -> None:
    secrets = {codec.new_family()[0] for _ in range(20)}
    assert len(secrets) == 20
    assert {len(secret) for secret in secrets} == {32}


def test_what_is_stored_of_a_family_names_its_secret_without_telling_it() -> None:
    _, secret_id = codec.new_family()
    assert 1 <= len(secret_id) <= 16
    assert OLD.hex() not in secret_id
    assert "inner_mac" not in repr(codec.decode(TOKEN))
