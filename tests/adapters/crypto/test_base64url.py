"""Base64 as tokens carry it: one alphabet, no padding, nothing skipped."""

import binascii
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.crypto import base64url


@given(st.binary(max_size=200))
def test_what_is_written_is_read_and_is_the_usual_form(raw: bytes) -> None:
    text = base64url.encode(raw)
    assert text == urlsafe_b64encode(raw).rstrip(b"=")
    assert base64url.decode(text) == raw


@pytest.mark.parametrize("strange", b"+/=*. \n\x00\xff")
@pytest.mark.parametrize("place", [0, 1, 3, 4, 7])
def test_nothing_strange_is_skipped(strange: int, place: int) -> None:
    text = bytearray(b"-_-_AAAA")
    assert base64url.decode(bytes(text)) == bytes.fromhex("fbffbf000000")
    text[place] = strange
    with pytest.raises(binascii.Error):
        base64url.decode(bytes(text))
    with pytest.raises(binascii.Error):
        base64url.decode(bytes([*b"-_-_", *[strange] * 4]))
