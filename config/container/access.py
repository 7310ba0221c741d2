"""Use cases about who is calling: sessions, tokens, keys."""

from dependency_injector import providers

from application.authentication import AuthenticateToken, RecordDenial
from application.introspection.explain import ExplainToken
from application.introspection.introspect import IntrospectToken
from application.introspection.revoke import RevokeToken
from application.passwords import ChangePassword, Reauthenticate
from application.sessions.ending import EndOtherSessions, EndSession, EndUserSessions, SignOut
from application.sessions.listing import ListSessions
from application.sessions.refresh import RefreshSession
from application.sessions.sign_in import SignIn
from application.signing_keys.lifecycle import (
    ListSigningKeys,
    RetireSigningKey,
    RevokeSigningKey,
    RotateSigningKeys,
)
from config import factories
from config.container.shared import Shared


class AccessUseCases(Shared):
    """Sign in, refresh, verify, end."""

    # Who is calling
    authenticate_token = providers.Singleton(
        AuthenticateToken,
        tokens=Shared.access_token_reader,
        sessions=Shared.session_lookup,
        clock=Shared.clock,
    )
    record_denial = providers.Singleton(RecordDenial, uow=Shared.uow, events=Shared.events)
    sign_in = providers.Singleton(
        SignIn,
        facts=Shared.sign_in_lookup,
        uow=Shared.uow,
        addresses=Shared.addresses,
        hasher=Shared.hasher,
        macs=Shared.server_secret,
        tokens=Shared.tokens,
        refresh_tokens=Shared.refresh_tokens,
        rules=Shared.refresh_rules,
        clock=Shared.clock,
        ids=Shared.ids,
        events=Shared.events,
        backoff=Shared.sign_in_backoff,
        telemetry=Shared.telemetry,
        verification_required=providers.Callable(factories.verification_required, Shared.settings),
    )
    sign_out = providers.Singleton(
        SignOut, uow=Shared.uow, clock=Shared.clock, events=Shared.events
    )
    refresh_session = providers.Singleton(
        RefreshSession,
        sessions=Shared.session_refresher,
        uow=Shared.uow,
        refresh_tokens=Shared.refresh_tokens,
        tokens=Shared.tokens,
        rules=Shared.refresh_rules,
        clock=Shared.clock,
        events=Shared.events,
        mail=Shared.outgoing_mail,
    )
    introspect_token = providers.Singleton(
        IntrospectToken,
        uow=Shared.uow,
        access_tokens=Shared.access_token_reader,
        sessions=Shared.session_lookup,
        refresh_tokens=Shared.refresh_tokens,
        api_keys=Shared.api_key_reader,
        rules=Shared.refresh_rules,
        clock=Shared.clock,
    )
    explain_token = providers.Singleton(
        ExplainToken,
        access_tokens=Shared.access_token_reader,
        refresh_tokens=Shared.refresh_tokens,
        api_keys=Shared.api_key_reader,
        uow=Shared.uow,
        rules=Shared.refresh_rules,
        clock=Shared.clock,
    )
    revoke_token = providers.Singleton(
        RevokeToken,
        uow=Shared.uow,
        access_tokens=Shared.access_token_reader,
        refresh_tokens=Shared.refresh_tokens,
        api_keys=Shared.api_key_reader,
        clock=Shared.clock,
        events=Shared.events,
    )
    list_sessions = providers.Singleton(
        ListSessions,
        uow=Shared.uow,
        cursors=Shared.cursors,
        rules=Shared.refresh_rules,
        clock=Shared.clock,
    )
    end_session = providers.Singleton(
        EndSession, uow=Shared.uow, clock=Shared.clock, events=Shared.events
    )
    end_other_sessions = providers.Singleton(
        EndOtherSessions, uow=Shared.uow, clock=Shared.clock, events=Shared.events
    )
    end_user_sessions = providers.Singleton(
        EndUserSessions, uow=Shared.uow, clock=Shared.clock, events=Shared.events
    )
    reauthenticate = providers.Singleton(
        Reauthenticate, proof=Shared.password_proof, clock=Shared.clock, events=Shared.events
    )
    change_password = providers.Singleton(
        ChangePassword,
        proof=Shared.password_proof,
        hasher=Shared.hasher,
        policy=Shared.password_policy,
        clock=Shared.clock,
        events=Shared.events,
        mail=Shared.outgoing_mail,
    )

    # Signing keys
    list_signing_keys = providers.Singleton(ListSigningKeys, uow=Shared.uow)
    rotate_signing_keys = providers.Singleton(
        RotateSigningKeys, succession=Shared.key_succession, clock=Shared.clock
    )
    retire_signing_key = providers.Singleton(
        RetireSigningKey, succession=Shared.key_succession, clock=Shared.clock
    )
    revoke_signing_key = providers.Singleton(
        RevokeSigningKey, succession=Shared.key_succession, clock=Shared.clock
    )
