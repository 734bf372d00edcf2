"""Somebody at work: acts of services done by a member of the staff."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, g

from shopapp.admin.models import Staff
from shopapp.kernel.access import ROLES, Actor
from shopapp.kernel.db import transaction


@contextmanager
def acting(app: Flask, staff: Staff) -> Iterator[None]:
    """A transaction in which this person acts."""
    with app.test_request_context():
        g.actor = Actor(
            kind="staff", id=staff.public_id, name=staff.name, permissions=ROLES[staff.role]
        )  # fmt: skip
        with transaction():
            yield
