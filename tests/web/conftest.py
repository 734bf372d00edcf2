"""What the tests of the pages share."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.people import Person, browser_of, make_person


@pytest.fixture
def guest(app: Flask) -> FlaskClient:
    return browser_of(app)


@pytest.fixture
def person(app: Flask) -> Person:
    return make_person()


@pytest.fixture
def customer(app: Flask, person: Person) -> FlaskClient:
    """The browser of somebody who is signed in and has an address."""
    return browser_of(app, person)
