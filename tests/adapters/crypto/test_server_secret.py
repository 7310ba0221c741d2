"""MACs and seals under the server secret, and what a change of secret leaves standing."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.crypto.server_secret import SealBroken, ServerSecret

OLD, NEW, OTHER = b"the old secret", b"the new secret", b"somebody else's secret"

old = ServerSecret(OLD)
rotated = ServerSecret(NEW, [OLD])
new = ServerSecret(NEW)
messages = st.binary(max_size=64)
purposes = st.text(min_size=1, max_size=20)


@given(purposes, messages)
def test_a_tag_verifies_for_its_purpose_and_message(purpose: str, message: bytes) -> None:
    tag = old.tag(purpose, message)
    assert len(tag) == 32
    assert old.verify(purpose, message, tag)
    assert old.tag(purpose, message) == tag


@given(purposes, purposes, messages, messages)
def test_a_tag_is_worth_nothing_elsewhere(
    purpose: str, other_purpose: str, message: bytes, other_message: bytes
) -> None:
    assume(purpose != other_purpose)
    assume(message != other_message)
    tag = old.tag(purpose, message)
    assert not old.verify(other_purpose, message, tag)
    assert not old.verify(purpose, other_message, tag)
    assert not ServerSecret(OTHER).verify(purpose, message, tag)


@given(messages, st.integers(0, 255))
def test_a_bent_tag_does_not_verify(message: bytes, bit: int) -> None:
    tag = old.tag("purpose", message)
    assert not old.verify("purpose", message, bent(tag, bit))
    assert not old.verify("purpose", message, tag[:-1])
    assert not old.verify("purpose", message, tag + b"\0")
    assert not old.verify("purpose", message, b"")


def test_a_tag_of_a_previous_secret_still_verifies_and_new_ones_are_of_the_current() -> None:
    tag = old.tag("purpose", b"message")
    assert rotated.verify("purpose", b"message", tag)
    assert not new.verify("purpose", b"message", tag)
    assert rotated.tag("purpose", b"message") == new.tag("purpose", b"message") != tag


@given(purposes, st.binary(max_size=200), messages)
def test_what_is_sealed_opens_in_its_context(
    purpose: str, plaintext: bytes, context: bytes
) -> None:
    sealed = old.seal(purpose, plaintext, context)
    assert old.open(purpose, sealed, context) == plaintext
    assert len(plaintext) < 8 or plaintext not in sealed
    # Nothing tells whether two seals hold the same.
    assert old.seal(purpose, plaintext, context) != sealed


@given(purposes, purposes, messages, messages)
def test_a_seal_opens_nowhere_else(
    purpose: str, other_purpose: str, context: bytes, other_context: bytes
) -> None:
    assume(purpose != other_purpose)
    assume(context != other_context)
    sealed = old.seal(purpose, b"plaintext", context)
    for opener, where, beside in (
        (old, other_purpose, context),
        (old, purpose, other_context),
        (ServerSecret(OTHER), purpose, context),
        (new, purpose, context),
    ):
        with pytest.raises(SealBroken):
            opener.open(where, sealed, beside)


@given(st.data(), st.binary(max_size=40))
def test_a_bent_seal_is_broken(data: st.DataObject, plaintext: bytes) -> None:
    sealed = old.seal("purpose", plaintext, b"context")
    bit = data.draw(st.integers(0, 8 * len(sealed) - 1))
    cut = data.draw(st.integers(0, len(sealed) - 1))
    for broken in (bent(sealed, bit), sealed[:cut], sealed + b"\0"):
        with pytest.raises(SealBroken):
            old.open("purpose", broken, b"context")


@given(st.binary(max_size=60))
def test_junk_is_a_broken_seal(junk: bytes) -> None:
    for secret in (old, rotated):
        with pytest.raises(SealBroken):
            secret.open("purpose", junk, b"context")


def test_a_seal_of_a_previous_secret_still_opens_and_new_ones_are_of_the_current() -> None:
    sealed = old.seal("purpose", b"plaintext", b"context")
    assert rotated.open("purpose", sealed, b"context") == b"plaintext"
    renewed = rotated.seal("purpose", b"plaintext", b"context")
    assert new.open("purpose", renewed, b"context") == b"plaintext"
    with pytest.raises(SealBroken):
        old.open("purpose", renewed, b"context")


def test_the_same_secret_twice_is_one() -> None:
    twice = ServerSecret(NEW, [NEW, OLD])
    assert twice.open("purpose", new.seal("purpose", b"plaintext", b""), b"") == b"plaintext"
    assert twice.open("purpose", old.seal("purpose", b"plaintext", b""), b"") == b"plaintext"


def test_tags_and_seals_of_one_purpose_have_different_keys() -> None:
    keys = {old._key(OLD, f"{use}:purpose") for use in ("mac", "seal")} | {old._key(OLD, "id")}
    assert len(keys) == 3


def test_neither_the_secret_nor_its_keys_are_shown() -> None:
    shown = f"{rotated!r} {rotated}"
    assert shown == "ServerSecret(...) ServerSecret(...)"


def bent(text: bytes, bit: int) -> bytes:
    """The same with one bit turned."""
    changed = bytearray(text)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
