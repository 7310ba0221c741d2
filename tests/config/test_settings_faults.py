"""What a configuration is refused for, how it is said, and what is never said."""

import secrets
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.settings import ConfigurationError, Settings, load_settings
from config.settings.secret_strength import weakness
from config.settings.variables import FILE_READABLE

SetVariables = Callable[..., None]
FindFaults = Callable[..., list[str]]

SECRET = "q7Zt-L0vR2mX9pK4nB8sWd3Fh6Jc1Gy5"
# The least that production accepts.
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": SECRET,
    "REGISTRATION_CONFIRMATION": "none",
}

REFUSED = [
    *(("ENVIRONMENT", value) for value in ("Production", "prod")),
    *(("HOST", value) for value in ("a b", "http://x")),
    *(("PORT", value) for value in ("0", "65536", "http", "1.5")),
    *(("WORKERS", value) for value in ("0", "many")),
    *((name, value)
      for name in ("PUBLIC_URL", "ISSUER", "VERIFY_URL", "RESET_URL", "MAIL_API_URL")
      for value in ("example.com", "ftp://example.com", "https://", "https://u:p@example.com",
                    "https://example.com/#x", "https://example.com:x", "https://example.com:0",
                    "https://exa mple.com", "https:example.com", "https://ex\u00e4mple.com",
                    "https://[::1", "https://example.com\\x")),
    *((name, "https://example.com/?x=1") for name in ("PUBLIC_URL", "ISSUER", "MAIL_API_URL")),
    *(("ALLOWED_HOSTS", value) for value in ("https://a", "a:80", "a*", "*.", "::x", "a b", ",")),
    *(("TRUSTED_PROXIES", value) for value in ("*", "10.0.0.1/8", "proxy", "10.0.0.0/33")),
    *(("CORS_ORIGINS", value) for value in ("example.com", "https://a/b", "null", "https://*.a",
                                             "https://a:99999", "https://u@a")),
    *(("DRAIN_SECONDS", value) for value in ("-1", "nan", "inf", "5s")),
    *(("SHUTDOWN_GRACE_SECONDS", value) for value in ("0", "nan")),
    *(("ADMIN_EMAIL", value) for value in ("admin", "a@b@c", "a b@c")),
    *(("DATABASE_POOL_SIZE", value) for value in ("0", "x")),
    ("DATABASE_MAX_OVERFLOW", "-1"),
    ("DATABASE_POOL_TIMEOUT_SECONDS", "0"),
    ("DATABASE_POOL_RECYCLE_SECONDS", "0"),
    ("DATABASE_STATEMENT_TIMEOUT_SECONDS", "0"),
    ("DATABASE_PGBOUNCER", "maybe"),
    *(("REDIS_URL", value) for value in ("http://h", "redis:h", "redis://h:x", "redis://h/db",
                                          "unix://", "redis://:a#b@h")),
    ("REDIS_TIMEOUT_SECONDS", "0"),
    *(("JWT_ALGORITHM", value) for value in ("none", "es256")),
    *(("JWT_AUDIENCES", value) for value in ("a b", "\u00e4")),
    ("SIGNING_KEY_ROTATION_DAYS", "0"),
    ("ACCESS_TOKEN_TTL_SECONDS", "0"),
    ("REFRESH_TOKEN_TTL_SECONDS", "0"),
    ("REFRESH_TOKEN_IDLE_SECONDS", "0"),
    ("REFRESH_GRACE_SECONDS", "-1"),
    *(("PASSWORD_MIN_LENGTH", value) for value in ("7", "257")),
    ("ARGON2_MEMORY_KIB", "19455"),
    ("ARGON2_TIME_COST", "1"),
    ("HASH_CONCURRENCY", "0"),
    *((f"RATE_LIMIT_{group}", value) for group in ("AUTH", "WRITE", "READ", "INTROSPECT")
      for value in ("10", "10/0", "0/60", "-1/60", "10/60s", "on", "\u00b2/60")),
    ("REGISTRATION", "maybe"),
    ("REGISTRATION_CONFIRMATION", "sms"),
    ("MAILER", "pigeon"),
    *(("SMTP_URL", value) for value in ("http://h", "smtp://", "smtp://h:x", "smtp://h/x",
                                         "smtp://h?tls=1", "smtp://h?starttls=1")),
    ("MAIL_API_TOKEN", "two words"),
    *(("MAIL_FROM", value) for value in ("nobody", "Door <>", "Door a@b", "<a@b> x",
                                         "a@b\nBcc: c@d")),
    ("JOBS", "cron"),
    ("EVENT_RETENTION_DAYS", "0"),
    ("METRICS_TOKEN", "t\u00f6ken"),
    ("DEBUG", "perhaps"),
    ("LOG_LEVEL", "LOUD"),
    ("LOG_FORMAT", "xml"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_refused_values(name: str, value: str, find_faults: FindFaults) -> None:
    faults = find_faults(**{name: value})
    assert len(faults) == 1
    variable, _, sentence = faults[0].partition(": ")
    assert variable == f"DOORWARD_{name}"
    assert sentence.startswith("must ")
    assert "\n" not in faults[0]


def test_every_setting_with_bounds_has_a_refused_value() -> None:
    # Databases have a table of their own; these take any text.
    elsewhere = {"database_url", "database_read_url"}
    free = {"secret_key", "secret_key_previous", "admin_password", "data_dir"}
    assert {name.lower() for name, _ in REFUSED} == Settings.model_fields.keys() - elsewhere - free


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("PORT", "x", "must be an integer between 1 and 65535"),
        ("DRAIN_SECONDS", "x", "must be a number between 0 and 3600"),
        ("REDIS_TIMEOUT_SECONDS", "x", "must be a number above 0 and at most 3600"),
        ("DEBUG", "x", "must be true or false"),
        ("JWT_ALGORITHM", "x", "must be one of ES256, RS256, EdDSA, HS256"),
        ("LOG_LEVEL", "x", "must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("RATE_LIMIT_READ", "x", "must be count/seconds, each at least 1, or off"),
        ("TRUSTED_PROXIES", "x", "must be IP addresses or networks such as 10.0.0.0/8"),
    ],
)
def test_a_fault_says_what_is_wanted(
    name: str, value: str, line: str, find_faults: FindFaults
) -> None:
    assert find_faults(**{name: value}) == [f"DOORWARD_{name}: {line}"]


def variables_of(faults: list[str]) -> list[str]:
    return [line.partition(":")[0].removeprefix("DOORWARD_") for line in faults]


def test_production_accepts_the_least(find_faults: FindFaults) -> None:
    assert find_faults(**PRODUCTION) == []


@pytest.mark.parametrize(
    ("change", "blamed"),
    [
        ({"SECRET_KEY": ""}, ["SECRET_KEY"]),
        ({"SECRET_KEY": "x" * 31}, ["SECRET_KEY"]),
        ({"SECRET_KEY": "x" * 64}, ["SECRET_KEY"]),
        ({"SECRET_KEY_PREVIOUS": f"{SECRET},short"}, ["SECRET_KEY_PREVIOUS"]),
        ({"DEBUG": "true"}, ["DEBUG"]),
        ({"CORS_ORIGINS": "https://a,*"}, ["CORS_ORIGINS"]),
        ({"DATABASE_URL": "memory://"}, ["DATABASE_URL"]),
        ({"WORKERS": "2"}, ["DATABASE_URL", "REDIS_URL"]),
        ({"WORKERS": "2", "REDIS_URL": "redis://h"}, ["DATABASE_URL"]),
        ({"WORKERS": "2", "DATABASE_URL": "postgres://h/d"}, ["REDIS_URL"]),
        ({"WORKERS": "2", "DATABASE_URL": "postgres://h/d", "REDIS_URL": "redis://h"}, []),
        ({"REGISTRATION_CONFIRMATION": "", "MAILER": "smtp", "SMTP_URL": "smtp://h"}, []),
    ],
)
def test_production_refuses(
    change: dict[str, str], blamed: list[str], find_faults: FindFaults
) -> None:
    assert variables_of(find_faults(**{**PRODUCTION, **change})) == blamed
    if "memory://" not in change.values():
        assert find_faults(ENVIRONMENT="staging") == []


@pytest.mark.parametrize(
    ("settings", "blamed"),
    [
        ({"DATABASE_URL": "memory://", "WORKERS": "2"}, ["WORKERS"]),
        ({"DATABASE_URL": "memory://", "JOBS": "celery", "REDIS_URL": "redis://h"}, ["JOBS"]),
        ({"DATABASE_URL": "postgres://h/d", "DATABASE_READ_URL": "sqlite:///x"},
         ["DATABASE_READ_URL"]),
        ({"JOBS": "celery"}, ["REDIS_URL"]),
        ({"MAILER": "smtp"}, ["SMTP_URL"]),
        ({"MAILER": "http"}, ["MAIL_API_URL"]),
        ({"MAILER": "http", "MAIL_API_URL": "https://mail.example/send"}, []),
        ({"WORKERS": "2"}, []),
    ],
)  # fmt: skip
def test_refused_everywhere(
    settings: dict[str, str], blamed: list[str], find_faults: FindFaults
) -> None:
    assert variables_of(find_faults(**settings)) == blamed


def test_all_faults_are_reported_together(find_faults: FindFaults) -> None:
    faults = find_faults(
        ENVIRONMENT="production",
        PORT="x",
        METRICS_TOKEN_FILE="/nowhere/at/all",
        SECRET_KEY="changeme",
        DEBUG="true",
        CORS_ORIGINS="*",
        DATABASE_URL="memory://",
        WORKERS="3",
        LOG_FORMAT="xml",
    )
    assert variables_of(faults) == [
        *("PORT", "LOG_FORMAT", "METRICS_TOKEN_FILE", "SECRET_KEY", "DEBUG", "CORS_ORIGINS"),
        *("DATABASE_URL", "REDIS_URL", "WORKERS"),
    ]


def test_rules_leave_out_what_could_not_be_read(find_faults: FindFaults) -> None:
    faults = find_faults(ENVIRONMENT="production", SECRET_KEY=SECRET, WORKERS="x", MAILER="x")
    assert variables_of(faults) == ["WORKERS", "MAILER"]
    assert variables_of(find_faults(ENVIRONMENT="x", WORKERS="2", MAILER="smtp")) == [
        "ENVIRONMENT",
        "SMTP_URL",
    ]


@pytest.mark.parametrize(
    "secret",
    [
        "short",
        "a" * 64,
        "ab" * 32,
        "secret" * 8,
        "changeme-changeme-changeme-changeme",
        "Change-Me-To-Something-Long-And-Random-1",
        "please-replace-me-with-something-random",
        "your-secret-key-goes-here-0123456789abcdef",
        "django-insecure-9d8f7a6s5d4f3g2h1j0k9l8",
        "my-super-secret-key-for-production-2024",
        "this_is_a_very_long_secret_key_1234567890",
    ],
)
def test_weak_secrets(secret: str) -> None:
    assert weakness(secret) is not None
    assert secret not in str(weakness(secret))


def test_random_secrets_are_strong() -> None:
    for _ in range(300):
        assert weakness(secrets.token_hex(16)) is None
        assert weakness(secrets.token_urlsafe(24)) is None
        assert weakness("".join(secrets.choice("0123456789") for _ in range(60))) is None


# Begins as no text of ours does, so that it is found only where it leaked.
MARKED = st.text(st.characters(min_codepoint=33, max_codepoint=126)).map("!~".__add__)


@given(secret=MARKED)
def test_secrets_are_never_shown(secret: str) -> None:
    password = f"_{secret.encode().hex()}_"
    urls = {
        "database_url": f"postgresql://u:{password}@h/db",
        "database_read_url": f"postgresql://u:{password}@r/db",
        "redis_url": f"redis://:{password}@h",
        "smtp_url": f"smtp://u:{password}@h",
    }
    plain = dict.fromkeys(FILE_READABLE - urls.keys() - {"secret_key_previous"}, secret)
    settings = load_settings(**urls, **plain, secret_key_previous=(secret,))
    for shown in (repr(settings), str(settings), repr(settings.model_dump())):
        assert secret not in shown
        assert password not in shown


@given(value=MARKED)
def test_refused_values_are_never_shown(value: str) -> None:
    junk = f"\u00e4{value} {value}"
    refused = dict.fromkeys(("database_url", *(name.lower() for name, _ in REFUSED)), junk)
    with pytest.raises(ConfigurationError) as raised:
        load_settings(**refused)
    assert len(raised.value.faults) == len(refused)
    assert not any(value in line for line in raised.value.faults)
    with pytest.raises(ValidationError) as direct:
        Settings(**refused)  # type: ignore[arg-type]
    assert value not in str(direct.value)
