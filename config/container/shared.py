"""What several use cases share, over the adapters."""

from dependency_injector import providers

from application.access_tokens import AccessTokenReader
from application.api_key_reader import ApiKeyReader
from application.audit import EventFactory
from application.backoff import SignInBackoff
from application.idempotency import Idempotency
from application.known_addresses import KnownAddresses
from application.limits import CallLimits
from application.link_tokens import LinkTokens
from application.outgoing_mail import OutgoingMail
from application.pages import CursorCodec
from application.password_proof import PasswordProof
from application.signing_keys.ring import KeyRingKeeper
from application.signing_keys.succession import KeySuccession
from application.tokens import TokenIssuer
from config import factories
from config.container.adapters import Adapters
from domain.backoff import BackoffRules


class Shared(Adapters):
    """Collaborators of use cases: made once, without I/O."""

    # What the adapters' container provides, by its name here
    settings = Adapters.settings
    server_secret = Adapters.server_secret
    key_ring = Adapters.key_ring
    clock = Adapters.clock
    ids = Adapters.ids
    addresses = Adapters.addresses
    hasher = Adapters.hasher
    signer = Adapters.signer
    verifier = Adapters.verifier
    refresh_tokens = Adapters.refresh_tokens
    api_key_codec = Adapters.api_key_codec
    signing_key_factory = Adapters.signing_key_factory
    limiter = Adapters.limiter
    answer_vault = Adapters.answer_vault
    response_cache = Adapters.response_cache
    telemetry = Adapters.telemetry
    uow = Adapters.uow

    password_policy = providers.Singleton(factories.password_policy, settings)
    token_settings = providers.Singleton(factories.token_settings, settings)
    events = providers.Singleton(EventFactory, clock=clock, ids=ids)
    cursors = providers.Singleton(CursorCodec, macs=server_secret)
    link_tokens = providers.Singleton(LinkTokens, macs=server_secret)
    outgoing_mail = providers.Singleton(OutgoingMail, clock=clock, ids=ids)
    telling = {"uow": uow, "events": events, "mail": outgoing_mail}  # noqa: RUF012
    refresh_rules = providers.Singleton(factories.refresh_rules, settings)
    tokens = providers.Singleton(
        TokenIssuer,
        signer=signer,
        refresh_tokens=refresh_tokens,
        clock=clock,
        ids=ids,
        settings=token_settings,
        rules=refresh_rules,
    )
    backoff_rules = providers.Singleton(BackoffRules)
    sign_in_backoff = providers.Singleton(
        SignInBackoff, uow=uow, macs=server_secret, clock=clock, rules=backoff_rules
    )
    password_proof = providers.Singleton(PasswordProof, uow=uow, hasher=hasher, events=events)
    signing_key_rules = providers.Singleton(factories.signing_key_rules, settings)
    key_ring_keeper = providers.Singleton(
        KeyRingKeeper, uow=uow, ring=key_ring, rules=signing_key_rules, clock=clock
    )
    key_succession = providers.Singleton(
        KeySuccession,
        uow=uow,
        factory=signing_key_factory,
        keeper=key_ring_keeper,
        rules=signing_key_rules,
        clock=clock,
        events=events,
    )
    access_token_reader = providers.Singleton(
        AccessTokenReader, verifier=verifier, keys=key_ring_keeper
    )
    api_key_reader = providers.Singleton(
        ApiKeyReader,
        codec=api_key_codec,
        lookup=Adapters.api_key_lookup,
        uow=uow,
        clock=clock,
    )

    idempotency = providers.Singleton(
        Idempotency, uow=uow, vault=answer_vault, macs=server_secret, clock=clock
    )
    call_limits = providers.Singleton(
        CallLimits,
        limiter=limiter,
        rules=providers.Callable(factories.rate_limits, settings),
        addresses=addresses,
        known=providers.Singleton(KnownAddresses, uow=uow, clock=clock, rules=backoff_rules),
    )
