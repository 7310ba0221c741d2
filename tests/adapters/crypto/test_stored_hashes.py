"""Hashes of other systems: vectors that others published, the caps, and junk."""

import hashlib
import threading
import time
from base64 import b64encode
from collections.abc import Iterator

import bcrypt
import pytest
from argon2 import PasswordHasher as Argon2
from hypothesis import given
from hypothesis import strategies as st

from adapters.crypto.passwords import Argon2PasswordHasher
from adapters.crypto.stored_hashes import Argon2Hash, BcryptHash, read_hash
from application.ports.passwords import HashVerdict

# The test vectors of Openwall's crypt_blowfish, of RFC 6070 and of the Argon2 reference.
OPENWALL = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
SEVENTY_TWO = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
OPENWALL_72 = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"
REFERENCE = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"


def django(algorithm: str, password: str, *, salt: str = "seasalt", iterations: int = 10) -> str:
    digest = hashlib.pbkdf2_hmac(algorithm, password.encode(), salt.encode(), iterations)
    return f"pbkdf2_{algorithm}${iterations}${salt}${b64encode(digest).decode()}"


@pytest.fixture(scope="module")
def hasher() -> Iterator[Argon2PasswordHasher]:
    made = Argon2PasswordHasher(memory_kib=8, time_cost=1, concurrency=1)
    yield made
    made.close()


RFC_6070 = b64encode(bytes.fromhex("0c60c80f961f0e71f3a9b524af6012062fe037a6")).decode()


@pytest.mark.parametrize(
    ("password", "stored"),
    [
        ("U*U", OPENWALL),
        ("U*U", OPENWALL.replace("2a", "2b", 1)),
        ("U*U", OPENWALL.replace("2a", "2y", 1)),
        (SEVENTY_TWO, OPENWALL_72),
        ("password", f"pbkdf2_sha1$1$salt${RFC_6070}"),
        ("short", django("sha256", "short")),
        ("", django("sha256", "")),
        ("password", REFERENCE),
    ],
)
async def test_published_hashes_verify_and_are_due_for_another(
    hasher: Argon2PasswordHasher, password: str, stored: str
) -> None:
    assert hasher.appraise(stored) is HashVerdict.USABLE
    assert await hasher.verify(password, stored)
    assert not await hasher.verify(f"x{password}", stored)
    assert hasher.needs_rehash(stored)


async def test_bcrypt_reads_seventy_two_bytes_as_it_did_where_the_hash_was_made(
    hasher: Argon2PasswordHasher,
) -> None:
    assert await hasher.verify(f"{SEVENTY_TWO}chars after 72 are ignored", OPENWALL_72)
    assert not await hasher.verify(SEVENTY_TWO[:71], OPENWALL_72)
    # The seventy-second byte may be the first half of a character.
    cut = ("a" * 71 + "é").encode()[:72]
    stored = bcrypt.hashpw(cut, bcrypt.gensalt(4)).decode()
    assert await hasher.verify("a" * 71 + "é and more", stored)


async def test_a_salt_with_stray_bits_verifies(hasher: Argon2PasswordHasher) -> None:
    # 22 characters hold four bits more than a salt has, and some systems left them set.
    clean = bcrypt.hashpw(b"password", b"$2b$04$" + b"abcdefghijklmnopqrstuu").decode()
    for character in "vwxyz0":
        stray = clean[:28] + character + clean[29:]
        assert await hasher.verify("password", stray), character
        assert not await hasher.verify("Password", stray)


@pytest.mark.parametrize("kind", ["argon2", "bcrypt", "pbkdf2"])
async def test_a_password_matches_as_it_was_typed_and_as_it_is_kept_here(
    hasher: Argon2PasswordHasher, kind: str
) -> None:
    composed, typed = "caf\u00e9", "cafe\u0301"
    for hashed in (composed, typed):
        stored = {
            "argon2": lambda text: Argon2(time_cost=1, memory_cost=8, parallelism=1).hash(text),
            "bcrypt": lambda text: bcrypt.hashpw(text.encode(), bcrypt.gensalt(4)).decode(),
            "pbkdf2": lambda text: django("sha256", text),
        }[kind](hashed)
        assert await hasher.verify(composed, stored, as_typed=typed)
    assert not await hasher.verify(composed, stored)
    assert not await hasher.verify("other", stored, as_typed="others")


