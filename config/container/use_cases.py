"""Use cases and what they share, over the adapters."""

from dependency_injector import providers

from application.access_tokens import AccessTokenReader
from application.audit import EventFactory
from application.authentication import AuthenticateToken, RecordDenial
from application.health import CheckHealth
from application.introspection import ExplainToken, IntrospectToken, RevokeToken
from application.jobs import PurgeExpired
from application.limits import CallLimits
from application.link_tokens import LinkTokens
from application.outbox import DeliverMessages, ListMessages, RetryMessages
from application.outgoing_mail import OutgoingMail
from application.pages import CursorCodec
from application.password_proof import PasswordProof
from application.passwords import ChangePassword, Reauthenticate
from application.recovery.addresses import ChangeEmail, ResendVerification, VerifyEmail
from application.recovery.passwords import ForgotPassword, ResetPassword
from application.sessions.ending import EndOtherSessions, EndSession, EndUserSessions, SignOut
from application.sessions.listing import ListSessions
from application.sessions.refresh import RefreshSession
from application.sessions.sign_in import SignIn
from application.setup import EnsureAdministrator
from application.signing_keys.lifecycle import (
    EnsureSigningKeys,
    ListSigningKeys,
    RetireSigningKey,
    RevokeSigningKey,
    RotateSigningKeys,
    RotateSigningKeysIfDue,
)
from application.signing_keys.ring import KeyRingKeeper
from application.signing_keys.succession import KeySuccession
from application.tokens import TokenIssuer
from application.users.administration import DeleteUser, SetPassword, SetUserRoles, UpdateUser
from application.users.own_account import DeleteOwnAccount, GetOwnAccount, UpdateOwnAccount
from application.users.queries import FindUser, GetUser, ListUsers
from application.users.registration import RegisterUser
from config import factories
from config.container.adapters import Adapters


