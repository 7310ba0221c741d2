"""What a new installation needs before anybody can sign in."""

from dataclasses import dataclass, field

from application.audit import EventFactory, user_party
from application.ports.addresses import AddressNormaliser
from application.ports.clock import Clock, IdGenerator
from application.ports.passwords import PasswordHasher
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.errors import Conflict
from domain.events import EventKind
from domain.passwords import PasswordPolicy
from domain.roles import ADMIN_ROLE, USER_ROLE
from domain.users import User, UserFilter, UserKind, UserStatus


@dataclass(frozen=True, kw_only=True)
class EnsureAdministratorCommand:
    email: str
    password: str = field(repr=False)


class EnsureAdministrator:
    """The service itself, on its first start: creates an administrator if there is no account yet.

    An installation that has accounts has had its administrator: one who was renamed is not made
    again. True if one was created. Raises InvalidEmailAddress, WeakPassword, Unavailable.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        addresses: AddressNormaliser,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        clock: Clock,
        ids: IdGenerator,
        events: EventFactory,
    ) -> None:
        self._uow = uow
        self._addresses = addresses
        self._hasher = hasher
        self._policy = policy
        self._clock = clock
        self._ids = ids
        self._events = events

    async def is_needed(self) -> bool:
        async with self._uow.reading() as uow:
            return not await uow.users.page(UserFilter(), None, 1)

    async def execute(self, command: EnsureAdministratorCommand) -> bool:
        email = self._addresses.normalise(command.email)
        password = self._policy.check(command.password, local_part=email.local_part)
        password_hash = await self._hasher.hash(password)
        now = self._clock.now()
        user = User(
            id=self._ids.new_id(),
            email=email,
            email_verified=True,
            name="Administrator",
            kind=UserKind.HUMAN,
            status=UserStatus.ACTIVE,
            roles=frozenset({ADMIN_ROLE, USER_ROLE}),
            version=1,
            created_at=now,
            updated_at=now,
        )
        try:
            async with self._uow() as uow:
                await uow.roles.lock_administrators()
                if await uow.users.page(UserFilter(), None, 1):
                    return False
                await uow.users.add(user)
                await uow.credentials.set_password(user.id, password_hash, now)
                await uow.events.add(
                    self._events.success(
                        EventKind.USER_CREATED, Actor.system(), user_party(user.id)
                    )
                )
                await uow.commit()
        except Conflict:
            return False
        return True
