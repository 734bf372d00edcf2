"""What the tests of members share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from shopapp.wechat.api import EXTENSION
from tests.support.fans import Account
from tests.support.members import gateway
from tests.support.wechat import fake_platform

__all__ = ["account", "gateway"]


@pytest.fixture
def account(app: Flask) -> Iterator[Account]:
    """The platform's side, with followers and tags that behave."""
    own = Account()
    with fake_platform(app):
        app.extensions[EXTENSION] = own
        yield own
