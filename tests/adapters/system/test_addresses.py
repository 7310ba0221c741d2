"""What counts as an e-mail address, and the one form in which it is stored."""

import socket
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.system.addresses import EmailValidatorNormaliser, _normalise
from domain.addresses import EmailAddress, InvalidEmailAddress

normalise = EmailValidatorNormaliser().normalise

LOCAL_PARTS = st.text("abcXYZ019._+-éÜßñΣשд𝒜", min_size=1, max_size=64)
LABELS = st.text("abcXYZ019-éÜßñд例", min_size=1, max_size=20)
DOMAINS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
ALMOST_ADDRESSES = st.builds("{}@{}".format, LOCAL_PARTS, DOMAINS)
PLAIN = st.builds("{}@example.com".format, st.text("a1._+-", min_size=1, max_size=5)) | st.builds(
    "ada@{}.{}".format,
    st.text("a1-.", min_size=1, max_size=6),
    st.sampled_from(["com", "c", "1", "co-m", "c1", ""]),
)
LENGTHS = st.integers(1, 70)
LONG = st.builds(lambda a, b, c: f"{'a' * a}@{'b' * b}.{'c' * c}", LENGTHS, LENGTHS, LENGTHS)
JUNK = st.text(st.characters(), max_size=400)


@given(JUNK | ALMOST_ADDRESSES | st.builds("{}@{}".format, JUNK, JUNK))
def test_any_text_is_an_address_or_refused_as_none(text: str) -> None:
    with suppress(InvalidEmailAddress):
        normalised = normalise(text)
        assert normalised.address.isprintable()
        assert normalised.key == normalised.address.casefold()
        assert unicodedata.is_normalized("NFC", normalised.address)
        domain = normalised.address.rpartition("@")[2]
        assert domain == domain.encode("ascii").decode().lower()
        # Columns hold so many characters.
        assert len(normalised.address) <= 320
        assert len(normalised.key) <= 640


@given(PLAIN | LONG)
@example("a..b@example.com")
@example("ada@ab--c.com")
@example("ada@example.c1")
@example(f"{'a' * 65}@example.com")
def test_the_short_way_says_what_the_library_says(text: str) -> None:
    try:
        expected = _normalise(text)
    except InvalidEmailAddress:
        with pytest.raises(InvalidEmailAddress):
            normalise(text)
    else:
        assert normalise(text) == expected


@given(ALMOST_ADDRESSES)
def test_the_stored_form_is_its_own_stored_form(text: str) -> None:
    with suppress(InvalidEmailAddress):
        stored = normalise(text)
        assert normalise(stored.address) == stored


@given(ALMOST_ADDRESSES)
def test_however_it_is_composed_an_address_is_one(text: str) -> None:
    try:
        expected = normalise(unicodedata.normalize("NFC", text))
    except InvalidEmailAddress:
        with pytest.raises(InvalidEmailAddress):
            normalise(unicodedata.normalize("NFD", text))
    else:
        assert normalise(unicodedata.normalize("NFD", text)) == expected


@pytest.mark.parametrize(
    ("text", "address", "key"),
    [
        ("ada@example.com", "ada@example.com", "ada@example.com"),
        ("Ada.Lovelace@EXAMPLE.Com", "Ada.Lovelace@example.com", "ada.lovelace@example.com"),
        ("ada+news@example.com", "ada+news@example.com", "ada+news@example.com"),
        ("ada@Bücher.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah", "ada@xn--r8jz45g.xn--zckzah"),
        ("STRASSE@example.com", "STRASSE@example.com", "strasse@example.com"),
        ("straße@example.com", "straße@example.com", "strasse@example.com"),
        ("e\u0301va@example.com", "\u00e9va@example.com", "\u00e9va@example.com"),
        ("\u00c9va@example.com", "\u00c9va@example.com", "\u00e9va@example.com"),
        ("用户@example.com", "用户@example.com", "用户@example.com"),
        ("!#$%&'*+/=?^_`{|}~-@example.com",) * 3,
    ],
)
def test_an_address_has_one_stored_form_and_one_key(text: str, address: str, key: str) -> None:
    assert normalise(text) == EmailAddress(address=address, key=key)


def test_the_local_part_is_what_stands_before_the_domain() -> None:
    assert normalise("Ada.Lovelace@Example.com").local_part == "Ada.Lovelace"


@pytest.mark.parametrize(
    "domain",
    ["example.com", "example.org", "mail.test", "host.local", "a.invalid", "x.example", "b.onion"],
)
def test_reserved_domains_are_domains_too(domain: str) -> None:
    assert normalise(f"ada@{domain}").address == f"ada@{domain}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "ada",
        "@",
        "ada@",
        "@example.com",
        "ada@localhost",
        "ada@example",
        "ada@@example.com",
        "ada@exa mple.com",
        " ada@example.com",
        "ada@example.com ",
        "ada@example.com\n",
        "ada\0@example.com",
        "ada@example.com\0",
        "a da@example.com",
        ".ada@example.com",
        "ada.@example.com",
        "a..da@example.com",
        '"ada"@example.com',
        "Ada <ada@example.com>",
        "ada@127.0.0.1",
        "ada@[127.0.0.1]",
        "ada@[IPv6:::1]",
        "ada@-example.com",
        "ada@example-.com",
        "ada@.example.com",
        "ada@example.com.",
        "ada@ex_ample.com",
        "ada@xn--.example",
        "ada@xn--a.example",
        "a" * 65 + "@example.com",
        "ada@" + "a" * 64 + ".example",
        "ada@" + "a." * 124 + "example",
        "\ud800@example.com",
        "ada@\udfff.com",
        "ada\u202e@example.com",
        "ada\u200b@example.com",
        "ada@exam\u00adple\u2066.com",
        "ada,bob@example.com",
        "ada@example.com,bob@example.com",
    ],
    ids=ascii,
)
def test_what_mail_cannot_be_sent_to_is_refused(text: str) -> None:
    with pytest.raises(InvalidEmailAddress) as caught:
        normalise(text)
    (detail,) = caught.value.details
    assert (detail.field, detail.code) == ("email", "invalid_email")
    # What the library says of it quotes the text.
    assert caught.value.__suppress_context__


def test_length_costs_nothing() -> None:
    for text in ("a" * 1_000_000, "a" * 500_000 + "@" + "é." * 250_000, "@" * 1_000_000):
        with pytest.raises(InvalidEmailAddress):
            normalise(text)


def test_nobody_is_asked_whether_the_domain_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object, **__: object) -> None:
        raise AssertionError("no network here")

    for question in ("getaddrinfo", "gethostbyname", "create_connection", "socket"):
        monkeypatch.setattr(socket, question, ask)
    assert normalise("ada@no-such-domain.example").address == "ada@no-such-domain.example"
