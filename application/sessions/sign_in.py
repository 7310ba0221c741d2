"""Signing in with a password."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from application.audit import EventFactory, user_party
from application.backoff import SignInBackoff, SignInTry
from application.ports.addresses import AddressNormaliser
from application.ports.clock import Clock, IdGenerator
from application.ports.macs import MessageAuthenticator
from application.ports.passwords import PasswordHasher, PasswordLogin
from application.ports.sign_ins import SignInLookup
from application.ports.telemetry import SignInOutcome, Telemetry
from application.ports.tokens import RefreshTokenCodec
from application.ports.unit_of_work import UnitOfWorkFactory
from application.tokens import IssuedTokens, TokenIssuer
from domain.access import Actor
from domain.addresses import InvalidEmailAddress
from domain.events import EventKind, Party
from domain.passwords import normalise_password
from domain.sessions import (
    FIRST_PARTY_CLIENT,
    EmailNotVerified,
    InvalidCredentials,
    RefreshRules,
    Session,
)
from domain.users import User

_NOBODY = ""
"""An address key that no account has."""


@dataclass(frozen=True, kw_only=True)
class SignInCommand:
    actor: Actor
    email: str
    password: str = field(repr=False)
    audience: str | None = None


class SignIn:
    """Anyone with an address and its password; opens a session.

    Unknown address, wrong password, disabled account take the same steps and the same time.
    A refusal is in the audit log, and counted, before it is answered. Raises InvalidCredentials,
    EmailNotVerified, UnknownAudience, Unavailable; RateLimited where too many tries have failed.
    """

    def __init__(
        self,
        *,
        facts: SignInLookup,
        uow: UnitOfWorkFactory,
        addresses: AddressNormaliser,
        hasher: PasswordHasher,
        macs: MessageAuthenticator,
        tokens: TokenIssuer,
        refresh_tokens: RefreshTokenCodec,
        rules: RefreshRules,
        clock: Clock,
        ids: IdGenerator,
        events: EventFactory,
        backoff: SignInBackoff,
        telemetry: Telemetry,
        verification_required: bool,
    ) -> None:
        self._facts = facts
        self._uow = uow
        self._addresses = addresses
        self._hasher = hasher
        self._macs = macs
        self._tokens = tokens
        self._refresh_tokens = refresh_tokens
        self._rules = rules
        self._clock = clock
        self._ids = ids
        self._events = events
        self._backoff = backoff
        self._telemetry = telemetry
        self._verification_required = verification_required

    async def execute(self, command: SignInCommand) -> IssuedTokens:
        self._tokens.check_audience(command.audience)
        with self._hasher.admission():
            return await self._execute(command)

    async def _execute(self, command: SignInCommand) -> IssuedTokens:
        password = normalise_password(command.password)
        email_key = self._key_of(command.email)
        login, attempt = await self._find(email_key, command.actor)
        if attempt is not None:
            await self._backoff.admit(attempt, login.user.id if login else None)
        proven = login.password_hash if login else None
        matches = await self._hasher.verify(password, proven, as_typed=command.password)
        if login is None or not login.user.is_active or not matches:
            await self._refuse(command, email_key, login, "credentials", attempt)
            raise InvalidCredentials
        if self._verification_required and not login.user.email_verified:
            await self._refuse(command, email_key, login, "email_not_verified")
            raise EmailNotVerified
        fresh_hash = await self._upgraded(command.password, password, login)
        try:
            user, session = await self._open_proven(command, email_key, login, attempt, fresh_hash)
        except InvalidCredentials:
            await self._refuse(command, email_key, login, "credentials")
            raise
        self._telemetry.signed_in(SignInOutcome.SUCCESS)
        return self._tokens.issue(user, session, command.audience)

    def _key_of(self, email: str) -> str:
        try:
            return self._addresses.normalise(email).key
        except InvalidEmailAddress:
            return _NOBODY

    async def _find(
        self, email_key: str, actor: Actor
    ) -> tuple[PasswordLogin | None, SignInTry | None]:
        """The account, if there is one, and the try at it, if it is an address at all."""
        tag = self._backoff.tag_of(email_key)
        facts = await self._facts.find(email_key, tag)
        if email_key == _NOBODY:
            return facts.login, None
        return facts.login, SignInTry(tag=tag, origin=actor.origin, failed=facts.failed)

    async def _upgraded(self, typed: str, password: str, login: PasswordLogin) -> str | None:
        """A hash as new ones are: current parameters, of the normalised password."""
        stored = login.password_hash
        if stored is None:
            return None
        outdated = self._hasher.needs_rehash(stored)
        # Another system may have hashed what was typed, which only this sign-in ever tries.
        if outdated or (typed != password and not await self._hasher.verify(password, stored)):
            return await self._hasher.hash(password)
        return None

    async def _open_proven(
        self,
        command: SignInCommand,
        email_key: str,
        login: PasswordLogin,
        attempt: SignInTry | None,
        fresh_hash: str | None,
    ) -> tuple[User, Session]:
        """Also if another sign-in has renewed the hash since: of the same password, that is.

        Raises InvalidCredentials as `_open` does.
        """
        try:
            return login.user, await self._open(command, login, attempt, fresh_hash)
        except InvalidCredentials:
            current, _ = await self._find(email_key, command.actor)
            if current is None or not await self._is_renewed(login, current, command.password):
                raise
        return current.user, await self._open(command, current, attempt, None)

    async def _is_renewed(self, login: PasswordLogin, current: PasswordLogin, typed: str) -> bool:
        """Whether it is the same account, and its other hash one of the same password."""
        if current.user.id != login.user.id or not current.user.is_active:
            return False
        if current.password_hash in (None, login.password_hash):
            return False
        password = normalise_password(typed)
        return await self._hasher.verify(password, current.password_hash, as_typed=typed)

    async def _open(
        self,
        command: SignInCommand,
        login: PasswordLogin,
        attempt: SignInTry | None,
        fresh_hash: str | None,
    ) -> Session:
        """Raises InvalidCredentials if the account was disabled or its password changed meanwhile.

        What its tokens say of roles is what held before the hash ran.
        """
        user, now = login.user, self._clock.now()
        session = self._new_session(command.actor, user, now)
        async with self._uow() as uow:
            await uow.sessions.open(session, login.password_hash or "")
            if fresh_hash is not None:
                await uow.credentials.set_password(user.id, fresh_hash, now)
            if attempt is not None:
                await self._backoff.count_success(uow, attempt, user.id)
            await uow.events.add(
                self._events.success(
                    EventKind.SIGNED_IN,
                    command.actor,
                    user_party(user.id),
                    session_id=str(session.id),
                )
            )
            await uow.commit()
        return session

    def _new_session(self, actor: Actor, user: User, now: datetime) -> Session:
        refresh_secret, server_secret_id = self._refresh_tokens.new_family()
        return Session(
            id=self._ids.new_id(),
            user_id=user.id,
            client_id=FIRST_PARTY_CLIENT,
            amr=("pwd",),
            auth_time=now,
            ip=actor.origin.ip,
            user_agent=actor.origin.user_agent,
            created_at=now,
            last_used_at=now,
            expires_at=now + timedelta(seconds=self._rules.absolute_seconds),
            refresh_secret=refresh_secret,
            server_secret_id=server_secret_id,
        )

    async def _refuse(
        self,
        command: SignInCommand,
        email_key: str,
        login: PasswordLogin | None,
        reason: str,
        attempt: SignInTry | None = None,
    ) -> None:
        """A failed `attempt` is counted; who gave the right password has not failed."""
        self._telemetry.signed_in(
            SignInOutcome.EMAIL_NOT_VERIFIED
            if reason == "email_not_verified"
            else SignInOutcome.REFUSED
        )
        digest = self._macs.tag("event-address", email_key.encode()).hex()
        subject = user_party(login.user.id) if login else Party(type="user", id=None)
        async with self._uow() as uow:
            await uow.events.add(
                self._events.refused(
                    EventKind.SIGN_IN_FAILED,
                    command.actor,
                    subject,
                    reason=reason,
                    address_digest=digest,
                )
            )
            if attempt is not None:
                await self._backoff.count_failure(uow, attempt)
            await uow.commit()
