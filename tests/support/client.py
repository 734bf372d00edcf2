"""A test client whose requests stand on their own, as on a server: no context or session is shared with the test."""

from __future__ import annotations

import contextvars
from typing import Any

from flask import has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from shopapp.kernel.db import db, in_transaction


class ShopClient(FlaskClient):
    """After each request the test's own session looks at the database afresh."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = contextvars.Context().run(super().open, *args, **kwargs)
        if has_app_context() and not in_transaction():
            db.session.rollback()
        return response
