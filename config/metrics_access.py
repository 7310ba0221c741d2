"""Who may see the metrics, on whichever page."""

import hmac

from config.settings import Settings


def may_see_metrics(settings: Settings, authorization: str) -> bool:
    """Open, but in production for who sends METRICS_TOKEN as a bearer token alone."""
    if settings.environment != "production":
        return True
    if settings.metrics_token is None:
        return False
    scheme, _, given = authorization.partition(" ")
    # As bytes: for text that is not ASCII the comparison would raise.
    expected = settings.metrics_token.get_secret_value().encode()
    return scheme.lower() == "bearer" and hmac.compare_digest(
        given.strip().encode("latin-1", "replace"), expected
    )
