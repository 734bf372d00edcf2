"""Coupons in the storefront: what one holds, where it can be used, and the coupon centre."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.coupons import services
from shopapp.loyalty.coupons.content import Giving
from shopapp.loyalty.coupons.rules import CouponKind, Scope
from shopapp.store.catalogue import services as goods
from tests.support.catalogue import make_category, make_product, make_sku
from tests.support.clocks import ShopClock
from tests.support.coupons import give, hold, make_coupon
from tests.support.people import Person, make_person
from tests.support.queries import statements

MINE = "/me/coupons"


def test_a_guest_is_asked_to_sign_in_for_their_own_but_sees_the_centre(guest: FlaskClient) -> None:
    make_coupon(name="满百减五")
    assert guest.get(MINE).status_code == 302
    page = guest.get("/coupons")
    assert page.status_code == 200
    assert "满百减五" in page.text
    assert "data-claim" in page.text


def test_each_tab_shows_its_own(customer: FlaskClient, person: Person, clock: ShopClock) -> None:
    give(person.id, name="还能用的")
    bound, spent = give(person.id, name="占用的"), give(person.id, name="用掉的")
    taken = give(person.id, name="收回的")
    give(person.id, name="过期的", valid_days=1)
    give(make_person().id, name="别人的")
    hold(bound, order_no="N1")
    hold(spent, order_no="N2")
    with transaction():
        services.use(order_no="N2", now=clock.now())
        services.revoke(public_id=taken.id, now=clock.now())
    clock.forward(days=3)
    shown = {
        tab: {name for name in ("还能用的", "占用的", "用掉的", "收回的", "过期的", "别人的") if name in page}
        for tab in ("usable", "used", "expired", "nonsense")
        for page in [customer.get(f"{MINE}?status={tab}").text]
    }
    assert shown == {
        "usable": {"还能用的"},
        "used": {"占用的", "用掉的"},
        "expired": {"收回的", "过期的"},
        "nonsense": {"还能用的"},
    }
    used = customer.get(f"{MINE}?status=used").text
    assert 'href="/orders/N1"' in used
    assert "待付款订单" in used


def test_empty_tabs_lead_onward(customer: FlaskClient) -> None:
    assert 'href="/coupons"' in customer.get(MINE).text
    for tab in ("used", "expired"):
        assert "coupons" in customer.get(f"{MINE}?status={tab}").text
    assert "现在没有可以领的优惠券" in customer.get("/coupons").text


def test_a_ticket_says_how_much_on_what_condition_and_until_when(
    customer: FlaskClient, person: Person
) -> None:
    give(
        person.id, name="老顾客", value=Money(3050), minimum=Money(20000), with_tier_price=False, valid_days=2
    )
    give(person.id, kind=CouponKind.PERCENT, basis_points=8500, cap=Money(5000))
    page = customer.get(MINE).text
    last = (clock.now() + timedelta(days=2)).astimezone(clock.SHOP_ZONE)
    for words in (
        "满 200 元减 30.50 元，全店可用，不与会员价同享",
        "打 8.5 折，最多减 50 元，全店可用，可与会员价同享",
        f"有效期到 {last:%Y-%m-%d}",
        "快到期",
    ):
        assert words in page


def test_using_one_leads_to_the_goods_it_is_for(app: Flask, customer: FlaskClient, person: Person) -> None:
    shelf, other = make_category(name="茶", slug="tea"), make_category(name="杯子", slug="cups")
    tea, cup = make_product(title="白茶", category=shelf), make_product(title="茶杯", category=other)
    mug = make_sku(title="换购杯")
    gone = make_product(title="不卖的茶", category=shelf)
    with transaction():
        goods.take_off_sale(product=gone, now=clock.now())

    def use_of(**wanted: object) -> str:
        held = give(person.id, name="这一张", **wanted)
        page = customer.get(MINE).text
        with transaction():
            services.revoke(public_id=held.id, now=clock.now())
        link = page[: page.index('aria-label="去使用：这一张"')].rpartition('href="')[2].partition('"')[0]
        return link.replace(held.id, "ID")

    products, shelves = Scope.PRODUCTS, Scope.CATEGORIES
    assert use_of() == "/"
    assert use_of(scope=products, scope_ids=(tea.public_id,)) == f"/p/{tea.public_id}"
    assert use_of(scope=products, scope_ids=(tea.public_id,), excludes=True) == "/"
    assert use_of(scope=shelves, scope_ids=(shelf.public_id,)) == "/c/tea"
    assert use_of(scope=shelves, scope_ids=("0123456789ab",)) == "/"
    assert use_of(scope=shelves, scope_ids=(shelf.public_id, other.public_id)) == f"{MINE}/ID"
    assert use_of(kind=CouponKind.EXCHANGE, sku_id=mug.public_id) == f"/p/{mug.product.public_id}"

    many = give(
        person.id, scope=products, scope_ids=(cup.public_id, gone.public_id, tea.public_id, "0123456789ab")
    )
    page = customer.get(f"{MINE}/{many.id}").text
    assert page.index("茶杯") < page.index("白茶")
    assert "不卖的茶" not in page
    both = give(person.id, scope=shelves, scope_ids=(shelf.public_id, other.public_id), key="both")
    assert "白茶" in (shown := customer.get(f"{MINE}/{both.id}").text)
    assert "茶杯" in shown
    foreign = give(make_person().id, scope=products, scope_ids=(tea.public_id, cup.public_id))
    assert customer.get(f"{MINE}/{foreign.id}").status_code == 404
    assert customer.get(f"{MINE}/..%2f").status_code == 404


def test_the_centre_shows_what_can_be_taken_and_why_the_rest_cannot(
    app: Flask, customer: FlaskClient, person: Person
) -> None:
    now = clock.now()
    make_coupon(name="随便领", per_person=2, valid_days=7)
    taken = make_coupon(name="领过的")
    gone = make_coupon(name="没有了", stock=1)
    make_coupon(name="明天的", claim_from=now + timedelta(days=1))
    hidden = [
        make_coupon(name="藏起来的码", giving=Giving.CODE),
        make_coupon(name="藏起来的旧券", claim_until=now - timedelta(days=1)),
        make_coupon(name="藏起来的过期券", valid_until=now - timedelta(days=1)),
    ]
    give(person.id, taken)
    give(make_person().id, gone)
    page = customer.get("/coupons").text
    assert page.count("data-claim") == 1
    for words in ("领取后 7 天内有效 · 每人限领 2 张", "已领取，去看看", "已领完", "开始领取"):
        assert words in page
    assert "藏起来" not in page
    assert len(hidden) == 3


def test_me_counts_what_can_be_used(customer: FlaskClient, person: Person) -> None:
    assert "张可用" not in customer.get("/me").text
    give(person.id)
    hold(give(person.id), order_no="N1")
    assert "1 张可用" in customer.get("/me").text


def test_pages_of_coupons_ask_no_more_for_more_rows(
    app: Flask, customer: FlaskClient, person: Person
) -> None:
    shelf = make_category()

    def asked(path: str) -> int:
        with statements() as sent:
            assert customer.get(path).status_code == 200
        return len(sent)

    def more(pieces: int) -> None:
        for _ in range(pieces):
            give(person.id, scope=Scope.CATEGORIES, scope_ids=(shelf.public_id,))
            make_coupon()

    more(1)
    few = [asked(path) for path in (MINE, "/coupons", "/me")]
    more(6)
    assert [asked(path) for path in (MINE, "/coupons", "/me")] == few
