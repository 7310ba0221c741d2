"""Which URLs of databases, Redis, mail servers and web pages can be used, and in what form."""

import re
from typing import Final, Literal
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pydantic import SecretStr

from config.settings.faults import SettingFault

Storage = Literal["memory", "sqlite", "postgresql"]

STORAGES: Final[dict[str, Storage]] = {
    "memory": "memory",
    "sqlite": "sqlite",
    "sqlite+aiosqlite": "sqlite",
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "postgresql+asyncpg": "postgresql",
}
DRIVERS: Final[dict[Storage, str]] = {
    "memory": "memory",
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
}
# The shape SQLAlchemy reads (sqlalchemy.engine.url). urlsplit will not do: there a password may
# hold "/", "?" and "#", and a socket's URL has no host.
DATABASE_URL = re.compile(
    r"""
    (?P<scheme>[\w+]+)://
    (?P<login>[^:/]*(?::[^@]*)?@)?
    (?P<host>\[[^/?]+\]|[^/:?]+)?
    (?::(?P<port>[^/?]*))?
    (?:/(?P<path>[^?]*))?
    (?:\?(?P<query>.*))?
    """,
    re.VERBOSE,
)
DATABASE_FORMS = "must be a postgresql://, sqlite:/// or memory:// URL"
SQLITE_FORMS = "must name a file: sqlite:///relative/path or sqlite:////absolute/path"
SQLITE_IN_MEMORY = "must name a file; for storage in memory use memory://"


def storage_of(url: SecretStr) -> Storage:
    """The kind of database behind a URL that was checked before."""
    return STORAGES[url.get_secret_value().partition("://")[0].lower()]


def sqlalchemy_form(url: SecretStr) -> str:
    """The URL with the asynchronous driver in its scheme, as SQLAlchemy takes it."""
    scheme, _, rest = url.get_secret_value().partition("://")
    storage = STORAGES[scheme.lower()]
    if storage == "postgresql":
        # asyncpg knows libpq's `sslmode`, which hosting platforms write, by another name.
        rest = re.sub(r"([?&])sslmode=", r"\1ssl=", rest)
    return f"{DRIVERS[storage]}://{rest}"


def database_url(value: SecretStr) -> SecretStr:
    """Any URL of a supported database, in every form that SQLAlchemy takes."""
    text = value.get_secret_value().strip()
    parts = DATABASE_URL.fullmatch(text)
    storage = STORAGES.get(parts["scheme"].lower()) if parts else None
    if parts is None or storage is None:
        raise SettingFault(DATABASE_FORMS)
    if storage == "sqlite":
        _check_sqlite(parts)
    elif storage == "memory" and text.lower() != "memory://":
        raise SettingFault("must be memory:// and nothing after it")
    elif parts["port"] and not _is_port(parts["port"]):
        raise SettingFault("must have a port between 1 and 65535")
    return SecretStr(text)


def read_database_url(value: SecretStr) -> SecretStr:
    """A database to read from; what only one process holds in memory has no replica."""
    checked = database_url(value)
    if storage_of(checked) == "memory":
        raise SettingFault("must be a postgresql:// or sqlite:/// URL")
    return checked


def _check_sqlite(parts: re.Match[str]) -> None:
    if parts["login"] or parts["host"] or parts["port"]:
        raise SettingFault(SQLITE_FORMS)
    path, query = parts["path"] or "", dict(parse_qsl(parts["query"] or ""))
    in_memory = path in ("", ":memory:") or path.startswith("file::memory:")
    if in_memory or query.get("mode") == "memory":
        raise SettingFault(SQLITE_IN_MEMORY)


def redis_url(value: SecretStr) -> SecretStr:
    """A Redis server by network or by socket."""
    text = value.get_secret_value().strip()
    parts = _split(
        text, "must be a redis://, rediss:// or unix:// URL", ("redis", "rediss", "unix")
    )
    database = parts.path.strip("/")
    if parts.scheme == "unix":
        if not database:
            raise SettingFault("must name the socket: unix:///path")
    elif not re.fullmatch(r"\d*", database, re.ASCII):
        raise SettingFault("must end in the number of a database, or in none")
    return SecretStr(text)


def smtp_url(value: SecretStr) -> SecretStr:
    """`smtp://user:password@host:port[?starttls=true]` or `smtps://...`."""
    text = value.get_secret_value().strip()
    parts = _split(text, "must be an smtp:// or smtps:// URL", ("smtp", "smtps"))
    if not parts.hostname:
        raise SettingFault("must name a host")
    if parts.path.strip("/") or parts.fragment:
        raise SettingFault("must have no path (escape / ? # in a password with %)")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if not options.keys() <= {"starttls"} or options.get("starttls", "true") not in (
        "true",
        "false",
    ):
        raise SettingFault("must have no option but starttls=true or starttls=false")
    return SecretStr(text)


def service_url(value: str) -> str:
    """An http(s) URL that stands for a whole service: no query, and no slash at the end."""
    page = page_url(value)
    if "?" in page:
        raise SettingFault("must have no query")
    return page


def page_url(value: str) -> str:
    """An http(s) URL of one page; the fragment stays free for the token of a mail link."""
    text = value.strip()
    parts = _split(text, "must be an http:// or https:// URL", ("http", "https"))
    if not parts.hostname or not text.isascii():
        raise SettingFault("must name a host, in ASCII")
    if parts.username is not None or parts.password is not None:
        raise SettingFault("must have no user name or password")
    if "#" in text:
        raise SettingFault("must have no fragment")
    return text if "?" in text else text.rstrip("/")


def host_of(url: str) -> str:
    """The host of a checked http(s) URL as a Host header spells it, without the port."""
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host


def _split(text: str, forms: str, schemes: tuple[str, ...]) -> SplitResult:
    """Splits a URL; whatever urllib says of a broken one may hold the value and is not shown."""
    if re.search(r"[\s\x00-\x1f\x7f\\]", text):
        raise SettingFault("must hold no blank, backslash or control character")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise SettingFault(f"{forms} with a port between 1 and 65535, if any") from None
    if parts.scheme not in schemes or "://" not in text:
        raise SettingFault(forms)
    if port == 0:
        raise SettingFault("must have a port between 1 and 65535")
    return parts


def _is_port(text: str) -> bool:
    return re.fullmatch(r"\d{1,5}", text, re.ASCII) is not None and 1 <= int(text) <= 65535
