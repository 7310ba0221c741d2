"""The text of keys: what comes out of one, and that nothing but the whole key will do."""

import hashlib
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.crypto import api_keys
from adapters.crypto.api_keys import Base62ApiKeyCodec
from domain.api_keys import ALPHABET, KEY_LENGTH
from domain.sessions import InvalidApiKey
from tests.domain.samples import an_api_key, new_id

CODEC = Base62ApiKeyCodec()
characters = st.sampled_from(ALPHABET) | st.characters()


def test_a_key_says_which_it_is_and_proves_it() -> None:
    minted = CODEC.mint()
    presented = CODEC.read(minted.text)
    mark, public_id, secret, _ = minted.text.split("_")
    assert (mark, public_id) == ("dw", minted.public_id)
    assert (presented.public_id, presented.secret_digest) == (public_id, minted.secret_digest)
    assert minted.secret_digest == hashlib.sha256(secret.encode()).digest()
    mine = an_api_key(new_id(), secret_digest=minted.secret_digest)
    assert CODEC.belongs_to(presented, mine)
    for digest in (b"", b"\xff" * 32, minted.secret_digest[:-1], CODEC.mint().secret_digest):
        assert not CODEC.belongs_to(presented, an_api_key(new_id(), secret_digest=digest))


def test_keys_are_all_different() -> None:
    minted = [CODEC.mint() for _ in range(200)]
    assert len({key.public_id for key in minted}) == len({key.text for key in minted}) == 200
    assert {len(key.text) for key in minted} == {KEY_LENGTH}
    used = set("".join(key.text for key in minted))
    assert used == set(ALPHABET) | {"_"}


def test_the_text_is_not_shown_by_accident() -> None:
    minted = CODEC.mint()
    presented = CODEC.read(minted.text)
    shown = f"{minted!r} {presented!r}"
    assert minted.text.split("_")[2] not in shown
    assert repr(minted.secret_digest) not in shown


@given(position=st.integers(0, KEY_LENGTH - 1), character=characters)
def test_one_character_changed_is_no_key(position: int, character: str) -> None:
    text = CODEC.mint().text
    changed = text[:position] + character + text[position + 1 :]
    if changed == text:
        return
    with pytest.raises(InvalidApiKey):
        CODEC.read(changed)


def test_every_single_change_of_one_key_is_noticed() -> None:
    text = CODEC.mint().text
    for position, was in enumerate(text):
        for character in ALPHABET.replace(was, ""):
            with pytest.raises(InvalidApiKey):
                CODEC.read(text[:position] + character + text[position + 1 :])


@pytest.mark.parametrize(
    "bend",
    [
        lambda text: "",
        lambda text: text[:-1],
        lambda text: text[1:],
        lambda text: text[: KEY_LENGTH // 2],
        lambda text: text.rpartition("_")[0],
        lambda text: text.lower(),
        lambda text: text.upper(),
        lambda text: text.swapcase(),
        lambda text: f" {text}",
        lambda text: f"{text}\n",
        lambda text: text + text,
        lambda text: text.replace("_", "-"),
        lambda text: text[::-1],
        lambda text: "é" * KEY_LENGTH,
        lambda text: text[:-1] + "\u0661",
        lambda text: "\ud800" * KEY_LENGTH,
        lambda text: "\0" * KEY_LENGTH,
        lambda text: "k" * 10_240,
        lambda text: text + "k" * 10_240,
    ],
)
def test_what_was_cut_or_mistyped_is_no_key(bend: object) -> None:
    assert callable(bend)
    with pytest.raises(InvalidApiKey):
        CODEC.read(bend(CODEC.mint().text))


@given(st.text(max_size=200))
def test_no_text_is_a_key_by_chance(text: str) -> None:
    with pytest.raises(InvalidApiKey):
        CODEC.read(text)


def test_of_what_is_too_long_nothing_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    class Untouchable:
        def fullmatch(self, _: str) -> NoReturn:
            raise AssertionError("looked at")

    monkeypatch.setattr(api_keys, "KEY_FORM", Untouchable())
    with pytest.raises(InvalidApiKey):
        CODEC.read("k" * 1_000_000)
