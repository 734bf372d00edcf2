"""A program of the merchant's that calls the merchant API."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shopapp.kernel.access import Actor, Permission


def merchant_client(app: Flask, monkeypatch: pytest.MonkeyPatch, *permissions: Permission) -> FlaskClient:
    """A client whose token holds these permissions; all of them if none is named."""
    actor = Actor(kind="token", id="TEST", name="仓库系统", permissions=frozenset(permissions or Permission))
    monkeypatch.setitem(app.extensions, "load_token", lambda: actor)
    monkeypatch.setitem(app.extensions, "load_staff", lambda: None)
    client: Any = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = "Bearer TEST-token"
    return client  # type: ignore[no-any-return]
