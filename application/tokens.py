"""Making the tokens of a session."""

from dataclasses import dataclass, field
from datetime import timedelta

from application.ports.clock import Clock, IdGenerator
from application.ports.tokens import RefreshTokenCodec, TokenSigner
from domain.sessions import AccessTokenClaims, RefreshRules, Session, UnknownAudience
from domain.users import User


@dataclass(frozen=True, kw_only=True)
class TokenSettings:
    """`audiences` are those a client may ask for besides the issuer itself."""

    issuer: str
    audiences: frozenset[str]
    access_ttl_seconds: int


@dataclass(frozen=True, kw_only=True)
class IssuedTokens:
    """What a client keeps (RFC 6749, 5.1). Lifetimes are in seconds."""

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str = field(repr=False)
    refresh_expires_in: int


class TokenIssuer:
    """Turns a live session into an access token and the refresh token of its generation."""

    def __init__(
        self,
        *,
        signer: TokenSigner,
        refresh_tokens: RefreshTokenCodec,
        clock: Clock,
        ids: IdGenerator,
        settings: TokenSettings,
        rules: RefreshRules,
    ) -> None:
        self._signer = signer
        self._refresh_tokens = refresh_tokens
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self._known_audiences = settings.audiences | {settings.issuer}
        self._rules = rules

    def check_audience(self, audience: str | None) -> None:
        """None means the issuer. Raises UnknownAudience."""
        if audience is not None and audience not in self._known_audiences:
            raise UnknownAudience

    def issue(self, user: User, session: Session, audience: str | None) -> IssuedTokens:
        """Raises UnknownAudience, and Unavailable where no signing key is loaded."""
        self.check_audience(audience)
        settings = self._settings
        now = self._clock.now()
        issued_at = now.replace(microsecond=0)
        # A token never outlives its session.
        lifetime = min(
            timedelta(seconds=settings.access_ttl_seconds), session.expires_at - issued_at
        )
        claims = AccessTokenClaims(
            issuer=settings.issuer,
            audience=(audience or settings.issuer,),
            subject=user.id,
            session_id=session.id,
            client_id=session.client_id,
            issued_at=issued_at,
            expires_at=issued_at + lifetime,
            token_id=self._ids.new_id(),
            auth_time=session.auth_time,
            roles=tuple(sorted(user.roles)),
        )
        return IssuedTokens(
            access_token=self._signer.sign(claims),
            expires_in=int(lifetime.total_seconds()),
            refresh_token=self._refresh_tokens.encode(session),
            refresh_expires_in=round((self._rules.ends_at(session) - now).total_seconds()),
        )
