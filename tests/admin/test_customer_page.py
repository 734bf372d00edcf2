"""The customer's page: the answer first, then a tab for each thing; each as far as the reader may know."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from shopapp.admin.screens.customer_tabs import TABS
from shopapp.kernel import clock, outbox
from shopapp.kernel.access import ROLES, Permission, Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.coupons import queries as coupons
from shopapp.loyalty.ledger.models import Unit
from shopapp.loyalty.ledger.writing import purse
from shopapp.members.rights import services as rights
from shopapp.store.aftersales import services as aftersales
from shopapp.store.orders import services as orders
from shopapp.store.pricing.queries import Asked
from shopapp.wechat import correspondence
from shopapp.wechat.messages import queue_service_text
from tests.support.catalogue import make_sku
from tests.support.coupons import give as give_coupon
from tests.support.coupons import make_coupon
from tests.support.ledger import earn
from tests.support.members import make_member, member
from tests.support.orders import Store
from tests.support.people import Person, make_person
from tests.support.queries import statements
from tests.support.staff import desk, words_after
from tests.support.tiers import earn_growth, set_discounts
from tests.support.wechat import push, text_message

ADDRESS = "文三路 1 号 2 幢 301"
NAME = "欧阳小满"
WRITTEN = "请问尿不湿什么时候到"
TOLD = "明天就到"


def of(person: Person) -> str:
    return f"/admin/customers/{person.signed_in.public_id}"


def tab(client: FlaskClient, person: Person, name: str, **query: str) -> str:
    answer = client.get(of(person), query_string={"tab": name, **query})
    assert answer.status_code == 200
    return answer.text


def opened(text: str) -> str:
    """The tab that the page shows."""
    nav = text.split("tabs-line")[1].split("</nav>", maxsplit=1)[0]
    return nav.split('aria-current="page">')[1].split("<")[0]


def wrote(app: Flask, person: Person) -> None:
    push(app, text_message(person.signed_in.openid, WRITTEN, at=int(clock.now().timestamp())))
    with transaction():
        queue_service_text(
            key="told", openid=person.signed_in.openid, topic="service", text=TOLD, now=clock.now()
        )


@pytest.mark.parametrize("role", Role)
def test_a_role_is_shown_the_tabs_of_its_rights_and_no_other(app: Flask, role: Role) -> None:
    person, client = make_member(), desk(app, role)
    if Permission.CUSTOMERS_VIEW not in ROLES[role]:
        assert client.get(of(person)).status_code == 403
        return
    shown = client.get(of(person)).text
    for key, one in TABS.items():
        may = one.permission is None or one.permission in ROLES[role]
        assert (f"tab={key}" in shown) is (may and key != "overview"), key
        assert opened(tab(client, person, key)) == str(one.title if may else TABS["overview"].title)


@pytest.mark.parametrize("kind", ["guest", "member", "erased"])
def test_every_tab_of_a_customer_with_nothing_says_so(app: Flask, kind: str) -> None:
    person = make_person() if kind == "guest" else make_member()
    if kind == "erased":
        with transaction():
            rights.erase(customer_id=person.id, public_id=person.signed_in.public_id, now=clock.now())
    client = desk(app)
    for key in TABS:
        text = tab(client, person, key)
        assert opened(text) == str(TABS[key].title)
        assert "None" not in text
    words = {"orders": "TA 还没有下过单", "coupons": "TA 还没有领过优惠券", "messages": "没有来往的消息"}
    for key, said in words.items():
        assert said in tab(client, person, key)
    assert ("没有备注" if kind == "erased" else "还没有备注") in tab(client, person, "notes")
    for act in ("记下待办", "加标签", "/admin/simulator?who=customer", "注销</button>"):
        everything = tab(client, person, "notes") + tab(client, person, "consents")
        assert (act in everything) is (kind != "erased"), act


def test_the_head_tells_who_it_is_without_personal_data(app: Flask) -> None:
    person = make_member(name=NAME, marketing=True)
    earn_growth(person, 1200, at=clock.now())
    outbox.deliver_due(now=clock.now())
    head = desk(app).get(f"{of(person)}?tab=orders").text
    for shown in ("银卡会员", "愿意收营销消息", "没有关注", member(person).number_spaced, "欧***"):
        assert shown in head
    assert NAME not in head
    assert ADDRESS not in head


def test_the_figures_are_those_of_orders_and_books(app: Flask) -> None:
    set_discounts(9000)
    store, person = Store.open(app), make_member()
    earn(purse(customer_id=person.id, unit=Unit.POINTS), 900, key="p", subject="test")
    earn(purse(customer_id=person.id, unit=Unit.PRINCIPAL), 2500, key="w", subject="test")
    sku = make_sku(price_fen=10_000, stock=9)
    held = give_coupon(person.id, value=Money(2000))
    with transaction():
        order = orders.place_order(
            customer=person.signed_in,
            items=[(sku.public_id, 2)],
            address_id=person.address_id,
            remark="",
            asked=Asked(coupon_ids=(held.id,), points=500, wallet=Money(1000)),
            now=clock.now(),
        )
    assert store.tell_paid(store.pay.pay(store.start(order, by=person), at=clock.now())).status_code == 204
    other = store.paid_order(by=person, price_fen=5000)
    with transaction():
        aftersales.refund_lines(
            no=other.no, lines={other.lines[0].public_id: 1}, amount=None, reason="退", now=clock.now()
        )
    outbox.deliver_due(now=clock.now())
    shown = desk(app).get(of(person)).text.split('class="card figures"')[1].split("</nav>")[0]
    for title, text in (
        ("净消费", "¥155.00"),
        ("付款订单", "2"),
        ("会员已省", "¥20.00"),
        ("积分", "500"),
        ("储值", "¥15.00"),
    ):
        assert f"{title}</span><b>{text}</b>" in shown, title


def test_growth_is_what_counts_now_with_the_sum_beside_it_where_that_is_another(app: Flask) -> None:
    old, new = make_member(), make_member()
    earn_growth(old, 1713, at=clock.now() - timedelta(days=500))
    for person in (old, new):
        earn_growth(person, 120, at=clock.now())
    client = desk(app)
    answer = app.test_client().get("/api/v1/me/tier", headers=old.headers).get_json()
    assert answer["growth"] == 120
    for person in (old, new):
        shown = client.get(of(person)).text.split('class="card figures"')[1].split("</nav>")[0]
        assert "成长值</span><b>120</b>" in shown
        assert ("累计 1,833" in shown) is (person is old)
        assert ("累计" in shown) is (person is old)


def test_who_may_not_see_the_books_sees_no_figure_of_them(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = frozenset({Permission.CUSTOMERS_VIEW})
    monkeypatch.setitem(ROLES, Role.ANALYST, bare)
    text = desk(app, Role.ANALYST).get(of(make_member())).text
    assert "净消费" not in text
    assert "成长值</span>" not in text
    assert "最近的订单" not in text
    for key in ("orders", "accounts", "coupons", "notes", "trail"):
        assert f"tab={key}" not in text


def test_their_orders_are_paged(app: Flask) -> None:
    store, person, sku = Store.open(app), make_person(), make_sku(stock=50)
    placed = [store.paid_order(by=person, of={sku.public_id: 1}).no for _ in range(22)]
    other = store.paid_order().no
    client = desk(app)
    first, second = tab(client, person, "orders"), tab(client, person, "orders", page="2")
    assert [no for no in placed if no in first] == placed[2:]
    assert [no for no in placed if no in second] == placed[:2]
    assert other not in first + second
    overview = client.get(of(person)).text
    assert [no for no in placed if no in overview] == placed[-5:]
    assert "全部 22 个" in overview


def test_each_account_has_its_statement_with_what_it_was_about(app: Flask) -> None:
    person = make_member()
    mine = purse(customer_id=person.id, unit=Unit.POINTS)
    for number in range(25):
        earn(mine, 1000 + number, key=f"k{number}", subject=f"order:20261126{number:010d}")
    earn(purse(customer_id=person.id, unit=Unit.GROWTH), 77, key="g", subject="test")
    client = desk(app)
    first = tab(client, person, "accounts")
    assert "+1,024" in first
    assert "+1,000<" not in first
    assert "/admin/orders/202611260000000024" in first
    before = first.split("before=")[1].split('"')[0]
    second = tab(client, person, "accounts", before=before)
    assert "+1,000" in second
    assert "+1,024" not in second
    assert "回到最新" in second
    growth = tab(client, person, "accounts", unit="growth")
    assert "+77" in growth
    assert "+1,024" not in growth
    for odd in ("-1", "x", "9" * 30, "１"):
        assert "+1,024" in tab(client, person, "accounts", before=odd)


def test_coupons_are_listed_and_given_by_who_may(app: Flask) -> None:
    person, made = make_member(), make_coupon(name="老客券", per_person=1)
    for _ in range(21):
        give_coupon(person.id, name="满减券")
    service, analyst = desk(app, Role.SERVICE), desk(app, Role.ANALYST)
    assert "发给 TA" not in tab(analyst, person, "coupons")
    sent = {"coupon": made}
    assert analyst.post(f"{of(person)}/coupons", data=sent).status_code == 403
    assert "优惠券已发给 TA" in words_after(service, service.post(f"{of(person)}/coupons", data=sent))
    assert "没有发出去" in words_after(service, service.post(f"{of(person)}/coupons", data=sent))
    shown = tab(service, person, "coupons")
    assert "老客券" in shown
    assert "更早的" in shown
    held, _more = coupons.coupons_of(customer_id=person.id, now=clock.now())
    assert sum(one.coupon_id == made for one in held) == 1
    assert "没有这个状态的" in tab(service, person, "coupons", status="used")
    entry = db.session.scalars(select(AuditEntry).filter_by(action="customer.coupon")).one()
    assert entry.subject_id == person.signed_in.public_id


def test_messages_are_read_by_those_who_see_personal_data_alone(app: Flask) -> None:
    person = make_member()
    wrote(app, person)
    masked = tab(desk(app, Role.SERVICE), person, "messages")
    assert "发来文字" in masked
    assert "客服消息" in masked
    assert WRITTEN not in masked
    assert TOLD not in masked
    assert db.session.scalars(select(AuditEntry).filter_by(action="customer.see")).all() == []
    clear = tab(desk(app, Role.OPERATOR), person, "messages")
    assert WRITTEN in clear
    assert TOLD in clear
    assert len(db.session.scalars(select(AuditEntry).filter_by(action="customer.see")).all()) == 1
    assert "没有来往的消息" in tab(desk(app), make_member(), "messages")


def test_letters_are_in_the_order_of_their_times(app: Flask) -> None:
    person, now = make_member(), clock.now()
    for number in range(3):
        with transaction():
            queue_service_text(
                key=f"m{number}",
                openid=person.signed_in.openid,
                topic="service",
                text=str(number),
                now=now - timedelta(hours=number),
            )
    push(
        app, text_message(person.signed_in.openid, "中间", at=int((now - timedelta(minutes=90)).timestamp()))
    )
    rows = db.session.execute(correspondence.letters_statement(openids=[person.signed_in.openid])).all()
    assert [letter.text for letter in correspondence.read(rows)] == ["0", "1", "中间", "2"]


def test_the_trail_holds_what_staff_did_to_this_customer_alone(app: Flask) -> None:
    person, other = make_member(), make_member()
    client = desk(app)
    client.post(f"{of(person)}/notes", data={"text": "记一条"})
    client.post(f"{of(person)}/birthday", data={"birthday": "1990-02-28"})
    shown = tab(client, person, "trail")
    assert "会员 · 备注" in shown
    assert "会员 · 更正生日" in shown
    assert "还没有对 TA 做过什么" in tab(client, other, "trail")
    assert "操作记录</a>" not in desk(app, Role.SERVICE).get(of(person)).text


def test_tiers_and_adjustments_bring_their_own_parts(app: Flask) -> None:
    person, client = make_member(), desk(app)
    public_id = person.signed_in.public_id
    for name, path in (("tier", "/admin/tiers/of/"), ("accounts", "/admin/adjustments/of/")):
        assert f'hx-get="{path}{public_id}"' in tab(client, person, name)
    back = client.post(
        f"/admin/adjustments/of/{public_id}",
        data={"key": "k1", "unit": "points", "direction": "give", "amount": "5", "reason": "补"},
    )
    assert back.location.endswith(f"{of(person)}?tab=accounts")
    assert "+5" in words_after(client, back)


def test_a_page_asks_no_more_the_longer_the_history_is(app: Flask) -> None:
    store, person, sku = Store.open(app), make_member(), make_sku(stock=90)
    client, numbers = desk(app), []
    for more in (2, 6):
        for _ in range(more):
            store.paid_order(by=person, of={sku.public_id: 1})
            client.post(f"{of(person)}/notes", data={"text": "记"})
            client.post(f"{of(person)}/tasks", data={"text": "做"})
        with statements() as sent:
            assert client.get(of(person)).status_code == 200
        numbers.append(len(sent))
    assert numbers[0] == numbers[1] <= 45
