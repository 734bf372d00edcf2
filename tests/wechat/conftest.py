"""What the tests of the platform's side share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from shopapp.wechat.fakes import FakePlatform
from tests.support.wechat import fake_platform
from tests.support.world import world

__all__ = ["platform", "world"]


@pytest.fixture
def platform(app: Flask) -> Iterator[FakePlatform]:
    with fake_platform(app) as fake:
        yield fake
