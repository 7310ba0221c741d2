"""Settings: their defaults, what each one accepts and how it is written down."""

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy.engine import make_url

from config.settings import ConfigurationError, Settings, load_settings
from domain.rate_limits import RateLimitRule

SetVariables = Callable[..., None]
FindFaults = Callable[..., list[str]]

SECRET = "q7Zt-L0vR2mX9pK4nB8sWd3Fh6Jc1Gy5"


def test_defaults_fit_the_embedded_service() -> None:
    settings = load_settings()
    assert (settings.environment, settings.host, settings.port) == (
        "development",
        "127.0.0.1",
        8000,
    )
    assert settings.public_url == settings.issuer == "http://127.0.0.1:8000"
    assert settings.allowed_hosts == ("127.0.0.1", "localhost", "[::1]")
    assert settings.storage == "sqlite"
    assert settings.sqlalchemy_url == "sqlite+aiosqlite:///data/doorward.db"
    assert settings.sqlalchemy_read_url is None
    assert settings.secret_key is None
    assert settings.secret_key_previous == ()
    assert settings.jwt_algorithm == "ES256"
    assert settings.access_token_ttl_seconds == 900
    assert settings.refresh_token_ttl_seconds == 30 * 24 * 3600
    assert settings.refresh_token_idle_seconds == 7 * 24 * 3600
    assert settings.rate_limit_auth == RateLimitRule(10, 60)
    assert settings.rate_limit_introspect is None
    assert (settings.mailer, settings.jobs, settings.registration) == (
        "console",
        "inprocess",
        "open",
    )
    assert (settings.registration_confirmation, settings.log_format) == ("none", "pretty")


def test_defaults_that_follow_other_settings(set_variables: SetVariables) -> None:
    set_variables(PORT="9001", DATA_DIR="/var/lib/door%20ward")
    settings = load_settings()
    assert settings.public_url == settings.issuer == "http://127.0.0.1:9001"
    assert make_url(settings.sqlalchemy_url).database == "/var/lib/door%20ward/doorward.db"


def test_hosts_follow_the_public_url(set_variables: SetVariables) -> None:
    set_variables(PUBLIC_URL="https://Accounts.example.com:8443/door/")
    settings = load_settings()
    assert settings.public_url == settings.issuer == "https://Accounts.example.com:8443/door"
    assert settings.allowed_hosts[-1] == "accounts.example.com"


@pytest.mark.parametrize("cpus", [None, 1, 3, 64])
def test_hashing_uses_at_most_four_processors(
    cpus: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cpus or 0)))
    assert load_settings().hash_concurrency == min(cpus or 1, 4)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [("development", ("none", "pretty")), ("staging", ("none", "pretty"))],
)
def test_staging_is_like_development(environment: str, expected: tuple[str, str]) -> None:
    settings = load_settings(environment=environment)
    assert (settings.registration_confirmation, settings.log_format) == expected


def test_production_defaults() -> None:
    settings = load_settings(
        environment="production", secret_key=SECRET, mailer="smtp", smtp_url="smtp://mail:25"
    )
    assert (settings.registration_confirmation, settings.log_format) == ("email", "json")


@pytest.mark.parametrize(
    ("given", "for_sqlalchemy", "storage"),
    [
        ("postgresql://u:p@h:5433/db", "postgresql+asyncpg://u:p@h:5433/db", "postgresql"),
        ("postgres://u:p@h/db", "postgresql+asyncpg://u:p@h/db", "postgresql"),
        ("postgresql+asyncpg:///db", "postgresql+asyncpg:///db", "postgresql"),
        ("postgresql://", "postgresql+asyncpg://", "postgresql"),
        ("postgresql://u@/db?host=/tmp", "postgresql+asyncpg://u@/db?host=/tmp", "postgresql"),
        ("postgresql:///db?host=a:1&host=b:2", "postgresql+asyncpg:///db?host=a:1&host=b:2", None),
        ("postgresql://u:a/b?c#d@h/db", "postgresql+asyncpg://u:a/b?c#d@h/db", "postgresql"),
        ("postgresql://u:%40@[::1]:5432/db", "postgresql+asyncpg://u:%40@[::1]:5432/db", None),
        ("postgresql://h/d?a=1&sslmode=allow", "postgresql+asyncpg://h/d?a=1&ssl=allow", None),
        ("sqlite:///a/b.db", "sqlite+aiosqlite:///a/b.db", "sqlite"),
        ("sqlite:////var/b.db", "sqlite+aiosqlite:////var/b.db", "sqlite"),
        ("sqlite+aiosqlite:///b.db", "sqlite+aiosqlite:///b.db", "sqlite"),
        ("sqlite:///file:b?mode=rw&uri=true", "sqlite+aiosqlite:///file:b?mode=rw&uri=true", None),
        (" memory:// ", "memory://", "memory"),
    ],
)  # fmt: skip
def test_database_urls(
    given: str, for_sqlalchemy: str, storage: str | None, set_variables: SetVariables
) -> None:
    set_variables(DATABASE_URL=given)
    settings = load_settings()
    assert settings.sqlalchemy_url == for_sqlalchemy
    assert storage in (None, settings.storage)
    if settings.storage != "memory":
        make_url(settings.sqlalchemy_url)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:p@h/db",
        "postgresql+psycopg://h/db",
        "sqlite+pysqlite:///x.db",
        "postgresql:/h/db",
        "/var/lib/x.db",
        "postgresql://h:port/db",
        "postgresql://h:0/db",
        "postgresql://h:70000/db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite+aiosqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:x?mode=memory&uri=true",
        "sqlite://x.db",
        "memory://x",
    ],
)
@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_READ_URL"])
def test_refused_database_urls(name: str, url: str, find_faults: FindFaults) -> None:
    faults = find_faults(**{name: url})
    assert len(faults) == 1
    assert faults[0].startswith(f"DOORWARD_{name}: must ")


