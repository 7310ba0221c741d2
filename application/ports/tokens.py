"""Signing and checking access tokens."""

from abc import ABC, abstractmethod

from domain.sessions import AccessTokenClaims


class TokenSigner(ABC):
    """Makes access tokens with the current signing key."""

    @abstractmethod
    def sign(self, claims: AccessTokenClaims) -> str:
        """A JWS in compact form, `typ: at+jwt` (RFC 9068). Raises Unavailable without a key."""


class TokenVerifier(ABC):
    """Reads access tokens that this service signed. Pure computation: no look-up, no network."""

    @abstractmethod
    def verify(self, token: str) -> AccessTokenClaims:
        """The claims of a token whose signature, type, times, issuer and audience all hold.

        Raises UnknownSigningKey where the token names a key that is not in the ring (it may have
        been made elsewhere since the ring was loaded), InvalidAccessToken for every other fault.
        """
