"""Making the access token of a session."""

from dataclasses import dataclass, field
from datetime import timedelta

from application.ports.clock import Clock, IdGenerator
from application.ports.tokens import TokenSigner
from domain.sessions import AccessTokenClaims, Session, UnknownAudience
from domain.users import User


@dataclass(frozen=True, kw_only=True)
class TokenSettings:
    """`audiences` are those a client may ask for besides the issuer itself."""

    issuer: str
    audiences: frozenset[str]
    access_ttl_seconds: int
    session_ttl_seconds: int


@dataclass(frozen=True, kw_only=True)
class IssuedTokens:
    """What a client keeps (RFC 6749, 5.1). Lifetimes are in seconds."""

    access_token: str = field(repr=False)
    expires_in: int


class AccessTokenIssuer:
    """Turns a live session into a signed token."""

    def __init__(
        self, *, signer: TokenSigner, clock: Clock, ids: IdGenerator, settings: TokenSettings
    ) -> None:
        self._signer = signer
        self._clock = clock
        self._ids = ids
        self._settings = settings

    def check_audience(self, audience: str | None) -> None:
        """None means the issuer. Raises UnknownAudience."""
        known = self._settings.audiences | {self._settings.issuer}
        if audience is not None and audience not in known:
            raise UnknownAudience

    def issue(self, user: User, session: Session, audience: str | None) -> IssuedTokens:
        """Raises UnknownAudience, and Unavailable where no signing key is loaded."""
        self.check_audience(audience)
        settings = self._settings
        # A token never outlives its session.
        now = self._clock.now().replace(microsecond=0)
        lifetime = min(timedelta(seconds=settings.access_ttl_seconds), session.expires_at - now)
        claims = AccessTokenClaims(
            issuer=settings.issuer,
            audience=(audience or settings.issuer,),
            subject=user.id,
            session_id=session.id,
            client_id=session.client_id,
            issued_at=now,
            expires_at=now + lifetime,
            token_id=self._ids.new_id(),
            auth_time=session.auth_time,
            roles=tuple(sorted(user.roles)),
        )
        return IssuedTokens(
            access_token=self._signer.sign(claims), expires_in=int(lifetime.total_seconds())
        )
