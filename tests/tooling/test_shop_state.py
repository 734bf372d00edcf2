"""What the scripts ask a database without starting the shop."""

from __future__ import annotations

from flask import Flask

from scripts.shop_state import shop_name, table_empty
from shopapp.kernel import preferences
from shopapp.kernel.db import transaction
from shopapp.kernel.settings import settings


def test_the_sandbox_is_told_how_the_shop_is_called(app: Flask) -> None:
    url = settings().database_url
    assert shop_name(url) == preferences.DEFAULTS["shop.name"]
    with transaction():
        preferences.write("shop.name", "王记干货")
    assert shop_name(url) == "王记干货"
    assert table_empty(url, "staff")
