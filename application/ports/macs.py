"""Tags that only holders of the server secret can make."""

from abc import ABC, abstractmethod


class MessageAuthenticator(ABC):
    """HMAC under keys derived from the server secret, one key a purpose."""

    @abstractmethod
    def tag(self, purpose: str, message: bytes) -> bytes:
        """32 bytes, made with the current secret."""

    @abstractmethod
    def verify(self, purpose: str, message: bytes, tag: bytes) -> bool:
        """Constant time; also true for tags made with a previous secret."""
