"""The demo shop's goods, pictures, people and orders, before any of it is written to a database."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from shopapp.admin.demo import canvas, catalogue, limits, packs, pictures
from shopapp.admin.demo.baskets import DEPTH
from shopapp.admin.demo.layouts import LAYOUTS
from shopapp.admin.demo.orders import OrderState, PlannedOrder, orders_plan
from shopapp.admin.demo.people import Source, people, places
from shopapp.admin.demo.rhythm import Year
from shopapp.kernel.clock import SHOP_ZONE

ROOT = Path(__file__).resolve().parents[2]
AREAS = ROOT / "node_modules" / "@vant" / "area-data" / "dist" / "index.js"
UNTIL = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
# Words the advertising law, the food law or plain honesty keeps out of our own copy.
FORBIDDEN = re.compile(
    "最|第一|国家级|顶级|极品|首选|唯一|绝对|万能|百分之百|100%|治疗|治愈|疗效|预防|抗菌|杀菌|免疫|助消化|"
    "益智|聪明|防过敏|零添加|无添加|不添加|纯天然|母乳化|代替母乳|配方奶|奶粉|！"
)


@pytest.fixture(scope="module")
def plan() -> list[PlannedOrder]:
    return list(orders_plan(seed=7, customers=people(seed=7), until=UNTIL))


@pytest.fixture(scope="module")
def long_plan() -> list[PlannedOrder]:
    return list(orders_plan(seed=11, customers=people(seed=11, customers=1500), until=UNTIL, orders=6000))


def test_the_shop_has_eight_categories_and_over_sixty_goods() -> None:
    sizes = [len(category.products) for category in catalogue.catalogue()]
    assert len(sizes) == 8
    assert 64 <= sum(sizes) <= 72
    assert min(sizes) >= 7


def test_every_product_can_be_shown_and_bought() -> None:
    codes = [sku.code for product in catalogue.products() for sku in product.skus]
    assert len(codes) == len(set(codes))
    for product in catalogue.products():
        assert product.title and product.subtitle and product.copy, product.slug  # noqa: PT018 - all are needed
        assert len(product.specs) <= catalogue.SPECS_MAX
        assert len(product.title) <= 60
        for sku in product.skus:
            assert 100 <= sku.price_fen <= 100_000, sku.code
            assert 10 <= sku.weight_g <= 20_000, sku.code
            assert sku.stock >= 0
            assert len(sku.options) == len(product.specs)


def test_the_shelves_are_not_all_full() -> None:
    goods = list(catalogue.products())
    assert sum(not product.on_sale for product in goods) == 2
    assert any(all(sku.stock == 0 for sku in product.skus) for product in goods)
    assert any({sku.stock == 0 for sku in product.skus} == {True, False} for product in goods)
    assert sum(product.limit > 0 for product in goods) >= 5
    assert any(len(product.specs) == 3 for product in goods)


def test_food_and_underwear_say_why_they_do_not_come_back() -> None:
    for product in catalogue.products():
        if product.category in {"babyfood", "snacks"}:
            assert "食品" in product.no_return, product.slug
    assert "贴身" in next(p for p in catalogue.products() if p.slug == "nursing-bra").no_return
    assert not next(p for p in catalogue.products() if p.slug == "comfort-bear").no_return


def test_the_copy_keeps_to_the_advertising_law() -> None:
    texts = [text for plan in pictures.BANNERS for text in (plan.title, plan.subtitle)]
    for product in catalogue.products():
        texts += [product.title, product.subtitle, product.label, *product.copy, *product.points]
    assert [text for text in texts if FORBIDDEN.search(text)] == []


def test_chinese_and_latin_keep_their_distance() -> None:
    touching = re.compile(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]")
    for product in catalogue.products():
        for text in (product.title, product.subtitle, *product.copy, *product.points):
            assert not touching.search(text), text


def test_a_misspelt_sold_out_option_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "1.toml"
    wrong.write_text(
        'slug = "a"\nname = "a"\nart = "🍼"\npalette = "mint"\n[[product]]\nslug = "b"\ntitle = "b"\n'
        'subtitle = ""\ncopy = "c"\nspecs = [{ name = "色", options = ["红"] }]\nsold_out = ["绿"]\n'
        "price_fen = 100\nweight_g = 10\nstock = 1\nlasts_days = 0\npopularity = 1\npictures = []\n",
        encoding="utf-8",
    )
    with pytest.raises(catalogue.BadGoodsError, match="b: no such option: 绿"):
        catalogue.read_category(wrong)


def test_every_recipe_names_things_that_exist() -> None:
    for category in catalogue.catalogue():
        assert category.palette in canvas.PALETTES
        for product in category.products:
            assert 1 <= len(product.pictures) <= 4
            for recipe in pictures.recipes(product, palette=category.palette):
                assert recipe.layout in LAYOUTS
                assert recipe.arts
                if recipe.layout == "pack":
                    assert recipe.pack in packs.KINDS
                    assert recipe.label


def test_the_list_of_illustrations_is_the_one_in_use() -> None:
    listed = (ROOT / "shopapp" / "admin" / "demo" / "pictures.txt").read_text(encoding="utf-8").split()
    assert len(listed) == len(pictures.arts_used())
    for art in pictures.arts_used():
        assert set(canvas.art_names(art)) & set(listed), art


@pytest.mark.skipif(not canvas.ART_FOLDERS[0].is_dir(), reason="the front-end packages are not installed")
def test_every_illustration_is_in_the_package() -> None:
    assert [art for art in pictures.arts_used() if canvas.art_path(art) is None] == []


def _opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_a_picture_is_a_light_square_and_always_the_same(layout: str) -> None:
    recipe = pictures.Recipe(
        layout=layout,
        arts=("🍓", "🥛"),
        palette="apricot",
        pack="pouch",
        label="果脆",
        points=("一", "二"),
        seed="x",
    )
    data = pictures.draw(recipe)
    assert _opened(data).format == "WEBP"
    assert _opened(data).size == (800, 800)
    assert len(data) < 60_000
    assert pictures.draw(recipe) == data


def test_pictures_are_drawn_without_illustrations_and_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "ART_FOLDERS", ())
    monkeypatch.setattr(canvas, "FONTS", ())
    caches = (canvas.font_file, canvas.font, canvas.main_colour)
    for cached in caches:
        cached.cache_clear()
    try:
        strawberry, apple = (
            pictures.draw(pictures.Recipe(layout="hero", arts=(art,), palette="rose")) for art in "🍓🍎"
        )
        assert _opened(strawberry).size == (800, 800)
        assert strawberry != apple
        assert _opened(pictures.logo()).size == (320, 320)
    finally:
        for cached in caches:
            cached.cache_clear()


@pytest.mark.parametrize("kind", sorted(packs.KINDS))
def test_packages_stand_on_their_lower_edge(kind: str) -> None:
    drawn = packs.pack(kind, palette=canvas.PALETTES["sky"], label="纸尿裤", art="🌙")
    assert drawn.size == (packs.WIDTH, packs.HEIGHT)
    left, top, right, bottom = drawn.getbbox() or (0, 0, 0, 0)
    assert bottom >= packs.HEIGHT - 20
    assert right - left > 200
    assert bottom - top > 300


def test_banners_icons_and_faces_have_their_sizes() -> None:
    slugs = {category.slug for category in catalogue.catalogue()}
    for banner in pictures.BANNERS:
        assert banner.link in slugs
        assert _opened(pictures.banner(banner)).size == (1125, 480)
    icon = _opened(pictures.category_icon(catalogue.catalogue()[0])).convert("RGBA")
    assert icon.size == (160, 160)
    assert icon.getpixel((0, 0))[3] == 0  # type: ignore[index]
    assert pictures.avatar(3) == pictures.avatar(3)
    assert pictures.avatar(3) != pictures.avatar(4)


def test_the_same_seed_gives_the_same_shop_in_another_process(plan: list[PlannedOrder]) -> None:
    script = (
        "import hashlib\nfrom datetime import datetime, UTC\n"
        "from shopapp.admin.demo.people import people\nfrom shopapp.admin.demo.orders import orders_plan\n"
        "crowd = people(seed=7)\n"
        "plan = list(orders_plan(seed=7, customers=crowd, until=datetime(2026, 11, 22, 4, 0, tzinfo=UTC)))\n"
        "print(hashlib.sha256(repr((crowd, plan)).encode()).hexdigest())"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONHASHSEED": "1"},
    ).stdout.strip()
    assert elsewhere == hashlib.sha256(repr((people(seed=7), plan)).encode()).hexdigest()


def test_another_seed_gives_other_people_and_orders(plan: list[PlannedOrder]) -> None:
    others = people(seed=8)
    assert [person.name for person in others] != [person.name for person in people(seed=7)]
    assert [order.lines for order in orders_plan(seed=8, customers=others, until=UNTIL)] != [
        order.lines for order in plan
    ]


def test_a_later_day_changes_the_dates_but_not_the_baskets(plan: list[PlannedOrder]) -> None:
    later = list(orders_plan(seed=7, customers=people(seed=7), until=UNTIL + timedelta(days=40)))
    first = [(order.customer, {line.sku for line in order.lines}) for order in plan[:100]]
    assert [(order.customer, {line.sku for line in order.lines}) for order in later[:100]] == first
    assert later[0].placed_at > plan[0].placed_at


def test_nobody_in_the_demo_has_a_real_telephone() -> None:
    crowd = people(seed=3, customers=400)
    phones = {person.phone for person in crowd}
    assert len(phones) == 400
    assert all(re.fullmatch(r"199000\d{5}", phone) for phone in phones)
    with pytest.raises(ValueError, match="customers"):
        people(seed=3, customers=limits.CUSTOMERS_MAX + 1)


def test_people_join_in_order_and_are_invited_by_earlier_ones() -> None:
    crowd = people(seed=5, customers=500)
    assert [person.number for person in crowd] == list(range(500))
    assert [person.joined for person in crowd] == sorted(person.joined for person in crowd)
    friends = [person for person in crowd if person.source is Source.FRIEND]
    assert friends
    assert all(person.invited_by is not None and person.invited_by < person.number for person in friends)
    assert all(person.invited_by is None for person in crowd if person.source is not Source.FRIEND)


@pytest.mark.skipif(not AREAS.is_file(), reason="the front-end packages are not installed")
def test_every_place_is_on_the_map() -> None:
    text = AREAS.read_text(encoding="utf-8")
    spelled = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda found: chr(int(found[1], 16)), text)
    names = dict(re.findall(r"[\"']?(\d{6})[\"']?\s*:\s*[\"']([^\"']+)[\"']", spelled))
    for place in places():
        assert names[place.code] == place.county
        assert names[place.code[:2] + "0000"] == place.province
        assert names.get(place.code[:4] + "00", place.province) == place.city


def test_each_order_refers_to_goods_and_people_that_exist(plan: list[PlannedOrder]) -> None:
    prices = {sku.code: sku.price_fen for product in catalogue.products() for sku in product.skus}
    crowd = people(seed=7)
    assert len(plan) == 600
    assert [order.number for order in plan] == list(range(1, 601))
    for order in plan:
        assert 0 <= order.address < len(crowd[order.customer].addresses)
        assert order.lines
        assert len({line.sku for line in order.lines}) == len(order.lines)
        for line in order.lines:
            assert line.price_fen == prices[line.sku]
            assert line.sku.startswith(line.product)
            assert 0 <= line.refunded <= line.quantity


def test_times_follow_each_other_and_none_lies_ahead(long_plan: list[PlannedOrder]) -> None:
    placed = [order.placed_at for order in long_plan]
    assert placed == sorted(placed)
    assert UNTIL - timedelta(days=365) <= placed[0]
    for order in long_plan:
        times = [order.placed_at, order.paid_at, order.shipped_at, order.completed_at, order.refunded_at]
        passed = [time for time in times if time is not None]
        assert passed == sorted(passed), order
        assert passed[-1] <= UNTIL
        assert order.cancelled_at is None or order.cancelled_at <= UNTIL


def test_the_state_of_an_order_agrees_with_its_times(long_plan: list[PlannedOrder]) -> None:
    for order in long_plan:
        assert (order.cancelled_at is not None) == (order.state is OrderState.CANCELLED)
        assert (order.paid_at is None) == (order.state in {OrderState.UNPAID, OrderState.CANCELLED})
        assert (order.refunded_at is not None) == (order.refunded_fen > 0)
        assert (order.state is OrderState.REFUNDED) == (order.refunded_fen == order.goods_fen)
        assert bool(order.waybill) == (order.shipped_at is not None)
        if order.state is OrderState.UNPAID:
            assert UNTIL - order.placed_at <= timedelta(minutes=30)


def test_there_is_something_to_do_in_every_state(plan: list[PlannedOrder]) -> None:
    assert set(Counter(order.state for order in plan)) == set(OrderState)
    assert any(0 < order.refunded_fen < order.goods_fen for order in plan)


def test_baskets_grow_with_each_order(long_plan: list[PlannedOrder]) -> None:
    crowd = people(seed=11, customers=1500)
    pieces: dict[int, list[int]] = defaultdict(list)
    for order in long_plan:
        if order.paid_at and crowd[order.customer].source is not Source.DEALS:
            pieces[min(order.nth, len(DEPTH))].append(order.pieces)
    for nth, expected in enumerate(DEPTH, start=1):
        assert sum(pieces[nth]) / len(pieces[nth]) == pytest.approx(expected, rel=0.1)


def test_a_few_customers_bring_most_of_the_sales(long_plan: list[PlannedOrder]) -> None:
    spent: Counter[int] = Counter()
    for order in long_plan:
        if order.paid_at:
            spent[order.customer] += order.goods_fen - order.refunded_fen
    ranked = sorted(spent.values(), reverse=True)
    assert 0.5 < sum(ranked[: len(ranked) // 4]) / sum(ranked) < 0.9
    often = Counter(order.customer for order in long_plan if order.paid_at)
    assert 0.2 < sum(count == 1 for count in often.values()) / len(often) < 0.55


def test_bargain_hunters_buy_little_and_hardly_return(long_plan: list[PlannedOrder]) -> None:
    crowd = people(seed=11, customers=1500)
    repeat, basket = {}, {}
    for hunters in (True, False):
        mine = [
            order
            for order in long_plan
            if order.paid_at and (crowd[order.customer].source is Source.DEALS) is hunters
        ]
        often = Counter(order.customer for order in mine)
        repeat[hunters] = sum(count > 1 for count in often.values()) / len(often)
        basket[hunters] = sum(order.goods_fen for order in mine) / len(mine)
    assert repeat[True] < 0.3 * repeat[False]
    assert basket[True] < 0.6 * basket[False]


def test_some_regulars_drift_away(long_plan: list[PlannedOrder]) -> None:
    last: dict[int, datetime] = {}
    often: Counter[int] = Counter()
    for order in long_plan:
        last[order.customer] = order.placed_at
        often[order.customer] += 1
    quiet = [UNTIL - last[number] > timedelta(days=90) for number, count in often.items() if count >= 4]
    assert 0.1 < sum(quiet) / len(quiet) < 0.6


def test_the_year_has_its_seasons_and_the_day_its_hours(long_plan: list[PlannedOrder]) -> None:
    days = Counter(order.placed_at.astimezone(SHOP_ZONE).date().isoformat() for order in long_plan)
    usual = sum(days.values()) / 365
    assert days["2026-11-11"] > 3 * usual
    assert days["2026-06-18"] > 2.5 * usual
    assert days["2026-02-17"] < usual * 0.7
    hours = Counter(order.placed_at.astimezone(SHOP_ZONE).hour for order in long_plan)
    assert hours[21] > 8 * max(hours[3], 1)


def test_nobody_takes_more_than_the_limit(long_plan: list[PlannedOrder]) -> None:
    limits = {product.slug: product.limit for product in catalogue.products() if product.limit}
    taken: Counter[tuple[int, str]] = Counter()
    for order in long_plan:
        if order.paid_at:
            taken.update({(order.customer, line.product): line.quantity for line in order.lines})
    held = {key: count for key, count in taken.items() if key[1] in limits}
    assert held
    assert all(count <= limits[slug] for (_, slug), count in held.items())


def test_consumables_are_bought_again(long_plan: list[PlannedOrder]) -> None:
    again: Counter[bool] = Counter()
    seen: set[tuple[int, str]] = set()
    lasting = {product.slug: product.lasts_days > 0 for product in catalogue.products()}
    for order in long_plan:
        for line in order.lines:
            again[lasting[line.product]] += (order.customer, line.product) in seen
            seen.add((order.customer, line.product))
    assert again[True] > 4 * again[False]


@pytest.mark.parametrize(
    ("customers", "orders", "expected"), [(0, 50, 0), (3, 0, 0), (40, 10, 10), (1, 5, 5)]
)
def test_small_shops_work_too(customers: int, orders: int, expected: int) -> None:
    crowd = people(seed=2, customers=customers)
    assert len(list(orders_plan(seed=2, customers=crowd, until=UNTIL, orders=orders))) == expected


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        orders_plan(seed=1, customers=(), until=datetime(2026, 1, 1))  # noqa: DTZ001


def test_shares_of_the_year_keep_their_order() -> None:
    year = Year.ending(UNTIL)
    moments = [year.moment(step / 500) for step in range(501)]
    assert moments == sorted(moments)
    assert moments[-1] == UNTIL
    assert year.share(year.moment(0.4)) == pytest.approx(0.4, abs=1e-6)
