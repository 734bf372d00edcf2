"""Builders of people: customers who are known, sign in, and have an address."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from flask import Flask
from flask.testing import FlaskClient

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.kernel.settings import settings
from shopapp.members.addresses import services as addresses
from shopapp.members.identity import services as identity
from shopapp.members.identity.models import SessionKind
from shopapp.members.identity.queries import SignedIn, by_session

REGION = "330106"
_numbers = count(1)


@dataclass(frozen=True, kw_only=True)
class Person:
    """A customer with a session and a default address."""

    signed_in: SignedIn
    token: str
    address_id: str

    @property
    def id(self) -> int:
        return self.signed_in.customer_id

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def make_person(*, name: str = "王小满", openid: str | None = None) -> Person:
    """Somebody who signed in a moment ago and has one address in Hangzhou."""
    number = next(_numbers)
    now = clock.now()
    with transaction():
        account = identity.know_account(
            appid=settings().wx_appid, openid=openid or f"oTEST_{number:024d}", now=now
        )
        token, _ends = identity.open_session(
            customer_id=account.customer_id, openid=account.openid, kind=SessionKind.API, now=now
        )
        address = addresses.save_address(
            customer_id=account.customer_id,
            public_id=None,
            name=name,
            phone=f"1990000{number % 10000:04d}",
            region_code=REGION,
            detail="文三路 1 号 2 幢 301",
            is_default=True,
            now=now,
        )
    signed_in = by_session(token=token, now=now)
    assert signed_in is not None
    return Person(signed_in=signed_in, token=token, address_id=address.public_id)


def browser_of(app: Flask, person: Person | None = None) -> FlaskClient:
    """A browser on the shop's own pages; signed in as the person, if one is given."""
    client = app.test_client()
    client.environ_base["HTTP_ORIGIN"] = "http://localhost"
    if person is not None:
        client.set_cookie("session", person.token)
    return client
