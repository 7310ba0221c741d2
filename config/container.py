"""The composition root: settings, clients, adapters, use cases, in that order."""

from dependency_injector import containers, providers

from adapters.crypto.common_passwords import load_common_passwords
from adapters.crypto.jwt import JwtSigner, JwtVerifier
from adapters.crypto.passwords import Argon2PasswordHasher
from adapters.crypto.server_secret import ServerSecret
from adapters.crypto.signing_keys import CryptoKeyRing, SealedSigningKeyFactory
from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.memory.records import MemoryDatabase
from adapters.memory.sessions import MemorySessionLookup
from adapters.memory.storage import MemoryStorage
from adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from adapters.redis.rate_limiter import RedisRateLimiter
from adapters.sql.engine import Database, PoolSettings
from adapters.sql.sessions import SqlSessionLookup
from adapters.sql.storage import SqlStorage
from adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from adapters.system.addresses import EmailValidatorNormaliser
from adapters.system.clock import SystemClock, Uuid7Generator
from application.audit import EventFactory
from application.authentication import AuthenticateToken, RecordDenial
from application.health import CheckHealth
from application.pages import CursorCodec
from application.sessions import SignIn, SignOut
from application.setup import EnsureAdministrator
from application.signing_keys import EnsureSigningKey, KeyRingKeeper
from application.tokens import AccessTokenIssuer, TokenSettings
from application.users.administration import DeleteUser, SetPassword, SetUserRoles, UpdateUser
from application.users.own_account import DeleteOwnAccount, GetOwnAccount, UpdateOwnAccount
from application.users.queries import FindUser, GetUser, ListUsers
from application.users.registration import RegisterUser
from config.data_folder import read_server_secret
from config.settings import Settings, load_settings
from domain.passwords import PasswordPolicy
from domain.signing_keys import SigningAlgorithm


def _server_secret(settings: Settings) -> ServerSecret:
    current, previous = read_server_secret(settings)
    return ServerSecret(current, previous)


def _database(settings: Settings) -> Database:
    return Database(settings.sqlalchemy_url, _pool_settings(settings))


def _replica(settings: Settings) -> Database | None:
    url = settings.sqlalchemy_read_url
    return Database(url, _pool_settings(settings)) if url else None


def _pool_settings(settings: Settings) -> PoolSettings:
    return PoolSettings(
        size=settings.database_pool_size,
        max_overflow=settings.database_max_overflow,
        timeout_seconds=settings.database_pool_timeout_seconds,
        recycle_seconds=settings.database_pool_recycle_seconds,
        statement_timeout_seconds=settings.database_statement_timeout_seconds,
        pgbouncer=settings.database_pgbouncer,
    )


def _limiter_backend(settings: Settings) -> str:
    return "redis" if settings.redis_url else "memory"


def _redis_limiter(settings: Settings) -> RedisRateLimiter:
    if settings.redis_url is None:
        raise ValueError("no Redis is configured")
    return RedisRateLimiter(
        settings.redis_url.get_secret_value(),
        fallback=MemoryRateLimiter(),
        timeout_seconds=settings.redis_timeout_seconds,
    )


def _hasher(settings: Settings) -> Argon2PasswordHasher:
    return Argon2PasswordHasher(
        memory_kib=settings.argon2_memory_kib,
        time_cost=settings.argon2_time_cost,
        concurrency=settings.hash_concurrency,
    )


def _password_policy(settings: Settings) -> PasswordPolicy:
    return PasswordPolicy(
        min_length=settings.password_min_length,
        common=load_common_passwords(),
        service_names=frozenset({"doorward"}),
    )


def _token_settings(settings: Settings) -> TokenSettings:
    return TokenSettings(
        issuer=settings.issuer,
        audiences=frozenset(settings.jwt_audiences),
        access_ttl_seconds=settings.access_token_ttl_seconds,
        session_ttl_seconds=settings.refresh_token_ttl_seconds,
    )


def _issuer(settings: Settings) -> str:
    return settings.issuer


def _algorithm(settings: Settings) -> SigningAlgorithm:
    return SigningAlgorithm(settings.jwt_algorithm)


def _storage_kind(settings: Settings) -> str:
    return "memory" if settings.storage == "memory" else "sql"


def _registration_is_open(settings: Settings) -> bool:
    return settings.registration == "open"


def _verification_required(settings: Settings) -> bool:
    return settings.registration_confirmation == "email"


