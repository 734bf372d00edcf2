"""Whose address counts when proxies stand in front."""

from __future__ import annotations

import dataclasses

import pytest
from flask import Flask, request

from shopapp import create_app


@pytest.mark.parametrize(("proxies", "seen"), [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "198.51.100.4")])
def test_only_the_proxies_of_our_own_are_believed(app: Flask, proxies: int, seen: str) -> None:
    shop = create_app(dataclasses.replace(app.extensions["settings"], trusted_proxies=proxies))
    shop.add_url_rule("/whose", view_func=lambda: request.remote_addr or "")
    answer = shop.test_client().get("/whose", headers={"X-Forwarded-For": "198.51.100.4, 203.0.113.9"})
    assert answer.text == seen
