"""What can be done to roles and permissions, by whoever it is."""

from uuid import UUID

from application.roles.administration import (
    CreateRoleCommand,
    DeleteRoleCommand,
    UpdateRoleCommand,
)
from application.roles.permissions import CreatePermissionCommand, DeletePermissionCommand
from application.users.administration import SetUserRolesCommand
from config.container import Container
from domain.access import Actor


class Acts:
    """Each raises what its use case raises."""

    def __init__(self, container: Container) -> None:
        self._container = container

    async def create_role(self, actor: Actor, name: str, permissions: frozenset[str]) -> None:
        command = CreateRoleCommand(actor=actor, name=name, description="", permissions=permissions)
        await self._container.create_role().execute(command)

    async def update_role(self, actor: Actor, name: str, permissions: frozenset[str]) -> None:
        command = UpdateRoleCommand(actor=actor, name=name, description="", permissions=permissions)
        await self._container.update_role().execute(command)

    async def delete_role(self, actor: Actor, name: str) -> None:
        command = DeleteRoleCommand(actor=actor, name=name)
        await self._container.delete_role().execute(command)

    async def add_permission(self, actor: Actor, name: str) -> None:
        command = CreatePermissionCommand(actor=actor, name=name, description="")
        await self._container.create_permission().execute(command)

    async def drop_permission(self, actor: Actor, name: str) -> None:
        command = DeletePermissionCommand(actor=actor, name=name)
        await self._container.delete_permission().execute(command)

    async def set_roles(self, actor: Actor, user_id: UUID, roles: frozenset[str]) -> None:
        command = SetUserRolesCommand(actor=actor, user_id=user_id, roles=roles)
        await self._container.set_user_roles().execute(command)
