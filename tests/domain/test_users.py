"""What holds for every account."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidField
from domain.users import UserStatus, check_name, check_role_count
from tests.domain.samples import a_user

VISIBLE = st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"))
PLAIN = st.characters(exclude_categories=("Cc", "Cs"))


@given(VISIBLE, st.text(PLAIN, max_size=199))
def test_a_name_comes_back_as_it_was_given(first: str, rest: str) -> None:
    assert check_name(first + rest) == first + rest
    assert check_name(rest + first) == rest + first


@pytest.mark.parametrize(
    "name",
    ["", " ", "\u2003\u00a0", "x" * 201, "a\0b", "a\nb", "\ud800", "a\x1b[2J", "a\x9fb"],
    ids=ascii,
)
def test_what_is_no_name_is_refused_without_repeating_it(name: str) -> None:
    with pytest.raises(InvalidField) as caught:
        check_name(name)
    (detail,) = caught.value.details
    assert (detail.field, detail.code) == ("name", "invalid_name")
    assert detail.message == "A name has 1 to 200 printable characters."


def test_length_of_a_name_is_judged_in_characters() -> None:
    assert check_name("🗝" * 200) == "🗝" * 200


def test_a_user_has_at_most_twenty_roles() -> None:
    check_role_count(frozenset(map(str, range(20))))
    with pytest.raises(InvalidField) as caught:
        check_role_count(frozenset(map(str, range(21))))
    assert [detail.code for detail in caught.value.details] == ["too_many_roles"]


def test_only_an_active_account_is_active() -> None:
    assert {status for status in UserStatus if a_user(status=status).is_active} == {
        UserStatus.ACTIVE
    }
