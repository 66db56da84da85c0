"""The way to Redis. The portal and the worker share it; what is in the queue is never the only copy (FACTS 27)."""

from __future__ import annotations

from functools import cache

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from models.settings import settings

SECONDS = 2.0  # Redis is near: if it is slower than this it is away, and the sweep takes over


def connection(seconds: float = SECONDS) -> redis.Redis:
    """The Redis of the settings, one pool a process and patience. Nothing is sent yet, so it never fails here.

    Calls give up after `seconds` and are not repeated: a nudge that is lost costs one sweep, a page that hangs costs a partner.
    """
    return _connection(settings().redis_url, settings().redis_ca_file, seconds)


@cache
def _connection(url: str, ca_file: str, seconds: float) -> redis.Redis:
    # A managed Redis has a certificate of its own, so the operator may give the CA (FACTS 41).
    trust = {"ssl_ca_certs": ca_file} if ca_file and url.startswith("rediss://") else {}
    return redis.Redis.from_url(
        url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=Retry(NoBackoff(), 0), health_check_interval=30, **trust
    )
