"""From settings to what adapters and use cases are constructed with."""

from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.crypto.common_passwords import CommonPasswords
from adapters.crypto.passwords import Argon2PasswordHasher
from adapters.crypto.server_secret import ServerSecret
from adapters.mail.console import ConsoleMailer
from adapters.mail.rendering import JinjaRenderer
from adapters.mail.unconfigured import UnconfiguredMailer
from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.memory.response_cache import MemoryResponseCache
from adapters.sql.engine import Database, PoolSettings
from application.jobs import Retention
from application.limits import LimitGroup
from application.outbox import LinkPages
from application.ports.mailer import Mailer
from application.ports.outbox import DeliverySignal
from application.ports.rate_limiter import RateLimiter
from application.ports.response_cache import LIFETIME_SECONDS, ResponseCache
from application.tokens import TokenSettings
from config.data_folder import read_server_secret
from config.metrics_folder import shared_metrics_folder
from config.queues import DELIVER, QUEUE, broker_url
from config.settings import ConfigurationError, Settings
from domain.passwords import PasswordPolicy
from domain.rate_limits import RateLimitRule
from domain.sessions import RefreshRules
from domain.signing_keys import SigningAlgorithm, SigningKeyRules

if TYPE_CHECKING:
    from adapters.prometheus.telemetry import PrometheusTelemetry


def server_secret(settings: Settings) -> ServerSecret:
    current, previous = read_server_secret(settings)
    return ServerSecret(current, previous)


def database(settings: Settings) -> Database:
    return Database(settings.sqlalchemy_url, pool_settings(settings))


def replica(settings: Settings) -> Database | None:
    url = settings.sqlalchemy_read_url
    return Database(url, pool_settings(settings)) if url else None


def pool_settings(settings: Settings) -> PoolSettings:
    return PoolSettings(
        size=settings.database_pool_size,
        max_overflow=settings.database_max_overflow,
        timeout_seconds=settings.database_pool_timeout_seconds,
        recycle_seconds=settings.database_pool_recycle_seconds,
        statement_timeout_seconds=settings.database_statement_timeout_seconds,
        pgbouncer=settings.database_pgbouncer,
    )


def limiter_backend(settings: Settings) -> str:
    return "redis" if settings.redis_url else "memory"


def rate_limits(settings: Settings) -> dict[LimitGroup, RateLimitRule | None]:
    return {
        LimitGroup.AUTH: settings.rate_limit_auth,
        LimitGroup.WRITE: settings.rate_limit_write,
        LimitGroup.READ: settings.rate_limit_read,
        LimitGroup.INTROSPECT: settings.rate_limit_introspect,
    }


def redis_limiter(settings: Settings) -> RateLimiter:
    # As many modules again as our own, which installations without Redis need not hold.
    from adapters.redis.rate_limiter import RedisRateLimiter

    if settings.redis_url is None:
        raise ValueError("no Redis is configured")
    try:
        return RedisRateLimiter(
            settings.redis_url.get_secret_value(),
            fallback=MemoryRateLimiter(),
            timeout_seconds=settings.redis_timeout_seconds,
        )
    except ValueError as error:
        raise ConfigurationError((f"DOORWARD_REDIS_URL: {error}",)) from None


def memory_cache(settings: Settings) -> ResponseCache:
    # Workers that share nothing would show each other's changes late, and one's own now and then.
    alone = settings.workers == 1
    return MemoryResponseCache(lifetime_seconds=LIFETIME_SECONDS if alone else 0)


def redis_cache(settings: Settings) -> ResponseCache:
    from adapters.redis.response_cache import RedisResponseCache

    if settings.redis_url is None:
        raise ValueError("no Redis is configured")
    return RedisResponseCache(
        settings.redis_url.get_secret_value(), timeout_seconds=settings.redis_timeout_seconds
    )