async def test_where_forms_differ_both_are_tried_whatever_is_stored(
    hasher: Argon2PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def noted(self: Argon2Hash, password: str) -> bool:
        tried.append(password)
        return False

    monkeypatch.setattr(Argon2Hash, "matches", noted)
    for stored in (None, "junk", await hasher.hash("password")):
        tried.clear()
        assert not await hasher.verify("caf\u00e9", stored, as_typed="cafe\u0301")
        assert sorted(tried) == ["cafe\u0301", "caf\u00e9"]
        tried.clear()
        assert not await hasher.verify("cafe", stored, as_typed="cafe")
        assert tried == ["cafe"]


TOO_COSTLY = [
    "$2b$15$" + "." * 53,
    "$2y$31$" + "." * 53,
    f"pbkdf2_sha256$3000001$salt${b64encode(bytes(32)).decode()}",
    f"pbkdf2_sha1$9999999999$salt${b64encode(bytes(20)).decode()}",
    "$argon2id$v=19$m=1048577,t=1,p=1$c2FsdHNhbHQ$ZGlnZXN0ZGlnZXN0",
    "$argon2id$v=19$m=1024,t=1,p=17$c2FsdHNhbHQ$ZGlnZXN0ZGlnZXN0",
]


@pytest.mark.parametrize("stored", TOO_COSTLY)
async def test_what_costs_too_much_is_refused_and_never_computed(
    hasher: Argon2PasswordHasher, stored: str
) -> None:
    assert hasher.appraise(stored) is HashVerdict.TOO_COSTLY
    started = time.monotonic()
    assert not await hasher.verify("password", stored)
    assert time.monotonic() - started < 0.2


@pytest.mark.parametrize(
    "stored",
    [
        "$2b$14$" + "." * 53,
        f"pbkdf2_sha256$3000000$salt${b64encode(bytes(32)).decode()}",
        "$argon2id$v=19$m=1048576,t=1,p=16$c2FsdHNhbHQ$ZGlnZXN0ZGlnZXN0",
    ],
)
def test_up_to_the_cap_is_usable(hasher: Argon2PasswordHasher, stored: str) -> None:
    assert hasher.appraise(stored) is HashVerdict.USABLE


def test_whoever_asks_for_more_of_new_hashes_allows_it_to_old_ones() -> None:
    dear = Argon2PasswordHasher(memory_kib=64, time_cost=1, concurrency=1)
    dear._dearest = 2.0
    assert dear.appraise("$2b$15$" + "." * 53) is HashVerdict.USABLE
    assert dear.appraise("$2b$16$" + "." * 53) is HashVerdict.TOO_COSTLY
    dear.close()


JUNK = [
    "",
    "!",
    "password",
    "5f4dcc3b5aa765d61d8327deb882cf99",
    "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
    "$2x$05$" + "." * 53,
    "$2b$03$" + "." * 53,
    "$2b$32$" + "." * 53,
    "$2b$5$" + "." * 53,
    "$2b$05$" + "." * 52,
    "$2b$05$" + "." * 53 + "\n",
    "$2b$05$" + "é" * 53,
    "pbkdf2_sha256$0$salt$" + b64encode(bytes(32)).decode(),
    "pbkdf2_sha256$-1$salt$" + b64encode(bytes(32)).decode(),
    "pbkdf2_sha256$\u0661$salt$" + b64encode(bytes(32)).decode(),
    "pbkdf2_sha256$1$$" + b64encode(bytes(32)).decode(),
    "pbkdf2_sha256$1$\ud800$" + b64encode(bytes(32)).decode(),
    "pbkdf2_sha256$1$salt$" + b64encode(bytes(31)).decode(),
    "pbkdf2_sha256$1$salt$AAA",
    "pbkdf2_sha512$1$salt$" + b64encode(bytes(64)).decode(),
    "bcrypt_sha256$$2b$05$" + "." * 53,
    "argon2$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$ZGlnZXN0ZGlnZXN0",
    "$argon2id$m=8,t=1,p=1$c2FsdHNhbHQ$ZGlnZXN0ZGlnZXN0",
    "$argon2id$v=19$m=7,t=1,p=1$c2FsdHNhbHQ$ZGlnZXN0ZGlnZXN0",
    "$argon2id$v=19$m=8,t=1,p=1$c2E$ZGlnZXN0ZGlnZXN0",
    "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$" + "A" * 2000,
]


@pytest.mark.parametrize("stored", JUNK)
async def test_what_is_no_hash_is_unknown_and_matches_nothing(
    hasher: Argon2PasswordHasher, stored: str
) -> None:
    assert hasher.appraise(stored) is HashVerdict.UNKNOWN
    for password in ("", "password"):
        assert not await hasher.verify(password, stored)


ALMOST = st.builds(
    "{}{}${}${}".format,
    st.sampled_from(["$2a$", "$2b$", "pbkdf2_sha256$", "pbkdf2_sha1$", "$argon2id$v=19$", "$"]),
    st.integers(-1, 5) | st.sampled_from(["04", "05", "m=8,t=1,p=1", "9" * 4400, "\0"]),
    st.text("./AZaz09$é\ud800", max_size=60),
    st.text("./AZaz09+/=", max_size=60) | st.just(b64encode(bytes(32)).decode()),
)


@given(st.text(st.characters(), max_size=80) | ALMOST)
async def test_nothing_that_is_stored_makes_it_stumble(
    hasher: Argon2PasswordHasher, stored: str
) -> None:
    assert not await hasher.verify("password", stored)
    hasher.appraise(stored)
    hasher.needs_rehash(stored)


async def test_hashes_of_others_are_computed_in_the_pool(
    hasher: Argon2PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []

    def noted(self: BcryptHash, password: str) -> bool:
        threads.append(threading.current_thread().name)
        return False

    monkeypatch.setattr(BcryptHash, "matches", noted)
    await hasher.verify("password", OPENWALL)
    assert [name.startswith("argon2") for name in threads] == [True]


def test_a_hash_does_not_need_a_pool_to_be_read() -> None:
    assert read_hash(OPENWALL) == BcryptHash(text=OPENWALL, exponent=5)
