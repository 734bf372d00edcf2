"""What this machine has for tests that need more than Python: a Redis server, a browser."""

from __future__ import annotations

import os
import shutil
from functools import cache

import redis

LOCAL_REDIS = "redis://127.0.0.1:6379"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@cache
def redis_url() -> str | None:
    """`TEST_REDIS_URL`, else a server on the standard local port: its last databases, one a worker, free to empty."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = os.environ.get("TEST_REDIS_URL") or f"{LOCAL_REDIS}/{15 - int(worker) % 15}"
    try:
        redis.Redis.from_url(url, socket_connect_timeout=1).ping()
    except redis.RedisError:
        return None
    return url


@cache
def chromium() -> str | None:
    """Path of a Chromium: `CHROMIUM`, else one of the usual names."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)