def hasher(settings: Settings) -> Argon2PasswordHasher:
    return Argon2PasswordHasher(
        memory_kib=settings.argon2_memory_kib,
        time_cost=settings.argon2_time_cost,
        concurrency=settings.hash_concurrency,
    )


def password_policy(settings: Settings) -> PasswordPolicy:
    return PasswordPolicy(
        min_length=settings.password_min_length,
        common=CommonPasswords(),
        service_names=frozenset({"doorward"}),
    )


def token_settings(settings: Settings) -> TokenSettings:
    return TokenSettings(
        issuer=settings.issuer,
        audiences=frozenset(settings.jwt_audiences),
        access_ttl_seconds=settings.access_token_ttl_seconds,
    )


def refresh_rules(settings: Settings) -> RefreshRules:
    return RefreshRules(
        absolute_seconds=settings.refresh_token_ttl_seconds,
        idle_seconds=settings.refresh_token_idle_seconds,
        grace_seconds=settings.refresh_grace_seconds,
    )


def issuer(settings: Settings) -> str:
    return settings.issuer


def audiences(settings: Settings) -> tuple[str, ...]:
    return settings.jwt_audiences


def signing_key_rules(settings: Settings) -> SigningKeyRules:
    return SigningKeyRules(
        algorithm=SigningAlgorithm(settings.jwt_algorithm),
        rotation_days=settings.signing_key_rotation_days,
        access_ttl_seconds=settings.access_token_ttl_seconds,
    )


def storage_kind(settings: Settings) -> str:
    return "memory" if settings.storage == "memory" else "sql"


def registration_is_open(settings: Settings) -> bool:
    return settings.registration == "open"


def telemetry() -> "PrometheusTelemetry":
    # Of no use to most commands, which need not wait for it.
    from adapters.prometheus.telemetry import PrometheusTelemetry

    return PrometheusTelemetry(shared_metrics_folder())


def mailer(settings: Settings) -> Mailer:
    # Only the one that is used is loaded, and its client with the first mail.
    if settings.mailer == "smtp" and settings.smtp_url is not None:
        from adapters.mail.smtp import SmtpMailer, SmtpServer

        server = SmtpServer.of_url(settings.smtp_url.get_secret_value())
        return SmtpMailer(server, sender=settings.mail_from)
    if settings.mailer == "http" and settings.mail_api_url is not None:
        from adapters.mail.http import HttpMailer

        token = settings.mail_api_token
        return HttpMailer(
            settings.mail_api_url,
            sender=settings.mail_from,
            token=token.get_secret_value() if token else None,
        )
    if settings.environment == "production":
        # Messages hold links that open accounts, and production logs are read by many.
        return UnconfiguredMailer()
    return ConsoleMailer()


def celery_signal(settings: Settings) -> DeliverySignal:
    # Celery takes a while to import, which installations without it need not wait for.
    from adapters.celery.signal import CelerySignal

    if settings.redis_url is None:
        raise ValueError("no Redis is configured")
    broker = broker_url(settings.redis_url.get_secret_value())
    return CelerySignal(broker, task=DELIVER, queue=QUEUE)


def jobs_kind(settings: Settings) -> str:
    return settings.jobs


def renderer(settings: Settings) -> JinjaRenderer:
    return JinjaRenderer(sender=settings.mail_from, service_url=settings.public_url)


def spares_reserved(settings: Settings) -> bool:
    """The console sends nothing anywhere: there, reserved addresses are for trying things out."""
    return settings.mailer != "console"


def link_pages(settings: Settings) -> LinkPages:
    return LinkPages(
        verify=settings.verify_url or f"{settings.public_url}/account/verify",
        reset=settings.reset_url or f"{settings.public_url}/account/reset",
    )


def retention(settings: Settings) -> Retention:
    return Retention(events=timedelta(days=settings.event_retention_days))


def verification_required(settings: Settings) -> bool:
    return settings.registration_confirmation == "email"
