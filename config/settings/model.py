"""Every setting: its name, its type, its bounds and its default."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.settings import lists, texts, urls
from config.settings.faults import SettingFault
from config.settings.rules import check_rules
from config.settings.variables import PREFIX, Unusable, VariablesSource
from domain.rate_limits import RateLimitRule

DAY_SECONDS = 24 * 60 * 60

Names = Annotated[tuple[str, ...], BeforeValidator(lists.split_list)]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
ServiceUrl = Annotated[str, AfterValidator(urls.service_url)]
PageUrl = Annotated[str, AfterValidator(urls.page_url)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(urls.database_url)]
ReadDatabaseUrl = Annotated[SecretStr, AfterValidator(urls.read_database_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(urls.redis_url)]
SmtpUrl = Annotated[SecretStr, AfterValidator(urls.smtp_url)]
BearerToken = Annotated[SecretStr, AfterValidator(texts.bearer_token)]
RateLimit = Annotated[RateLimitRule | None, BeforeValidator(texts.rate_limit)]


def _public_url(earlier: dict[str, Any]) -> str:
    return f"http://127.0.0.1:{earlier['port']}"


def _issuer(earlier: dict[str, Any]) -> str:
    return str(earlier["public_url"])


def _allowed_hosts(earlier: dict[str, Any]) -> tuple[str, ...]:
    own = urls.host_of(earlier["public_url"])
    return lists.host_patterns(("127.0.0.1", "localhost", "[::1]", own))


def _database_url(earlier: dict[str, Any]) -> SecretStr:
    # SQLAlchemy unquotes the path, so a folder named "a%20b" must be quoted to stay itself.
    return SecretStr(f"sqlite+aiosqlite:///{quote(str(earlier['data_dir']))}/doorward.db")


def _registration_confirmation(earlier: dict[str, Any]) -> Literal["none", "email"]:
    return "email" if earlier["environment"] == "production" else "none"


def _log_format(earlier: dict[str, Any]) -> Literal["json", "pretty"]:
    return "json" if earlier["environment"] == "production" else "pretty"


def _hash_concurrency() -> int:
    # Those this process may run on: on one core two hashes at once only take turns.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, 4))


class Settings(BaseSettings):
    """The whole configuration: checked, complete and unchangeable.

    `load_settings` builds it and words what is wrong. Built directly it reads the same sources,
    lets arguments win, and raises pydantic's ValidationError.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    # Serving
    environment: Literal["development", "staging", "production"] = "development"
    host: Annotated[str, AfterValidator(texts.bind_host)] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    public_url: ServiceUrl = Field(default_factory=_public_url)
    allowed_hosts: Annotated[Names, AfterValidator(lists.host_patterns)] = Field(
        default_factory=_allowed_hosts
    )
    trusted_proxies: Annotated[tuple[lists.Network, ...], BeforeValidator(lists.networks)] = ()
    cors_origins: Annotated[Names, AfterValidator(lists.origins)] = ()
    drain_seconds: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 5
    shutdown_grace_seconds: Seconds = 30

    # Secrets and data
    secret_key: SecretStr | None = None
    secret_key_previous: Annotated[tuple[SecretStr, ...], BeforeValidator(lists.split_list)] = ()
    data_dir: Annotated[Path, AfterValidator(texts.folder)] = Path("data")
    admin_email: Annotated[str, AfterValidator(texts.email)] = "admin@example.com"
    admin_password: SecretStr | None = None

    # Database and Redis
    database_url: DatabaseUrl = Field(default_factory=_database_url)
    database_read_url: ReadDatabaseUrl | None = None
    database_pool_size: Annotated[int, Field(ge=1, le=1000)] = 20
    database_max_overflow: Annotated[int, Field(ge=0, le=1000)] = 10
    database_pool_timeout_seconds: Seconds = 2
    database_pool_recycle_seconds: Annotated[int, Field(ge=1, le=7 * DAY_SECONDS)] = 1800
    database_statement_timeout_seconds: Seconds = 5
    database_pgbouncer: bool = False
    redis_url: RedisUrl | None = None
    redis_timeout_seconds: Seconds = 0.2

    # Tokens and sessions
    issuer: ServiceUrl = Field(default_factory=_issuer)
    jwt_algorithm: Literal["ES256", "RS256", "EdDSA", "HS256"] = "ES256"
    jwt_audiences: Annotated[Names, AfterValidator(lists.audiences)] = ()
    signing_key_rotation_days: Annotated[int, Field(ge=1, le=3650)] = 90
    access_token_ttl_seconds: Annotated[int, Field(ge=1, le=DAY_SECONDS)] = 900
    refresh_token_ttl_seconds: Annotated[int, Field(ge=1, le=3650 * DAY_SECONDS)] = 30 * DAY_SECONDS
    refresh_token_idle_seconds: Annotated[int, Field(ge=1, le=3650 * DAY_SECONDS)] = 7 * DAY_SECONDS
    refresh_grace_seconds: Annotated[int, Field(ge=0, le=600)] = 30

    # Passwords; the lowest argon2id cost is OWASP's (Password Storage Cheat Sheet)
    password_min_length: Annotated[int, Field(ge=8, le=256)] = 15
    argon2_memory_kib: Annotated[int, Field(ge=19456, le=1048576)] = 19456
    argon2_time_cost: Annotated[int, Field(ge=2, le=20)] = 2
    hash_concurrency: Annotated[int, Field(ge=1, le=256)] = Field(default_factory=_hash_concurrency)

    # Limits
    rate_limit_auth: RateLimit = RateLimitRule(10, 60)
    rate_limit_write: RateLimit = RateLimitRule(60, 60)
    rate_limit_read: RateLimit = RateLimitRule(300, 60)
    rate_limit_introspect: RateLimit = None

    # Registration, mail and jobs
    registration: Literal["open", "closed"] = "open"
    registration_confirmation: Literal["none", "email"] = Field(
        default_factory=_registration_confirmation
    )
    verify_url: PageUrl | None = None
    reset_url: PageUrl | None = None
    mailer: Literal["console", "smtp", "http"] = "console"
    smtp_url: SmtpUrl | None = None
    mail_api_url: ServiceUrl | None = None
    mail_api_token: BearerToken | None = None
    mail_from: Annotated[str, AfterValidator(texts.mailbox)] = "Doorward <no-reply@localhost>"
    jobs: Literal["inprocess", "celery"] = "inprocess"
    event_retention_days: Annotated[int, Field(ge=1, le=36500)] = 400

    # Watching
    debug: bool = False
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(texts.upper_case)
    ] = "INFO"
    log_format: Literal["json", "pretty"] = Field(default_factory=_log_format)
    metrics_token: BearerToken | None = None

    @property
    def storage(self) -> urls.Storage:
        """Which adapters keep the data."""
        return urls.storage_of(self.database_url)

    @property
    def read_storage(self) -> urls.Storage | None:
        """The kind of the read replica, or None without one."""
        return urls.storage_of(self.database_read_url) if self.database_read_url else None

    @property
    def sqlalchemy_url(self) -> str:
        """The database for SQLAlchemy, driver named. It may hold a password: never show it."""
        return urls.sqlalchemy_form(self.database_url)

    @property
    def sqlalchemy_read_url(self) -> str | None:
        """The read replica in the same form, or None without one."""
        return urls.sqlalchemy_form(self.database_read_url) if self.database_read_url else None

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_unusable(cls, value: object) -> object:
        if isinstance(value, Unusable):
            raise SettingFault(value.reason)
        return value

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        check_rules(self)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """One source of our own, as pydantic's know neither secret files nor bare names."""
        return init_settings, VariablesSource(settings_cls)
