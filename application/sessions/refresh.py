"""Refreshing: one token in, its successor out, and what happens when one comes twice."""

from dataclasses import dataclass, field

from application.audit import EventFactory, user_party
from application.outgoing_mail import OutgoingMail
from application.ports.clock import Clock
from application.ports.sessions import LiveAt, Rotation, SessionRefresher
from application.ports.tokens import RefreshToken, RefreshTokenCodec
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.tokens import IssuedTokens, TokenIssuer
from domain.access import Actor, Origin
from domain.events import EventKind
from domain.outbox import MessageTemplate
from domain.sessions import (
    InvalidRefreshToken,
    RefreshOutcome,
    RefreshRules,
    Session,
    SessionEnd,
)


@dataclass(frozen=True, kw_only=True)
class RefreshSessionCommand:
    actor: Actor
    refresh_token: str = field(repr=False)
    audience: str | None = None


class RefreshSession:
    """Whoever holds the session's refresh token (RFC 9700, 4.14.2: rotation with reuse detection).

    The live token is used up by one conditional UPDATE. Handing in the last one again within the
    grace window gives the same successor again. A genuine token that is older ends the session;
    that is committed, in the audit log and told to the user before it is refused. A token that is
    not genuine changes nothing. Raises InvalidRefreshToken, UnknownAudience, Unavailable.
    """

    def __init__(
        self,
        *,
        sessions: SessionRefresher,
        uow: UnitOfWorkFactory,
        refresh_tokens: RefreshTokenCodec,
        tokens: TokenIssuer,
        rules: RefreshRules,
        clock: Clock,
        events: EventFactory,
        mail: OutgoingMail,
    ) -> None:
        self._sessions = sessions
        self._uow = uow
        self._refresh_tokens = refresh_tokens
        self._tokens = tokens
        self._rules = rules
        self._clock = clock
        self._events = events
        self._mail = mail

    async def execute(self, command: RefreshSessionCommand) -> IssuedTokens:
        self._tokens.check_audience(command.audience)
        token = self._refresh_tokens.decode(command.refresh_token)
        found = await self._sessions.find(token.session_id)
        # Before anything is changed: who has the server secret alone must not get on with it.
        if found is None or not self._refresh_tokens.belongs_to(token, found[0]):
            raise InvalidRefreshToken
        session, user = found
        if not user.is_active:
            # Disabling ends sessions too; this catches what happens at the same instant.
            raise InvalidRefreshToken
        rotated = None
        if token.generation == session.generation:
            rotated = await self._rotate(session, command.actor.origin)
        if rotated is None:
            # Ends as it ended before if it is done twice.
            rotated = await self._uow.idempotent(
                lambda uow: self._settle(uow, token, command.actor)
            )
        return self._tokens.issue(user, rotated, command.audience)

    async def _rotate(self, session: Session, origin: Origin) -> Session | None:
        """The next generation, if it was this request that made it."""
        now = self._clock.now()
        rotation = Rotation(
            session_id=session.id,
            generation=session.generation,
            live=LiveAt(at=now, idle_since=self._rules.idle_since(now)),
            ip=origin.ip,
            user_agent=origin.user_agent,
        )
        if not await self._sessions.rotate(rotation):
            return None
        return session.rotated(now, ip=origin.ip, user_agent=origin.user_agent)

    async def _settle(self, uow: UnitOfWork, token: RefreshToken, actor: Actor) -> Session:
        """The token was not the live one: the session to answer with, or a refusal."""
        session = await uow.sessions.get(token.session_id)
        if session is None:
            raise InvalidRefreshToken
        # Only now: while this request waited for another one's rotation, time went on.
        outcome = self._rules.judge(session, token.generation, self._clock.now())
        if outcome is RefreshOutcome.RETRY:
            await self._note_other_address(uow, session, actor)
            await uow.commit()
            return session
        if outcome is RefreshOutcome.REUSE:
            await self._end_family(uow, session, actor)
            await uow.commit()
        raise InvalidRefreshToken

    async def _note_other_address(self, uow: UnitOfWork, session: Session, actor: Actor) -> None:
        if session.ip == actor.origin.ip:
            return
        await uow.events.add(
            self._events.success(
                EventKind.REFRESH_RETRIED_ELSEWHERE,
                actor,
                user_party(session.user_id),
                session_id=str(session.id),
            )
        )

    async def _end_family(self, uow: UnitOfWork, session: Session, actor: Actor) -> None:
        # The account before its session, as everybody locks them; its mails are counted.
        await uow.users.lock(session.user_id)
        if not await uow.sessions.end(session.id, self._clock.now(), SessionEnd.REUSE_DETECTED):
            return
        await uow.events.add(
            self._events.refused(
                EventKind.REFRESH_REUSED,
                actor,
                user_party(session.user_id),
                session_id=str(session.id),
            )
        )
        await self._mail.notify(uow, session.user_id, MessageTemplate.REUSE_DETECTED)
