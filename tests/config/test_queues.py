"""URLs of Redis as Celery spells them."""

import pytest

from config.queues import broker_url


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("redis://:pw@host:6379/2", "redis://:pw@host:6379/2"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?virtual_host=3"),
        ("rediss://host/0", "rediss://host/0?ssl_cert_reqs=CERT_REQUIRED"),
        ("rediss://host/0?ssl_cert_reqs=none", "rediss://host/0?ssl_cert_reqs=CERT_NONE"),
        (
            "rediss://host?ssl_ca_certs=/ca.pem",
            "rediss://host?ssl_ca_certs=%2Fca.pem&ssl_cert_reqs=CERT_REQUIRED",
        ),
    ],
)
def test_a_broker_is_the_same_redis(given: str, expected: str) -> None:
    assert broker_url(given) == expected
