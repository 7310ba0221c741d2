"""Use cases about API keys."""

from dependency_injector import providers

from application.api_keys.authentication import AuthenticateApiKey
from application.api_keys.issuing import CreateApiKey, RotateApiKey
from application.api_keys.queries import GetApiKey, ListApiKeys
from application.api_keys.revoking import RevokeApiKey
from application.api_keys.uses import ApiKeyUses
from config.container.shared import Shared


class ApiKeyUseCases(Shared):
    """Make, see, replace, revoke; call with one."""

    api_key_uses = providers.Singleton(ApiKeyUses, uow=Shared.uow)
    authenticate_api_key = providers.Singleton(
        AuthenticateApiKey,
        reader=Shared.api_key_reader,
        uses=api_key_uses,
        clock=Shared.clock,
    )
    create_api_key = providers.Singleton(
        CreateApiKey,
        uow=Shared.uow,
        codec=Shared.api_key_codec,
        clock=Shared.clock,
        ids=Shared.ids,
        events=Shared.events,
    )
    rotate_api_key = providers.Singleton(
        RotateApiKey,
        uow=Shared.uow,
        codec=Shared.api_key_codec,
        clock=Shared.clock,
        ids=Shared.ids,
        events=Shared.events,
    )
    list_api_keys = providers.Singleton(
        ListApiKeys, uow=Shared.uow, cursors=Shared.cursors, uses=api_key_uses
    )
    get_api_key = providers.Singleton(GetApiKey, uow=Shared.uow, uses=api_key_uses)
    revoke_api_key = providers.Singleton(
        RevokeApiKey, uow=Shared.uow, clock=Shared.clock, events=Shared.events
    )
