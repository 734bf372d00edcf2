"""People who work in the console, and their browsers."""

from __future__ import annotations

from itertools import count

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from shopapp.admin import access, services
from shopapp.admin.models import Staff
from shopapp.kernel import clock
from shopapp.kernel.access import Role
from shopapp.kernel.db import transaction

PASSWORD = "TEST-Vermilion-2026"
_numbers = count(1)


def make_staff(*, role: Role = Role.OWNER, name: str | None = None) -> Staff:
    """Somebody who may sign in with `PASSWORD`."""
    with transaction():
        return services.create_staff(
            name=name or f"{role.value} {next(_numbers)}", password=PASSWORD, role=role, now=clock.now()
        )


def desk(app: Flask, role: Role = Role.OWNER, *, staff: Staff | None = None) -> FlaskClient:
    """A browser in which somebody of this role has signed in."""
    with transaction():
        token, _until = services.open_session(
            staff=staff or make_staff_in(role), device="TEST", address="127.0.0.1", now=clock.now()
        )
    client = stranger(app)
    client.set_cookie(access.COOKIE, token)
    return client


def make_staff_in(role: Role) -> Staff:
    """Like `make_staff`, inside the open transaction."""
    return services.create_staff(
        name=f"{role.value} {next(_numbers)}", password=PASSWORD, role=role, now=clock.now()
    )


def stranger(app: Flask) -> FlaskClient:
    """A browser on the console's sign-in page."""
    client = app.test_client()
    client.environ_base["HTTP_ORIGIN"] = "http://localhost"
    return client


def words_after(client: FlaskClient, response: TestResponse) -> str:
    """The screen that an act leads to, with what it says."""
    assert response.status_code == 303, response.text
    return client.get(response.location).text
