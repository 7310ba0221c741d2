"""Use cases about roles and permissions."""

from dependency_injector import providers

from application.roles.administration import CreateRole, DeleteRole, UpdateRole
from application.roles.permissions import CreatePermission, DeletePermission
from application.roles.queries import GetRole, ListPermissions, ListRoles
from application.roles.vocabulary import Vocabulary
from config.container.shared import Shared


class RoleUseCases(Shared):
    """What accounts may do, in whose words."""

    vocabulary = providers.Singleton(Vocabulary, uow=Shared.uow, cache=Shared.response_cache)
    list_roles = providers.Singleton(ListRoles, vocabulary=vocabulary, cursors=Shared.cursors)
    get_role = providers.Singleton(GetRole, vocabulary=vocabulary)
    create_role = providers.Singleton(
        CreateRole,
        uow=Shared.uow,
        clock=Shared.clock,
        events=Shared.events,
        cache=Shared.response_cache,
    )
    update_role = providers.Singleton(
        UpdateRole,
        uow=Shared.uow,
        clock=Shared.clock,
        events=Shared.events,
        cache=Shared.response_cache,
    )
    delete_role = providers.Singleton(
        DeleteRole, uow=Shared.uow, events=Shared.events, cache=Shared.response_cache
    )
    list_permissions = providers.Singleton(
        ListPermissions, vocabulary=vocabulary, cursors=Shared.cursors
    )
    create_permission = providers.Singleton(
        CreatePermission,
        uow=Shared.uow,
        clock=Shared.clock,
        events=Shared.events,
        cache=Shared.response_cache,
    )
    delete_permission = providers.Singleton(
        DeletePermission,
        uow=Shared.uow,
        clock=Shared.clock,
        events=Shared.events,
        cache=Shared.response_cache,
    )