class Container(containers.DeclarativeContainer):
    """Every object is made once, on first use, by a sync constructor that does no I/O.

    Tests override a provider, or hand in settings that choose the memory adapters.
    """

    settings = providers.Singleton(load_settings)

    # Clients and whatever holds state
    server_secret = providers.Singleton(_server_secret, settings)
    key_ring = providers.Singleton(CryptoKeyRing, server_secret)
    database = providers.Singleton(_database, settings)
    replica = providers.Singleton(_replica, settings)
    memory_database = providers.Singleton(MemoryDatabase)
    storage_kind = providers.Callable(_storage_kind, settings)

    # Adapters
    clock = providers.Singleton(SystemClock)
    ids = providers.Singleton(Uuid7Generator)
    addresses = providers.Singleton(EmailValidatorNormaliser)
    hasher = providers.Singleton(_hasher, settings)
    signer = providers.Singleton(JwtSigner, key_ring)
    verifier = providers.Singleton(
        JwtVerifier, key_ring, issuer=providers.Callable(_issuer, settings)
    )
    signing_key_factory = providers.Singleton(SealedSigningKeyFactory, server_secret)
    limiter = providers.Selector(
        providers.Callable(_limiter_backend, settings),
        memory=providers.Singleton(MemoryRateLimiter),
        redis=providers.Singleton(_redis_limiter, settings),
    )
    storage = providers.Selector(
        storage_kind,
        memory=providers.Singleton(MemoryStorage),
        sql=providers.Singleton(SqlStorage, database, replica),
    )
    uow = providers.Selector(
        storage_kind,
        memory=providers.Singleton(MemoryUnitOfWorkFactory, memory_database),
        sql=providers.Singleton(SqlUnitOfWorkFactory, database, replica),
    )
    session_lookup = providers.Selector(
        storage_kind,
        memory=providers.Singleton(MemorySessionLookup, memory_database),
        sql=providers.Singleton(SqlSessionLookup, database),
    )

    # What use cases share
    password_policy = providers.Singleton(_password_policy, settings)
    token_settings = providers.Singleton(_token_settings, settings)
    events = providers.Singleton(EventFactory, clock=clock, ids=ids)
    cursors = providers.Singleton(CursorCodec, macs=server_secret)
    access_tokens = providers.Singleton(
        AccessTokenIssuer, signer=signer, clock=clock, ids=ids, settings=token_settings
    )
    key_ring_keeper = providers.Singleton(KeyRingKeeper, uow=uow, ring=key_ring, clock=clock)

    # Use cases: the service itself
    check_health = providers.Singleton(
        CheckHealth, storage=storage, ring=key_ring, limiter=limiter, clock=clock
    )
    ensure_signing_key = providers.Singleton(
        EnsureSigningKey,
        uow=uow,
        factory=signing_key_factory,
        clock=clock,
        events=events,
        algorithm=providers.Callable(_algorithm, settings),
    )
    ensure_administrator = providers.Singleton(
        EnsureAdministrator,
        uow=uow,
        addresses=addresses,
        hasher=hasher,
        policy=password_policy,
        clock=clock,
        ids=ids,
        events=events,
    )

    # Use cases: who is calling
    authenticate_token = providers.Singleton(
        AuthenticateToken,
        verifier=verifier,
        keys=key_ring_keeper,
        sessions=session_lookup,
        clock=clock,
    )
    record_denial = providers.Singleton(RecordDenial, uow=uow, events=events)
    sign_in = providers.Singleton(
        SignIn,
        uow=uow,
        addresses=addresses,
        hasher=hasher,
        macs=server_secret,
        tokens=access_tokens,
        settings=token_settings,
        clock=clock,
        ids=ids,
        events=events,
        verification_required=providers.Callable(_verification_required, settings),
    )
    sign_out = providers.Singleton(SignOut, uow=uow, clock=clock, events=events)

    # Use cases: accounts
    register_user = providers.Singleton(
        RegisterUser,
        uow=uow,
        addresses=addresses,
        hasher=hasher,
        policy=password_policy,
        clock=clock,
        ids=ids,
        events=events,
        registration_is_open=providers.Callable(_registration_is_open, settings),
    )
    get_own_account = providers.Singleton(GetOwnAccount)
    update_own_account = providers.Singleton(UpdateOwnAccount, uow=uow, clock=clock, events=events)
    delete_own_account = providers.Singleton(
        DeleteOwnAccount, uow=uow, hasher=hasher, events=events
    )
    get_user = providers.Singleton(GetUser, uow=uow)
    find_user = providers.Singleton(FindUser, uow=uow, addresses=addresses)
    list_users = providers.Singleton(ListUsers, uow=uow, addresses=addresses, cursors=cursors)
    update_user = providers.Singleton(UpdateUser, uow=uow, clock=clock, events=events)
    set_user_roles = providers.Singleton(SetUserRoles, uow=uow, clock=clock, events=events)
    delete_user = providers.Singleton(DeleteUser, uow=uow, events=events)
    set_password = providers.Singleton(
        SetPassword,
        uow=uow,
        hasher=hasher,
        policy=password_policy,
        clock=clock,
        events=events,
    )


async def close(container: Container) -> None:
    """Gives back what the process holds; the last call on a container."""
    await container.limiter().close()
    await container.storage().close()
    container.hasher().close()


def container_for(settings: Settings) -> Container:
    """A container over settings that are already loaded."""
    container = Container()
    container.settings.override(settings)
    return container
