"""What a rate limit is: so many acts in so many seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateLimitRule:
    """At most `count` acts in any window of `seconds`."""

    count: int
    seconds: int

    def __post_init__(self) -> None:
        if self.count < 1 or self.seconds < 1:
            raise ValueError("a rate limit needs a count and a window of at least 1")
