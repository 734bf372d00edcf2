"""The shop speaks Chinese and English, all of it, and each person hears the one they asked for."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from scripts import translations
from shopapp.kernel.i18n import LANGUAGE_COOKIE, _l, other_language
from tests.support.catalogue import make_product

BLANKS = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
PROPER_NAMES = [
    "使用完整服务",  # what WeChat's own button says, in Chinese alone
    "浙江省杭州市西湖区文三路 1 号",  # an address as people paste it
]
CHINESE_BROWSER = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
ENGLISH_BROWSER = {"Accept-Language": "en-GB,en;q=0.9"}


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    translations.compile_catalogue()


@pytest.fixture
def guest(app: Flask) -> FlaskClient:
    return app.test_client()


def heading(client: FlaskClient, **headers: str) -> tuple[str, str]:
    """The language a page says it is in, and the first word of its tabs."""
    text = client.get("/", headers=headers).text
    language = re.search(r'<html lang="([\w-]+)"', text)
    home = re.search(r'<a href="/" aria-current="page">.*?<span>([^<]+)</span>', text)
    assert language is not None
    assert home is not None
    return language[1], home[1]


@pytest.fixture(scope="module")
def texts() -> set[str]:
    """What the sources say now."""
    return translations.source_texts()


def test_every_text_of_the_sources_is_translated(texts: set[str]) -> None:
    known = translations.translations()
    missing = sorted(text for text in texts if not known.get(text, "").strip())
    assert missing == [], "run `make translations` and fill these in"


def test_the_catalogue_has_nothing_that_nobody_says_any_more(texts: set[str]) -> None:
    gone = set(translations.translations()) - texts
    assert gone == set(), "run `make translations`"


@pytest.mark.parametrize("what", ["blanks", "chinese", "shouting"])
def test_the_english_is_whole(what: str) -> None:
    pairs = translations.translations().items()
    wrong = {
        "blanks": [en for zh, en in pairs if Counter(BLANKS.findall(zh)) != Counter(BLANKS.findall(en))],
        "chinese": [en for _zh, en in pairs if CHINESE.search(without_names(en))],
        "shouting": [en for _zh, en in pairs if "!" in en],
    }
    assert wrong[what] == []


def without_names(text: str) -> str:
    for name in PROPER_NAMES:
        text = text.replace(name, "")
    return text


def test_the_compiled_catalogue_is_the_same_whenever_it_is_made() -> None:
    compiled = translations.CATALOGUE.with_suffix(".mo")
    first = compiled.read_bytes()
    translations.compile_catalogue()
    assert compiled.read_bytes() == first


def test_a_text_is_found_wherever_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "rules.py").write_text('from i18n import _, _l\nA = _l("懒")\nB = _("多" "行")\nC = "没有"')
    (tmp_path / "templates" / "a.html").write_text("{{ _('页面 %(n)s', n=1) }}{# _('注释') #}")
    monkeypatch.setattr(translations, "SOURCES", tmp_path)
    assert translations.source_texts() == {"懒", "多行", "页面 %(n)s"}


def test_without_a_wish_a_page_is_in_chinese(guest: FlaskClient) -> None:
    assert heading(guest) == ("zh-CN", "首页")
    assert heading(guest, **{"Accept-Language": "fr"}) == ("zh-CN", "首页")


def test_the_browser_is_listened_to_and_the_cookie_more(guest: FlaskClient) -> None:
    assert heading(guest, **ENGLISH_BROWSER) == ("en", "Home")
    assert heading(guest, **CHINESE_BROWSER) == ("zh-CN", "首页")
    guest.set_cookie(LANGUAGE_COOKIE, "zh")
    assert heading(guest, **ENGLISH_BROWSER) == ("zh-CN", "首页")
    guest.set_cookie(LANGUAGE_COOKIE, "en")
    assert heading(guest, **CHINESE_BROWSER) == ("en", "Home")
    guest.set_cookie(LANGUAGE_COOKIE, "tlh")
    assert heading(guest, **ENGLISH_BROWSER) == ("en", "Home")


def test_a_kept_page_never_answers_in_the_other_language(guest: FlaskClient) -> None:
    product = make_product()
    address = f"/p/{product.public_id}"
    for headers, there, not_there in [
        (CHINESE_BROWSER, "加入购物车", "Add to cart"),
        (ENGLISH_BROWSER, "Add to cart", "加入购物车"),
        (CHINESE_BROWSER, "加入购物车", "Add to cart"),
    ]:
        page = guest.get(address, headers=headers)
        assert page.status_code == 200
        assert there in page.text
        assert not_there not in page.text


@pytest.mark.parametrize("address", ["/me", "/admin/sign-in"])
def test_the_language_can_be_switched_and_switched_back(guest: FlaskClient, address: str) -> None:
    page = guest.get(address).text
    link = re.search(r'href="(/language/en\?next=[^"]+)"', page)
    assert link is not None
    answer = guest.get(link[1])
    assert answer.status_code == 302
    assert answer.location == address
    page = guest.get(address).text
    assert '<html lang="en"' in page
    link = re.search(r'href="(/language/zh\?next=[^"]+)"', page)
    assert link is not None
    guest.get(link[1])
    assert '<html lang="zh-CN"' in guest.get(address).text


def test_the_way_back_stays_in_the_shop_and_other_languages_are_not_there(guest: FlaskClient) -> None:
    for elsewhere in ("https://example.com/", "//example.com", "/\\example.com"):
        assert guest.get("/language/en", query_string={"next": elsewhere}).location == "/"
    refused = guest.get("/language/de?next=/me")
    assert refused.status_code == 404
    assert "Set-Cookie" not in refused.headers


def test_the_switch_comes_back_to_the_same_search_without_a_language_of_its_own(app: Flask) -> None:
    with app.test_request_context("/search?q=奶瓶&lang=zh"):
        assert other_language().url == "/language/en?next=%2Fsearch%3Fq%3D%25E5%25A5%25B6%25E7%2593%25B6"
    with app.test_request_context("/admin/staff", method="POST"):
        assert other_language().url == "/language/en?next=%2Fadmin"


def test_an_error_of_the_api_comes_in_the_language_asked_for(guest: FlaskClient) -> None:
    chinese = guest.get("/api/v1/products/none", headers=CHINESE_BROWSER).get_json()
    english = guest.get("/api/v1/products/none", headers=ENGLISH_BROWSER).get_json()
    assert chinese["message"] == "没有找到您要的内容。"
    assert english["message"] == "We could not find what you are looking for."
    assert chinese["code"] == english["code"] == "not_found"


def test_what_is_said_outside_of_a_request_is_chinese() -> None:
    assert str(_l("已填写，%(count)s 位", count=3)) == "已填写，3 位"
