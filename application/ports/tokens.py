"""Making and checking access tokens and refresh tokens."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from uuid import UUID

from domain.sessions import AccessTokenClaims, Session


class TokenSigner(ABC):
    """Makes access tokens with the current signing key."""

    @abstractmethod
    def sign(self, claims: AccessTokenClaims) -> str:
        """A JWS in compact form, `typ: at+jwt` (RFC 9068). Raises Unavailable without a key."""


class TokenVerifier(ABC):
    """Reads access tokens that this service signed. Pure computation: no look-up, no network."""

    @abstractmethod
    def verify(self, token: str, *, any_audience: bool = False) -> AccessTokenClaims:
        """The claims of a token whose signature, type, times, issuer and audience all hold.

        The audience must contain this service itself; `any_audience` also admits tokens that were
        made for one of the other configured audiences.

        Raises UnknownSigningKey where the token names a key that is not in the ring (it may have
        been made elsewhere since the ring was loaded), InvalidAccessToken for every other fault.
        """


@dataclass(frozen=True, kw_only=True)
class RefreshToken:
    """What a refresh token says. Its outer MAC has been checked, its inner one not yet."""

    session_id: UUID
    generation: int
    inner_mac: bytes = field(repr=False)


class RefreshTokenCodec(ABC):
    """Refresh tokens: two MACs, so that neither the database nor the server secret makes one alone.

    A token is a function of session and generation: nothing that can be replayed is stored, and
    the same successor can be given twice.
    """

    @abstractmethod
    def new_family(self) -> tuple[bytes, str]:
        """For a new session: 32 fresh bytes for `refresh_secret`, and the `server_secret_id`."""

    @abstractmethod
    def encode(self, session: Session) -> str:
        """The token of the session's generation. Raises Unavailable without its server secret."""

    @abstractmethod
    def decode(self, token: str) -> RefreshToken:
        """Checks the outer MAC only, with no look-up. Raises InvalidRefreshToken."""

    @abstractmethod
    def belongs_to(self, token: RefreshToken, session: Session) -> bool:
        """Whether the inner MAC was made with the session's own secret; constant time."""
