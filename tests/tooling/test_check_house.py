"""The house rules are told from their breaches."""

from __future__ import annotations

import pytest

from scripts.check_house import ROOT, Source, check, find_sources


def breaches(place: str, text: str) -> list[str]:
    return list(check(Source(place, text)))


@pytest.mark.parametrize(
    ("place", "text", "told"),
    [
        (
            "shopapp/store/orders/services.py",
            "from shopapp.store.stock.models import StockLevel",
            "the models of store.stock",
        ),
        ("shopapp/store/orders/services.py", "from ..stock import models", "the models of store.stock"),
        ("shopapp/store/orders/services.py", "from .api import place", "services imports api"),
        ("shopapp/store/orders/models.py", "from . import services", "models imports services"),
        ("shopapp/store/orders/pages.py", "from .api import place", "pages imports api"),
        ("shopapp/store/orders/services.py", "db.session.commit()", "commits"),
        ("shopapp/store/orders/services.py", "import wechatpy", "only shopapp.wechat"),
        ("shopapp/store/orders/queries.py", "from datetime import datetime\ndatetime.now()", "clock"),
        ("sandbox/oa/api.py", "import time\ntime.time()", "clock"),
        ("sandbox/settings.py", "from config import Settings", "its own"),
        ("shopapp/outreach/lifetime/rules.py", "import numpy as np", "for every process"),
        ("shopapp/kernel/ids.py", "# TO" + "DO later", "unfinished"),
        ("shopapp/kernel/ids.py", "x = 1\n" * 401, "401 lines"),
    ],
)
def test_a_breach_is_told_with_its_place(place: str, text: str, told: str) -> None:
    found = breaches(place, text)
    assert len(found) == 1
    assert found[0].startswith(f"{place}:")
    assert told in found[0]


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("shopapp/store/orders/services.py", "from shopapp.store.stock import services as stock"),
        ("shopapp/store/orders/services.py", "from . import models, rules\nfrom .models import Order"),
        ("shopapp/store/orders/api.py", "from . import queries, schemas, services"),
        ("shopapp/wechat/pay.py", "from wechatpy import WeChatClient"),
        ("shopapp/wiring/data.py", "from shopapp.store.orders import models as orders_models"),
        ("shopapp/kernel/clock.py", "from datetime import datetime\ndatetime.now()"),
        ("shopapp/outreach/lifetime/services.py", "def fit():\n    import numpy"),
        ("shopapp/kernel/db.py", "db.session.commit()"),
    ],
)
def test_what_the_house_allows_is_not_told(place: str, text: str) -> None:
    assert breaches(place, text) == []


def test_the_whole_house_is_looked_at() -> None:
    places = {source.place for source in find_sources(ROOT)}
    assert {
        "config.py",
        "wsgi.py",
        "scripts/check_house.py",
        "shopapp/wiring/__init__.py",
        "sandbox/__main__.py",
    } <= places
