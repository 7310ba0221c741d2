"""Settings, clients and adapters: what the use cases are handed."""

from dependency_injector import containers, providers

from adapters.crypto.answers import AesGcmAnswerVault
from adapters.crypto.api_keys import Base62ApiKeyCodec
from adapters.crypto.jwt import JwtSigner, JwtVerifier
from adapters.crypto.refresh_tokens import HmacRefreshTokenCodec
from adapters.crypto.signing_keys import CryptoKeyRing, SealedSigningKeyFactory
from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.sql.api_keys import SqlApiKeyLookup
from adapters.sql.sessions import SqlSessionLookup, SqlSessionRefresher
from adapters.sql.sign_ins import SqlSignInLookup
from adapters.sql.storage import SqlStorage
from adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from adapters.system.addresses import EmailValidatorNormaliser
from adapters.system.clock import SystemClock, Uuid7Generator
from adapters.system.signals import InProcessSignal
from config import factories, memory_storage
from config.settings import load_settings
from config.tracing import make_tracing


class Adapters(containers.DeclarativeContainer):
    """What touches the world outside, chosen by the settings."""

    settings = providers.Singleton(load_settings)

    # Clients and whatever holds state
    server_secret = providers.Singleton(factories.server_secret, settings)
    key_ring = providers.Singleton(CryptoKeyRing, server_secret)
    database = providers.Singleton(factories.database, settings)
    replica = providers.Singleton(factories.replica, settings)
    memory_database = providers.Singleton(memory_storage.database)
    storage_kind = providers.Callable(factories.storage_kind, settings)

    # Adapters
    clock = providers.Singleton(SystemClock)
    ids = providers.Singleton(Uuid7Generator)
    addresses = providers.Singleton(EmailValidatorNormaliser)
    hasher = providers.Singleton(factories.hasher, settings)
    signer = providers.Singleton(JwtSigner, key_ring)
    verifier = providers.Singleton(
        JwtVerifier,
        key_ring,
        clock,
        issuer=providers.Callable(factories.issuer, settings),
        audiences=providers.Callable(factories.audiences, settings),
    )
    refresh_tokens = providers.Singleton(HmacRefreshTokenCodec, server_secret)
    answer_vault = providers.Singleton(AesGcmAnswerVault, server_secret)
    api_key_codec = providers.Singleton(Base62ApiKeyCodec)
    signing_key_factory = providers.Singleton(SealedSigningKeyFactory, server_secret)
    limiter = providers.Selector(
        providers.Callable(factories.limiter_backend, settings),
        memory=providers.Singleton(MemoryRateLimiter),
        redis=providers.Singleton(factories.redis_limiter, settings),
    )
    response_cache = providers.Selector(
        providers.Callable(factories.limiter_backend, settings),
        memory=providers.Singleton(factories.memory_cache, settings),
        redis=providers.Singleton(factories.redis_cache, settings),
    )
    delivery_signal = providers.Selector(
        providers.Callable(factories.jobs_kind, settings),
        inprocess=providers.Singleton(InProcessSignal),
        celery=providers.Singleton(factories.celery_signal, settings),
    )
    tracing = providers.Singleton(make_tracing)
    telemetry = providers.Singleton(factories.telemetry)
    mailer = providers.Singleton(factories.mailer, settings)
    renderer = providers.Singleton(factories.renderer, settings)
    storage = providers.Selector(
        storage_kind,
        memory=providers.Singleton(memory_storage.storage),
        sql=providers.Singleton(SqlStorage, database, replica),
    )
    uow = providers.Selector(
        storage_kind,
        memory=providers.Singleton(memory_storage.units_of_work, memory_database, delivery_signal),
        sql=providers.Singleton(SqlUnitOfWorkFactory, database, replica, delivery_signal),
    )
    session_lookup = providers.Selector(
        storage_kind,
        memory=providers.Singleton(memory_storage.session_lookup, memory_database),
        sql=providers.Singleton(SqlSessionLookup, database),
    )
    session_refresher = providers.Selector(
        storage_kind,
        memory=providers.Singleton(memory_storage.session_refresher, memory_database),
        sql=providers.Singleton(SqlSessionRefresher, database),
    )
    sign_in_lookup = providers.Selector(
        storage_kind,
        memory=providers.Singleton(memory_storage.sign_in_lookup, memory_database),
        sql=providers.Singleton(SqlSignInLookup, database),
    )
    api_key_lookup = providers.Selector(
        storage_kind,
        memory=providers.Singleton(memory_storage.api_key_lookup, memory_database),
        sql=providers.Singleton(SqlApiKeyLookup, database),
    )