class Container(Adapters):
    """Every object is made once, on first use, by a sync constructor that does no I/O.

    Tests override a provider, or hand in settings that choose the memory adapters.
    """

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
    signing_key_factory = Adapters.signing_key_factory
    limiter = Adapters.limiter
    mailer = Adapters.mailer
    renderer = Adapters.renderer
    storage = Adapters.storage
    uow = Adapters.uow
    session_lookup = Adapters.session_lookup

    # What use cases share
    password_policy = providers.Singleton(factories.password_policy, settings)
    token_settings = providers.Singleton(factories.token_settings, settings)
    events = providers.Singleton(EventFactory, clock=clock, ids=ids)
    cursors = providers.Singleton(CursorCodec, macs=server_secret)
    link_tokens = providers.Singleton(LinkTokens, macs=server_secret)
    outgoing_mail = providers.Singleton(OutgoingMail, clock=clock, ids=ids)
    _telling = {"uow": uow, "events": events, "mail": outgoing_mail}  # noqa: RUF012
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

    call_limits = providers.Singleton(
        CallLimits,
        limiter=limiter,
        rules=providers.Callable(factories.rate_limits, settings),
        addresses=addresses,
    )

    # Use cases: the service itself
    check_health = providers.Singleton(
        CheckHealth, storage=storage, ring=key_ring, limiter=limiter, clock=clock
    )
    ensure_signing_keys = providers.Singleton(
        EnsureSigningKeys, succession=key_succession, rules=signing_key_rules, clock=clock
    )
    rotate_signing_keys_if_due = providers.Singleton(
        RotateSigningKeysIfDue, succession=key_succession, rules=signing_key_rules, clock=clock
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
        tokens=access_token_reader,
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
        tokens=tokens,
        refresh_tokens=refresh_tokens,
        rules=refresh_rules,
        clock=clock,
        ids=ids,
        events=events,
        verification_required=providers.Callable(factories.verification_required, settings),
    )
    sign_out = providers.Singleton(SignOut, uow=uow, clock=clock, events=events)
    refresh_session = providers.Singleton(
        RefreshSession,
        uow=uow,
        refresh_tokens=refresh_tokens,
        tokens=tokens,
        rules=refresh_rules,
        clock=clock,
        events=events,
        mail=outgoing_mail,
    )
    introspect_token = providers.Singleton(
        IntrospectToken,
        uow=uow,
        access_tokens=access_token_reader,
        sessions=session_lookup,
        refresh_tokens=refresh_tokens,
        rules=refresh_rules,
        clock=clock,
    )
    explain_token = providers.Singleton(
        ExplainToken,
        access_tokens=access_token_reader,
        refresh_tokens=refresh_tokens,
        uow=uow,
        rules=refresh_rules,
        clock=clock,
    )
    revoke_token = providers.Singleton(
        RevokeToken,
        uow=uow,
        access_tokens=access_token_reader,
        refresh_tokens=refresh_tokens,
        clock=clock,
        events=events,
    )
    list_sessions = providers.Singleton(
        ListSessions, uow=uow, cursors=cursors, rules=refresh_rules, clock=clock
    )
    end_session = providers.Singleton(EndSession, uow=uow, clock=clock, events=events)
    end_other_sessions = providers.Singleton(EndOtherSessions, uow=uow, clock=clock, events=events)
    end_user_sessions = providers.Singleton(EndUserSessions, uow=uow, clock=clock, events=events)
    reauthenticate = providers.Singleton(
        Reauthenticate, uow=uow, proof=password_proof, clock=clock, events=events
    )
    change_password = providers.Singleton(
        ChangePassword,
        uow=uow,
        proof=password_proof,
        hasher=hasher,
        policy=password_policy,
        clock=clock,
        events=events,
        mail=outgoing_mail,
    )

    # Use cases: recovery
    forgot_password = providers.Singleton(
        ForgotPassword, addresses=addresses, macs=server_secret, ids=ids, **_telling
    )
    reset_password = providers.Singleton(
        ResetPassword,
        tokens=link_tokens,
        hasher=hasher,
        policy=password_policy,
        clock=clock,
        **_telling,
    )
    verify_email = providers.Singleton(VerifyEmail, tokens=link_tokens, clock=clock, **_telling)
    resend_verification = providers.Singleton(ResendVerification, **_telling)
    change_email = providers.Singleton(
        ChangeEmail, addresses=addresses, proof=password_proof, ids=ids, **_telling
    )

    # Use cases: mail and jobs
    deliver_messages = providers.Singleton(
        DeliverMessages,
        uow=uow,
        mailer=mailer,
        renderer=renderer,
        tokens=link_tokens,
        pages=providers.Callable(factories.link_pages, settings),
        clock=clock,
        spares_reserved=providers.Callable(factories.spares_reserved, settings),
    )
    list_messages = providers.Singleton(ListMessages, uow=uow, cursors=cursors)
    retry_messages = providers.Singleton(RetryMessages, uow=uow, clock=clock, events=events)
    retention = providers.Callable(factories.retention, settings)
    purge_expired = providers.Singleton(PurgeExpired, uow=uow, clock=clock, retention=retention)

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
        mail=outgoing_mail,
        confirms_by_mail=providers.Callable(factories.verification_required, settings),
        registration_is_open=providers.Callable(factories.registration_is_open, settings),
    )
    get_own_account = providers.Singleton(GetOwnAccount)
    update_own_account = providers.Singleton(UpdateOwnAccount, uow=uow, clock=clock, events=events)
    delete_own_account = providers.Singleton(
        DeleteOwnAccount, uow=uow, proof=password_proof, events=events
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
        mail=outgoing_mail,
    )

    # Use cases: signing keys
    list_signing_keys = providers.Singleton(ListSigningKeys, uow=uow)
    rotate_signing_keys = providers.Singleton(
        RotateSigningKeys, succession=key_succession, clock=clock
    )
    retire_signing_key = providers.Singleton(
        RetireSigningKey, succession=key_succession, clock=clock
    )
    revoke_signing_key = providers.Singleton(
        RevokeSigningKey, succession=key_succession, clock=clock
    )
