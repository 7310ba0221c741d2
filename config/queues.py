"""How serving processes and workers find each other in the broker."""

from urllib.parse import parse_qsl, urlencode

QUEUE = "doorward"
DELIVER = "doorward.deliver"
PURGE = "doorward.purge"

_TLS_WORDS = {"required": "CERT_REQUIRED", "optional": "CERT_OPTIONAL", "none": "CERT_NONE"}


def broker_url(redis_url: str) -> str:
    """A URL of Redis, checked before, as Celery spells it: sockets and certificates differ."""
    scheme, _, rest = redis_url.partition("://")
    target, _, query = rest.partition("?")
    options = dict(parse_qsl(query))
    if scheme == "unix":
        return f"redis+socket://{target}?virtual_host={options.get('db', '0')}"
    if scheme == "rediss":
        # Celery would take any certificate unless it is told otherwise.
        wish = options.get("ssl_cert_reqs", "required")
        options["ssl_cert_reqs"] = _TLS_WORDS.get(wish, wish)
        return f"rediss://{target}?{urlencode(options)}"
    return redis_url
