"""The password policy: length in characters, nothing guessable, nothing else."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.errors import InvalidField
from domain.passwords import (
    _WALKS,
    PasswordCredential,
    PasswordPolicy,
    WeakPassword,
    normalise_password,
)
from domain.text import is_storable
from tests.domain.samples import new_id

COMMON = frozenset({"correct horse battery", "iloveyou", "password", "sstrasse"})
POLICY = PasswordPolicy(
    min_length=15,
    common=COMMON,
    service_names=frozenset({"Doorward"}),
)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def weakness(password: str, local_part: str = "ada.lovelace") -> str | None:
    """The reason for refusal, None if the password is accepted."""
    try:
        POLICY.check(password, local_part=local_part)
    except WeakPassword as error:
        (detail,) = error.details
        return detail.code
    return None


@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789 -_!", min_size=24, max_size=256))
def test_long_random_passwords_pass(password: str) -> None:
    # Whoever draws three characters, a walk or a word on the list did not draw at random.
    assume(len(set(password)) > 12)
    assert POLICY.check(password, local_part="ada") == password


@pytest.mark.parametrize(
    "password",
    [
        "a long sentence is best",
        "aaaaaaaaaaaaaab and then some",
        "correct horse battery staple",
        "пароль, который помню",
        "これはとても長いパスワードです",
        "🐎🔋🖇🐎🔋🖇🗝🐎🔋🖇🐎🔋🖇🗝🚪",
        "qwertyuiop has ten letters",
        "x9$Kq2!vB7#mZ4&wT",
        " leading and trailing ",
    ],
)
def test_good_passwords_pass_unchanged(password: str) -> None:
    assert POLICY.check(password, local_part="ada") == password


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300))
def test_length_alone_decides_length_and_is_judged_in_characters_after_nfc(password: str) -> None:
    characters = len(unicodedata.normalize("NFC", password))
    assert (weakness(password) == "password_length") is not (15 <= characters <= 256)


def test_the_bounds_belong_to_the_range() -> None:
    longest = "some words, then more: " * 12
    assert weakness(longest[:15]) is None
    assert weakness(longest[:256]) is None
    assert weakness(longest[:14]) == "password_length"
    assert weakness(longest[:257]) == "password_length"
    # Sixteen code units and thirty-two bytes of UTF-8, but eight characters.
    assert weakness("🐎🔋🖇🗝🚪🎉🧷🪤") == "password_length"


@given(ANY_TEXT)
def test_one_password_typed_on_two_keyboards_is_one_password(password: str) -> None:
    composed = unicodedata.normalize("NFC", password)
    decomposed = unicodedata.normalize("NFD", password)
    assert normalise_password(composed) == normalise_password(decomposed)
    assert normalise_password(password) == normalise_password(normalise_password(password))


def test_the_answer_is_the_normalised_password() -> None:
    typed = unicodedata.normalize("NFD", "Überflüssige Größenwörter")
    assert POLICY.check(typed, local_part="ada") == "Überflüssige Größenwörter"


walks = st.sampled_from(_WALKS)


@given(walks, st.integers(0, 40), st.integers(15, 256), st.booleans(), st.booleans())
def test_walking_along_the_keys_is_refused_from_wherever_it_starts(
    walk: str, start: int, length: int, backwards: bool, loud: bool
) -> None:
    path = (walk * 40)[start % len(walk) :][:length]
    path = path[::-1] if backwards else path
    assert weakness(path.upper() if loud else path) == "password_common"


@pytest.mark.parametrize(
    "password",
    ["123456789012345", "012345678901234", "12345678912345678", "543210987654321"],
)
def test_counting_is_a_walk_whether_or_not_zero_takes_part(password: str) -> None:
    assert weakness(password) == "password_common"


@given(st.text("abc123 é🐎", min_size=1, max_size=3), st.integers(15, 85))
def test_repeating_at_most_three_characters_is_refused(unit: str, times: int) -> None:
    assume(15 <= len(unit * times) <= 256)
    assert weakness(unit * times) == "password_common"


@given(
    st.sampled_from(sorted(COMMON)),
    st.integers(1, 12),
    st.text("0123456789 !@#$%^&*?.,-_+=", max_size=20),
    st.text("0123456789 !@#$%^&*?.,-_+=", max_size=20),
    st.booleans(),
)
def test_a_common_password_dressed_up_is_still_common(
    word: str, times: int, before: str, after: str, loud: bool
) -> None:
    password = before + word * times + after
    password = password.upper() if loud else password
    assume(15 <= len(unicodedata.normalize("NFC", password)) <= 256)
    assert weakness(password) == "password_common"


@given(
    st.sampled_from(["Doorward", "doorward", "DOORWARD", "Ada.Lovelace", "ada.lovelace"]),
    st.integers(1, 10),
    st.text("0123456789!", max_size=10),
)
def test_the_service_and_the_address_are_no_passwords(word: str, times: int, after: str) -> None:
    password = word * times + after
    assume(len(password) >= 15)
    assert weakness(password) == "password_context"


def test_words_around_a_name_make_a_password_of_it() -> None:
    assert weakness("ada.lovelace was here") is None
    assert weakness("open, doorward, open") is None


def test_somebody_elses_address_is_a_password_like_any_other() -> None:
    assert weakness("charles.babbage", local_part="charles.babbage") == "password_context"
    assert weakness("charles.babbage", local_part="ada.lovelace") is None


@pytest.mark.parametrize("password", ["\ud800" * 20, "a password with \0 in it"])
def test_what_is_no_text_is_refused_as_such(password: str) -> None:
    with pytest.raises(InvalidField) as caught:
        POLICY.check(password, local_part="ada", field="new_password")
    (detail,) = caught.value.details
    assert (detail.field, detail.code) == ("new_password", "invalid_text")


@given(st.text(st.characters(), max_size=300), st.text(max_size=10))
def test_any_string_is_accepted_or_refused_and_never_repeated(
    password: str, local_part: str
) -> None:
    try:
        accepted = POLICY.check(password, local_part=local_part)
    except (WeakPassword, InvalidField) as error:
        told = "".join([str(error), *(detail.message for detail in error.details)])
        assert len(password) < 4 or password not in told
    else:
        assert is_storable(accepted)


def test_the_field_at_fault_is_the_one_that_the_caller_filled_in() -> None:
    with pytest.raises(WeakPassword) as caught:
        POLICY.check("short", local_part="ada", field="new_password")
    (detail,) = caught.value.details
    assert detail.field == "new_password"
    assert detail.message == "A password has 15 to 256 characters."


def test_a_credential_does_not_show_its_hash() -> None:
    credential = PasswordCredential(
        user_id=new_id(), password_hash="$argon2id$hidden", updated_at=datetime.now(UTC)
    )
    assert "hidden" not in repr(credential)
    assert "hidden" not in f"{credential}"
