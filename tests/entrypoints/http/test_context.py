"""What is read of a request's head, and the id that a request is given."""

from uuid import RFC_4122, UUID

from entrypoints.http.context import Fields, new_request_id


def test_a_field_has_all_of_its_values_in_their_order() -> None:
    fields = Fields.of([(b"host", b"a"), (b"accept", b"x"), (b"host", b"b"), (b"x-a", b"\xe4\xb2")])
    assert fields[b"host"] == ["a", "b"]
    assert fields.first(b"host") == "a"
    assert fields.first(b"x-a") == "\xe4\xb2"
    assert fields.first(b"nothing") is None
    assert fields.get(b"nothing", []) == []


def test_an_id_of_ours_is_a_random_uuid() -> None:
    ids = {new_request_id() for _ in range(100)}
    assert len(ids) == 100
    for each in ids:
        read = UUID(each)
        assert (read.version, read.variant, str(read)) == (4, RFC_4122, each)