def test_memory_has_no_replica(find_faults: FindFaults) -> None:
    assert find_faults(DATABASE_READ_URL="memory://") == [
        "DOORWARD_DATABASE_READ_URL: must be a postgresql:// or sqlite:/// URL"
    ]


def test_replica_url_names_its_driver() -> None:
    settings = load_settings(database_url="postgres://a/b", database_read_url="postgres://c/d")
    assert settings.sqlalchemy_read_url == "postgresql+asyncpg://c/d"


@pytest.mark.parametrize("url", ["redis://h", "redis://:p@h:6380/1", "rediss://u:p@h/0?a=b"])
def test_redis_urls(url: str) -> None:
    redis_url = load_settings(redis_url=url).redis_url
    assert redis_url is not None
    assert redis_url.get_secret_value() == url


@pytest.mark.parametrize("url", ["smtp://h", "smtps://u:p@h:465", "smtp://h:587?starttls=true"])
def test_smtp_urls(url: str) -> None:
    smtp_url = load_settings(smtp_url=url).smtp_url
    assert smtp_url is not None
    assert smtp_url.get_secret_value() == url


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("10/60", RateLimitRule(10, 60)),
        (" 1/1 ", RateLimitRule(1, 1)),
        ("off", None),
        ("OFF", None),
        ("", RateLimitRule(10, 60)),
    ],
)
def test_rate_limits(
    given: str, expected: RateLimitRule | None, set_variables: SetVariables
) -> None:
    set_variables(RATE_LIMIT_AUTH=given)
    assert load_settings().rate_limit_auth == expected


@pytest.mark.parametrize(("count", "seconds"), [(0, 1), (1, 0), (-1, 60)])
def test_a_rate_limit_allows_something_sometime(count: int, seconds: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        RateLimitRule(count, seconds)


@pytest.mark.parametrize(
    "written", ["https://a.example, http://b:8080,", '["https://a.example", "http://b:8080"]']
)
def test_lists_by_comma_or_json(written: str, set_variables: SetVariables) -> None:
    set_variables(CORS_ORIGINS=written)
    assert load_settings().cors_origins == ("https://a.example", "http://b:8080")


def test_lists_are_written_as_they_will_be_compared(set_variables: SetVariables) -> None:
    set_variables(
        CORS_ORIGINS="HTTPS://App.Example:443/,https://app.example,app://localhost,http://[::1]:3000",
        ALLOWED_HOSTS="[::1], 2001:DB8::1, *.Example.com, a_b, 10.0.0.1, *",
        TRUSTED_PROXIES="10.0.0.0/8,192.0.2.1,2001:db8::/32",
        JWT_AUDIENCES="orders,https://api.example",
    )
    settings = load_settings()
    assert settings.cors_origins == ("https://app.example", "app://localhost", "http://[::1]:3000")
    assert settings.allowed_hosts == (
        *("[::1]", "[2001:db8::1]", "*.example.com", "a_b", "10.0.0.1", "*"),
    )
    assert settings.trusted_proxies == tuple(
        map(ip_network, ("10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32"))
    )
    assert settings.jwt_audiences == ("orders", "https://api.example")


def test_data_dir_knows_the_home_folder(
    monkeypatch: pytest.MonkeyPatch, set_variables: SetVariables
) -> None:
    monkeypatch.setenv("HOME", "/home/door")
    set_variables(DATA_DIR="~/data")
    assert load_settings().data_dir == Path("/home/door/data")


def test_log_level_in_any_letters(set_variables: SetVariables) -> None:
    set_variables(LOG_LEVEL="warning")
    assert load_settings().log_level == "WARNING"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        load_settings().port = 1


def test_overrides_win_and_none_is_no_override(set_variables: SetVariables) -> None:
    set_variables(PORT="9001", WORKERS="x", HOST="0.0.0.0")  # noqa: S104
    settings = load_settings(port=9002, workers=2, host=None)
    assert (settings.port, settings.workers, settings.host) == (9002, 2, "0.0.0.0")  # noqa: S104


def test_overrides_are_judged_like_variables(set_variables: SetVariables) -> None:
    set_variables(DATABASE_URL="memory://")
    with pytest.raises(ConfigurationError) as raised:
        load_settings(workers=2, port=0)
    assert [line.partition(":")[0] for line in raised.value.faults] == [
        "DOORWARD_PORT",
        "DOORWARD_WORKERS",
    ]


def test_an_override_must_be_a_setting() -> None:
    with pytest.raises(TypeError, match="no such settings: prot"):
        load_settings(prot=1)


def test_settings_built_directly_read_the_same_sources(set_variables: SetVariables) -> None:
    set_variables(PORT="9001", HOST="localhost")
    settings = Settings(port=9002)
    assert (settings.port, settings.host) == (9002, "localhost")


def test_settings_built_directly_hold_the_same_rules() -> None:
    with pytest.raises(ValidationError, match="secret_key: is needed in production"):
        Settings(environment="production")
