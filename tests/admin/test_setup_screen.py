"""The console's set-up of the account and of WeChat Pay, and the templates of notices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock, preferences
from shopapp.kernel.access import Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.kernel.settings import settings
from shopapp.store.orders.messages import FIELDS
from shopapp.wechat import problems
from shopapp.wechat.fakes import FakePlatform, refusal
from shopapp.wechat.messages import TOPICS
from shopapp.wechat.pay import FakePay, PayClient, SettingsRefused, Unknown
from shopapp.wechat.pay import checks as pay_checks
from tests.support.keys import vectors
from tests.support.pay import APPID, fake_pay, pay_keys, signed_headers
from tests.support.staff import desk, words_after
from tests.support.wechat import fake_platform

STABLE = "/cgi-bin/stable_token"
TEMPLATES = "/cgi-bin/template/get_all_private_template"
PAID = {
    "template_id": "TPL-paid",
    "title": "支付成功通知",
    "content": "订单编号：{{character_string1.DATA}}\n商品名称：{{thing2.DATA}}\n支付金额：{{amount3.DATA}}\n{{remark.DATA}}\n",
}
RIGHT = {
    "template": "TPL-paid",
    "field-character_string1": "number",
    "field-thing2": "goods",
    "field-amount3": "amount",
}


@pytest.fixture
def platform(app: Flask) -> Iterator[FakePlatform]:
    with fake_platform(app) as fake:
        fake.always(TEMPLATES, {"template_list": [PAID]})
        yield fake


@pytest.fixture
def pay(app: Flask) -> Iterator[FakePay]:
    yield fake_pay(app)
    app.extensions.pop("pay")


@pytest.fixture
def changed(app: Flask) -> Iterator[Any]:
    own = settings()

    def change(**values: Any) -> None:
        app.extensions["settings"] = replace(own, **values)

    yield change
    app.extensions["settings"] = own


def kept(name: str) -> Any:
    preferences.forget_read()
    return preferences.read(name)


def entries(action: str) -> list[dict[str, Any]]:
    return list(
        db.session.scalars(select(AuditEntry.changes).filter_by(action=action).order_by(AuditEntry.id))
    )


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.WAREHOUSE, Role.SERVICE, Role.ANALYST])
def test_the_set_up_is_the_owners(app: Flask, platform: FakePlatform, pay: FakePay, role: Role) -> None:
    client = desk(app, role)
    for path in ("/admin/setup", "/admin/setup/templates", "/admin/setup/templates/order_paid"):
        assert client.get(path).status_code == 403
    for path in (
        "/admin/setup/check",
        "/admin/setup/templates/order_paid",
        "/admin/setup/templates/order_paid/clear",
    ):
        assert client.post(path, data=RIGHT).status_code == 403
    assert (platform.calls, pay.calls, kept("wechat.checks"), kept("wechat.templates")) == ([], [], {}, {})


def test_secrets_are_never_shown_and_what_to_paste_is(app: Flask, changed: Any) -> None:
    client = desk(app)
    page = client.get("/admin/setup").text
    config = settings()
    for secret in (config.wx_secret, config.wx_token, config.wx_aes_key, config.wxpay_apiv3_key):
        assert secret not in page
    assert f"已填写，{len(config.wx_aes_key)} 位" in page
    for value in ("http://localhost/wechat/callback", config.wx_appid, config.wxpay_mchid):
        assert value in page
    assert page.count("还没检查") == 6
    changed(wx_appid="gh_wrong", wxpay_serial="12")
    page = client.get("/admin/setup").text
    assert "应以 wx 开头" in page
    assert "应为 40 位大写字母和数字" in page


def test_addresses_that_wechat_cannot_use_are_named(app: Flask, changed: Any) -> None:
    client = desk(app)
    changed(base_url="http://localhost:8000")
    page = client.get("/admin/setup").text
    for words in ("不是 https", "只认 80 和 443", "微信访问不到"):
        assert words in page
    changed(base_url="https://shop.example")
    page = client.get("/admin/setup").text
    assert "不是 https" not in page
    assert "https://shop.example/wechat/callback" in page


def test_one_part_is_tried_and_the_result_stays(app: Flask, platform: FakePlatform) -> None:
    client = desk(app)
    platform.answer(STABLE, refusal(40125))
    page = words_after(client, client.post("/admin/setup/check", data={"name": "account"}))
    assert "AppSecret 不对" in page
    assert page.count("还没检查") == 5
    assert kept("wechat.checks")["account"]["ok"] is False
    assert "AppSecret 不对" in client.get("/admin/setup").text

    page = words_after(client, client.post("/admin/setup/check", data={"name": "account"}))
    assert "AppSecret 不对" not in page
    assert "检查了 1 项，都没有问题" in page
    assert entries("wechat.check") == [{"account": "wrong"}, {"account": "ok"}]
    assert client.post("/admin/setup/check", data={"name": "nothing"}).status_code == 404


def test_all_parts_are_tried(app: Flask, platform: FakePlatform, pay: FakePay) -> None:
    now_served = app.test_client()

    def fetch(url: str) -> tuple[int, str]:
        got = now_served.get(url.removeprefix("http://localhost"))
        return got.status_code, got.text

    platform.fetch = fetch  # type: ignore[method-assign]
    client = desk(app)
    page = words_after(client, client.post("/admin/setup/check"))
    assert "检查了 6 项，都没有问题" in page
    assert "6 / 6" in page
    assert [call for call, _number in pay.calls] == ["probe"]
    assert set(kept("wechat.checks")) == {
        "account",
        "callback",
        "ticket",
        "templates",
        "pay_keys",
        "pay_platform",
    }


def test_a_wrong_token_is_found_by_calling_ourselves(
    app: Flask, platform: FakePlatform, changed: Any
) -> None:
    changed(wx_token="no spaces please")
    client = desk(app)
    page = words_after(client, client.post("/admin/setup/check", data={"name": "callback"}))
    assert "请改 WX_TOKEN" in page
    assert platform.calls == []


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (SettingsRefused("SIGN_ERROR", status=401), "三者对不上"),
        (SettingsRefused("MCH_NOT_EXISTS", status=400), "没有这个商户号"),
        (Unknown("NO_ANSWER"), "连不上微信支付"),
    ],
)
def test_what_wechat_pay_refuses_is_explained(app: Flask, pay: FakePay, problem: Any, words: str) -> None:
    pay.fail("probe", problem)
    client = desk(app)
    page = words_after(client, client.post("/admin/setup/check", data={"name": "pay_platform"}))
    assert words in page
    assert kept("wechat.checks")["pay_platform"]["ok"] is False


class Answered(PayClient):
    """A platform that answers 404 to whatever is asked, signed with the headers given."""

    def __init__(self, **headers: str) -> None:
        super().__init__(base="http://fake.invalid", appid=APPID, keys=pay_keys())
        self.body = b'{"code":"ORDER_NOT_EXIST","message":"\xe6\x97\xa0"}'
        self.headers = signed_headers(self.body, now=clock.now(), **headers)

    def send(self, method: str, url: str, *, target: str, text: str, seconds: int) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer._content, answer.url = 404, self.body, url
        answer.headers.update(self.headers)
        return answer


def test_the_answers_signature_is_verified(app: Flask, pay: FakePay) -> None:
    def tried(**headers: str) -> str:
        app.extensions["pay"] = Answered(**headers)
        result = pay_checks.check_platform(known=None)
        return "ok" if result.ok else result.problems[0]

    assert tried() == "ok"
    assert "WXPAY_PUBLIC_KEY_ID" in tried(Wechatpay_Serial="PUB_KEY_ID_other")
    assert "WXPAY_PUBLIC_KEY_FILE" in tried(Wechatpay_Signature="AAAA")
    assert "对时" in tried(Wechatpay_Timestamp="1000000000")


def test_key_files_that_are_mixed_up_are_told_apart(app: Flask, changed: Any, tmp_path: Path) -> None:
    assert pay_checks.check_keys().ok
    own = tmp_path / "own.pem"
    own.write_text(vectors()["keys"]["merchant_public_key_pem"], encoding="ascii")
    changed(wxpay_public_key_file=str(own))
    assert "商户自己的公钥" in pay_checks.check_keys().problems[0]
    changed(wxpay_private_key_file=str(own))
    assert "apiclient_key.pem" in pay_checks.check_keys().problems[0]
    changed(wxpay_public_key_file=str(tmp_path / "gone.pem"))
    assert "pub_key.pem" in pay_checks.check_keys().problems[0]
    changed(wxpay_serial="00", wxpay_mchid="x", wxpay_public_key_id="1", wxpay_apiv3_key="0" * 32)
    assert len(pay_checks.check_keys().problems) == 4


def test_a_notice_gets_its_template_field_by_field(app: Flask, platform: FakePlatform) -> None:
    client = desk(app)
    assert "不发送" in client.get("/admin/setup/templates").text
    page = client.get("/admin/setup/templates/order_paid?template=TPL-paid").text
    assert (
        page.count("selected>订单号<")
        == page.count("selected>商品<")
        == page.count("selected>付款金额<")
        == 1
    )

    saved = client.post("/admin/setup/templates/order_paid", data=RIGHT)
    assert "支付成功通知" in words_after(client, saved)
    fields = {"number": "character_string1", "goods": "thing2", "amount": "amount3"}
    assert kept("wechat.templates") == {"order_paid": {"template_id": "TPL-paid", "fields": fields}}

    cleared = client.post("/admin/setup/templates/order_paid/clear")
    assert "不再发送" in words_after(client, cleared)
    assert kept("wechat.templates") == {}
    assert len(entries("wechat.templates")) == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"template": "TPL-other"}, "template"),
        ({"template": ""}, "template"),
        ({"field-thing2": ""}, "field-thing2"),
        ({"field-thing2": "waybill"}, "field-thing2"),
        ({"field-thing2": "number"}, "field-thing2"),
    ],
)
def test_a_template_that_would_be_refused_is_not_kept(
    app: Flask, platform: FakePlatform, change: dict[str, str], field: str
) -> None:
    client = desk(app)
    wrong = client.post("/admin/setup/templates/order_paid", data=RIGHT | change)
    assert wrong.status_code == 422
    assert f"#f-{field}" in wrong.text
    assert kept("wechat.templates") == {}
    assert client.post("/admin/setup/templates/nonsense", data=RIGHT).status_code == 404


def test_without_the_platform_the_screens_still_open(app: Flask, platform: FakePlatform) -> None:
    platform.always(TEMPLATES, refusal(48001))
    client = desk(app)
    for path in ("/admin/setup/templates", "/admin/setup/templates/order_paid"):
        page = client.get(path)
        assert page.status_code == 200
        assert "没有这个接口的权限" in page.text
    assert client.post("/admin/setup/templates/order_paid", data=RIGHT).status_code == 422
    assert "没有这个接口的权限" in client.get("/admin/setup").text


def test_problems_with_the_platform_stand_on_the_page_until_done(app: Flask) -> None:
    with transaction():
        problems.record(
            code="/cgi-bin/menu/create",
            problem="configuration",
            facts={"code": 48001, "answer": "api unauthorized"},
            now=clock.now(),
        )
    client = desk(app)
    assert "没有这个接口的权限" in client.get("/admin/setup").text
    client.post("/admin/background/problems/done", data={"code": "/cgi-bin/menu/create"})
    assert "没有这个接口的权限" not in client.get("/admin/setup").text


def test_every_notice_that_can_be_set_up_is_one_that_may_be_sent() -> None:
    assert set(FIELDS) <= TOPICS
