"""Sealed answers: opened by the caller's key and the server secret together, by nothing less."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.crypto.answers import AesGcmAnswerVault
from adapters.crypto.server_secret import ServerSecret
from tests.adapters.crypto.test_server_secret import bent

OLD, NEW = b"the old secret", b"the new secret"

old = AesGcmAnswerVault(ServerSecret(OLD))
rotated = AesGcmAnswerVault(ServerSecret(NEW, [OLD]))
new = AesGcmAnswerVault(ServerSecret(NEW))
texts = st.binary(max_size=64)


@given(texts, texts, texts)
def test_what_is_sealed_opens_with_its_key_and_context(
    key: bytes, answer: bytes, context: bytes
) -> None:
    sealed = old.seal(key, answer, context)
    assert old.open(key, sealed, context) == answer
    assert len(answer) < 8 or answer not in sealed
    assert old.seal(key, answer, context) != sealed


@given(texts, texts, texts, texts)
def test_a_seal_opens_nowhere_else(
    key: bytes, other_key: bytes, context: bytes, other_context: bytes
) -> None:
    assume(key != other_key)
    assume(context != other_context)
    sealed = old.seal(key, b"answer", context)
    for vault, with_key, beside in (
        (old, other_key, context),
        (old, key, other_context),
        (new, key, context),
    ):
        with pytest.raises(ValueError, match="sealed"):
            vault.open(with_key, sealed, beside)


@given(st.data())
def test_a_bent_seal_is_broken(data: st.DataObject) -> None:
    sealed = old.seal(b"key", b"answer", b"context")
    bit = data.draw(st.integers(0, 8 * len(sealed) - 1))
    cut = data.draw(st.integers(0, len(sealed) - 1))
    for broken in (bent(sealed, bit), sealed[:cut], sealed + b"\0"):
        with pytest.raises(ValueError, match=r"sealed|Nonce"):
            old.open(b"key", broken, b"context")


@given(texts, texts)
def test_a_digest_is_of_one_key_and_one_secret(key: bytes, other: bytes) -> None:
    assume(key != other)
    (digest,) = old.digests(key)
    assert len(digest) == 32
    assert old.digests(key) == (digest,)
    assert old.digests(other) != (digest,)
    assert new.digests(key) != (digest,)


def test_keys_and_answers_of_a_previous_secret_are_still_known() -> None:
    assert rotated.digests(b"key") == new.digests(b"key") + old.digests(b"key")
    assert rotated.open(b"key", old.seal(b"key", b"answer", b""), b"") == b"answer"
    assert new.open(b"key", rotated.seal(b"key", b"answer", b""), b"") == b"answer"


def test_what_is_stored_of_a_key_does_not_open_its_answer() -> None:
    sealed = old.seal(b"key", b"answer", b"context")
    (digest,) = old.digests(b"key")
    with pytest.raises(ValueError, match="sealed"):
        old.open(digest, sealed, b"context")
