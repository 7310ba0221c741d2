"""Use cases about accounts, and how they are recovered."""

from dependency_injector import providers

from application.recovery.addresses import ChangeEmail, ResendVerification, VerifyEmail
from application.recovery.passwords import ForgotPassword, ResetPassword
from application.users.account_fields import AccountReader
from application.users.administration import DeleteUser, SetPassword, SetUserRoles, UpdateUser
from application.users.exporting import ExportUsers
from application.users.importing import ImportUsers
from application.users.own_account import DeleteOwnAccount, GetOwnAccount, UpdateOwnAccount
from application.users.queries import FindUser, GetUser, ListUsers
from application.users.registration import RegisterUser
from config import factories
from config.container.shared import Shared


class AccountUseCases(Shared):
    """Register, read, change, recover."""

    # Accounts
    register_user = providers.Singleton(
        RegisterUser,
        uow=Shared.uow,
        addresses=Shared.addresses,
        hasher=Shared.hasher,
        policy=Shared.password_policy,
        clock=Shared.clock,
        ids=Shared.ids,
        events=Shared.events,
        mail=Shared.outgoing_mail,
        confirms_by_mail=providers.Callable(factories.verification_required, Shared.settings),
        registration_is_open=providers.Callable(factories.registration_is_open, Shared.settings),
    )
    get_own_account = providers.Singleton(GetOwnAccount)
    update_own_account = providers.Singleton(
        UpdateOwnAccount, uow=Shared.uow, clock=Shared.clock, events=Shared.events
    )
    delete_own_account = providers.Singleton(
        DeleteOwnAccount, proof=Shared.password_proof, events=Shared.events
    )
    get_user = providers.Singleton(GetUser, uow=Shared.uow)
    find_user = providers.Singleton(FindUser, uow=Shared.uow, addresses=Shared.addresses)
    list_users = providers.Singleton(
        ListUsers, uow=Shared.uow, addresses=Shared.addresses, cursors=Shared.cursors
    )
    update_user = providers.Singleton(
        UpdateUser, uow=Shared.uow, clock=Shared.clock, events=Shared.events
    )
    set_user_roles = providers.Singleton(
        SetUserRoles, uow=Shared.uow, clock=Shared.clock, events=Shared.events
    )
    delete_user = providers.Singleton(DeleteUser, uow=Shared.uow, events=Shared.events)
    set_password = providers.Singleton(
        SetPassword,
        uow=Shared.uow,
        hasher=Shared.hasher,
        policy=Shared.password_policy,
        clock=Shared.clock,
        events=Shared.events,
        mail=Shared.outgoing_mail,
        backoff=Shared.sign_in_backoff,
    )
    account_reader = providers.Singleton(
        AccountReader,
        addresses=Shared.addresses,
        hasher=Shared.hasher,
        clock=Shared.clock,
        ids=Shared.ids,
    )
    import_users = providers.Singleton(
        ImportUsers, uow=Shared.uow, reader=account_reader, events=Shared.events
    )
    export_users = providers.Singleton(ExportUsers, uow=Shared.uow, events=Shared.events)

    # Recovery
    forgot_password = providers.Singleton(
        ForgotPassword,
        addresses=Shared.addresses,
        macs=Shared.server_secret,
        ids=Shared.ids,
        **Shared.telling,
    )
    reset_password = providers.Singleton(
        ResetPassword,
        tokens=Shared.link_tokens,
        hasher=Shared.hasher,
        policy=Shared.password_policy,
        clock=Shared.clock,
        backoff=Shared.sign_in_backoff,
        **Shared.telling,
    )
    verify_email = providers.Singleton(
        VerifyEmail, tokens=Shared.link_tokens, clock=Shared.clock, **Shared.telling
    )
    resend_verification = providers.Singleton(ResendVerification, **Shared.telling)
    change_email = providers.Singleton(
        ChangeEmail,
        addresses=Shared.addresses,
        proof=Shared.password_proof,
        ids=Shared.ids,
        events=Shared.events,
        mail=Shared.outgoing_mail,
    )
