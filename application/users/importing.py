"""Taking accounts over from somewhere else, many at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from application.audit import EventFactory, user_party
from application.ports.transfer import Taken
from application.ports.unit_of_work import UnitOfWorkFactory
from application.users.account_fields import AccountReader, refused
from domain.access import Actor, require_trusted
from domain.errors import ConcurrentChange, InvalidField, Unavailable
from domain.events import EventKind
from domain.roles import UnknownRole
from domain.transfer import AccountRecord, LineFault

BATCH_LINES = 500
"""How many lines make a good batch: few commits, and no other writer waits for long."""


@dataclass(frozen=True, kw_only=True)
class ImportLine:
    """One account as the file has it; `number` is where it stands there."""

    number: int
    fields: Mapping[str, object] = field(repr=False)


class AddressesSeen:
    """The addresses that one run has met so far, in some 80 bytes each.

    Only a keyed hash of 64 bits is kept: among ten million addresses the odds are one in 300,000
    that two share one, and then a line is reported that need not have been.
    """

    def __init__(self) -> None:
        self._hashes: set[int] = set()

    def __contains__(self, email_key: str) -> bool:
        return hash(email_key) in self._hashes

    def add(self, email_key: str) -> None:
        self._hashes.add(hash(email_key))


@dataclass(frozen=True, kw_only=True)
class ImportUsersCommand:
    actor: Actor
    lines: Sequence[ImportLine]
    seen: AddressesSeen
    """The same one for every batch of a file."""


@dataclass(frozen=True, kw_only=True)
class ImportedBatch:
    created: int
    already_there: int
    faults: tuple[LineFault, ...]


@dataclass
class _Sorted:
    """What a batch comes to, once the database has been asked."""

    new: list[AccountRecord] = field(default_factory=list)
    already_there: int = 0
    met: set[str] = field(default_factory=set)
    ids: set[object] = field(default_factory=set)
    faults: list[LineFault] = field(default_factory=list)


class ImportUsers:
    """Operators only: whoever imports vouches for addresses, roles and hashes alike.

    Every account of a batch is added whole, with its password hash, its keys and its event, or not
    at all. An address that is known keeps its account as it is, so a file can be given again. Lines
    that cannot be taken are answered as faults. Raises NotAuthenticated, PermissionMissing,
    Unavailable, ConcurrentChange; then nothing of the batch was added.
    """

    def __init__(
        self, *, uow: UnitOfWorkFactory, reader: AccountReader, events: EventFactory
    ) -> None:
        self._uow = uow
        self._reader = reader
        self._events = events

    async def execute(self, command: ImportUsersCommand) -> ImportedBatch:
        require_trusted(command.actor)
        faults: list[LineFault] = []
        read: list[tuple[int, AccountRecord]] = []
        for line in command.lines:
            try:
                read.append((line.number, self._reader.read(line.fields)))
            except InvalidField as error:
                faults.append(LineFault(line=line.number, detail=error.details[0]))
        try:
            batch, created = await self._store(command, read)
        except (Unavailable, ConcurrentChange):
            # A lost connection, or two writers in each other's way. What has been stored after all
            # is there already at the second try.
            batch, created = await self._store(command, read)
        for email_key in batch.met:
            command.seen.add(email_key)
        return ImportedBatch(
            created=created,
            already_there=batch.already_there + len(batch.new) - created,
            faults=tuple(sorted(faults + batch.faults, key=lambda fault: fault.line)),
        )

    async def _store(
        self, command: ImportUsersCommand, read: Sequence[tuple[int, AccountRecord]]
    ) -> tuple[_Sorted, int]:
        if not read:
            return _Sorted(), 0
        records = [record for _, record in read]
        async with self._uow() as uow:
            named = frozenset[str]().union(*(record.user.roles for record in records))
            roles = await uow.transfer.existing_roles(named)
            taken = await uow.transfer.taken(records)
            batch = _sorted(read, roles, taken, command.seen)
            added = await uow.transfer.add_all(batch.new)
            await uow.events.add_all(
                [
                    self._events.success(
                        EventKind.USER_IMPORTED,
                        command.actor,
                        user_party(record.user.id),
                        roles=sorted(record.user.roles),
                        with_password=record.password_hash is not None,
                        api_keys=len(record.api_keys),
                    )
                    for record in batch.new
                    if record.user.id in added
                ]
            )
            await uow.commit()
        return batch, len(added)


def _sorted(
    read: Sequence[tuple[int, AccountRecord]],
    roles: frozenset[str],
    taken: Taken,
    seen: AddressesSeen,
) -> _Sorted:
    batch = _Sorted(ids={*taken.ids, *taken.public_ids})
    for number, record in read:
        user = record.user
        error = _error_of(record, roles, batch, seen)
        known = user.email.key in taken.email_keys
        if error is None and not known:
            error = _collision(record, batch)
        if error is not None:
            batch.faults.append(LineFault(line=number, detail=error.details[0]))
            continue
        batch.met.add(user.email.key)
        if known:
            batch.already_there += 1
            continue
        batch.ids.update((user.id, *(key.public_id for key in record.api_keys)))
        batch.new.append(record)
    return batch


def _error_of(
    record: AccountRecord, roles: frozenset[str], batch: _Sorted, seen: AddressesSeen
) -> InvalidField | None:
    key = record.user.email.key
    if not record.user.roles <= roles:
        return UnknownRole()
    if key in batch.met or key in seen:
        return refused("email", "duplicate_email", "An earlier line has this address.")
    return None


def _collision(record: AccountRecord, batch: _Sorted) -> InvalidField | None:
    if record.user.id in batch.ids:
        return refused("id", "id_taken", "Another account has this id.")
    public_ids = [key.public_id for key in record.api_keys]
    if len(set(public_ids)) < len(public_ids) or not batch.ids.isdisjoint(public_ids):
        return refused("api_keys", "api_key_taken", "Another account has one of these keys.")
    return None
