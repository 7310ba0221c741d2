"""Which strings count as text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text import is_plain_text, is_storable

PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs")))
REFUSED = st.characters(categories=("Cc", "Cs"))


@given(PRINTABLE)
def test_anything_without_controls_and_surrogates_is_plain_text(value: str) -> None:
    assert is_plain_text(value)
    assert is_storable(value)


@given(PRINTABLE, REFUSED, PRINTABLE)
def test_one_control_or_surrogate_anywhere_is_enough(before: str, one: str, after: str) -> None:
    assert not is_plain_text(before + one + after)


@given(st.text(st.characters()))
def test_what_can_be_stored_can_be_encoded(value: str) -> None:
    if is_storable(value):
        assert "\0" not in value
        assert value.encode().decode() == value


@pytest.mark.parametrize("value", ["\n", "\t", "\x7f", "\x85"])
def test_controls_can_be_stored_but_are_not_plain(value: str) -> None:
    assert unicodedata.category(value) == "Cc"
    assert is_storable(value)
    assert not is_plain_text(value)


@pytest.mark.parametrize("value", ["\0", "\ud800", "a\0b", "a\udc00b"])
def test_nul_and_lone_surrogates_cannot_be_stored(value: str) -> None:
    assert not is_storable(value)


@pytest.mark.parametrize("value", ["", "שלום", "👩‍🚀", "e\u0301", "a\u202eb", "\u200b"])
def test_any_script_is_text(value: str) -> None:
    assert is_plain_text(value)
