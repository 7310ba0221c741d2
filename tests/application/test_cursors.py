"""Cursors: what was handed out is taken back by the same caller for the same list, nothing else."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.crypto.server_secret import ServerSecret
from application.pages import CursorCodec, Filters
from domain.access import Actor
from domain.pages import InvalidCursor
from tests.application.people import ROOT, signed_in, with_key
from tests.domain.samples import a_user, new_id

SECRET = ServerSecret(b"a secret of the tests")
codec = CursorCodec(macs=SECRET)
ADA, GRACE = signed_in(a_user()), signed_in(a_user())
NO_FILTER: Filters = {}
ID = new_id()
CURSOR = codec.encode(ID, listing="users", filters=NO_FILTER, actor=ADA)

filters = st.dictionaries(
    st.text(max_size=8), st.none() | st.text(st.characters(), max_size=8), max_size=3
)


def accepts(
    cursor: str, listing: str = "users", filters: Filters = NO_FILTER, actor: Actor = ADA
) -> bool:
    """Whether it does; any other exception than the promised one passes through."""
    try:
        codec.decode(cursor, listing=listing, filters=filters, actor=actor)
    except InvalidCursor:
        return False
    return True


@given(st.uuids(), st.text(max_size=10), filters, st.sampled_from([ADA, GRACE, ROOT]))
def test_what_was_handed_out_is_taken_back(
    position: UUID, listing: str, narrowed: Filters, actor: Actor
) -> None:
    cursor = codec.encode(position, listing=listing, filters=narrowed, actor=actor)
    assert codec.decode(cursor, listing=listing, filters=narrowed, actor=actor) == position
    assert len(cursor) <= 1024
    assert cursor.isascii()
    # The order in which filters are named says nothing.
    turned = dict(reversed(list(narrowed.items())))
    assert codec.decode(cursor, listing=listing, filters=turned, actor=actor) == position


def test_no_cursor_is_the_first_page() -> None:
    assert codec.decode(None, listing="users", filters=NO_FILTER, actor=ADA) is None


@given(filters, filters, st.text(max_size=8), st.text(max_size=8))
def test_a_cursor_is_for_one_list_and_its_filters(
    narrowed: Filters, others: Filters, listing: str, other: str
) -> None:
    assume(narrowed != others)
    assume(listing != other)
    cursor = codec.encode(ID, listing=listing, filters=narrowed, actor=ADA)
    assert accepts(cursor, listing, narrowed)
    assert not accepts(cursor, other, narrowed)
    assert not accepts(cursor, listing, others)


def test_a_cursor_is_for_one_caller() -> None:
    assert accepts(CURSOR)
    for actor in (GRACE, ROOT, Actor.anonymous(), Actor.system()):
        assert not accepts(CURSOR, actor=actor)
    # Another session, or a key, of the same account is the same caller.
    assert ADA.account is not None
    assert accepts(CURSOR, actor=signed_in(ADA.account))
    assert accepts(CURSOR, actor=with_key(ADA.account))


@given(st.data())
def test_no_bent_cursor_is_accepted(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(CURSOR) - 1))
    other = data.draw(st.characters().filter(lambda character: character != CURSOR[place]))
    assert not accepts(CURSOR[:place] + other + CURSOR[place + 1 :])
    assert not accepts(CURSOR[:place] + other + CURSOR[place:])
    assert not accepts(CURSOR[:place])
    assert not accepts(CURSOR + other)


@given(st.data())
def test_no_other_bytes_are_accepted(data: st.DataObject) -> None:
    raw = bytearray(urlsafe_b64decode(CURSOR))
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[bit // 8] ^= 1 << bit % 8
    assert not accepts(urlsafe_b64encode(raw).decode())


@given(
    st.text(st.characters(), max_size=100)
    | st.binary(max_size=80).map(lambda raw: urlsafe_b64encode(raw).decode())
)
def test_junk_is_an_invalid_cursor(junk: str) -> None:
    assert not accepts(junk)


@pytest.mark.parametrize(
    "junk",
    ["", " ", "=", "====", "é", "\ud800", "\0", "null", "A" * 1_000_000, "é" * 1_000_000, "=" * 9],
    ids=lambda junk: ascii(junk)[:12],
)
def test_what_is_no_cursor_is_an_invalid_cursor(junk: str) -> None:
    assert not accepts(junk)
    assert not accepts(CURSOR + junk) or junk == ""


def test_one_cursor_has_one_spelling() -> None:
    for spelling in (CURSOR.rstrip("="), CURSOR + "=", CURSOR + "\n", f" {CURSOR}", CURSOR + "!"):
        assert (spelling == CURSOR) or not accepts(spelling)
    standard = CURSOR.replace("-", "+").replace("_", "/")
    assert standard == CURSOR or not accepts(standard)


def test_a_cursor_survives_a_change_of_the_secret_once() -> None:
    later = CursorCodec(macs=ServerSecret(b"a later secret", [b"a secret of the tests"]))
    arguments: dict[str, object] = {"listing": "users", "filters": NO_FILTER, "actor": ADA}
    assert later.decode(CURSOR, **arguments) == ID  # type: ignore[arg-type]
    latest = CursorCodec(macs=ServerSecret(b"a later secret"))
    with pytest.raises(InvalidCursor):
        latest.decode(CURSOR, **arguments)  # type: ignore[arg-type]


class Row:
    def __init__(self, number: int) -> None:
        self.id = UUID(int=number)


@pytest.mark.parametrize(("found", "shown", "more"), [(0, 0, False), (3, 3, False), (4, 3, True)])
def test_one_too_many_tells_of_another_page(found: int, shown: int, more: bool) -> None:
    rows = [Row(number) for number in range(10, 10 - found, -1)]
    page = codec.page(rows, 3, listing="rows", filters=NO_FILTER, actor=ADA)
    assert page.items == tuple(rows[:shown])
    assert (page.next_cursor is not None) is more
    if page.next_cursor:
        position = codec.decode(page.next_cursor, listing="rows", filters=NO_FILTER, actor=ADA)
        assert position == rows[2].id
