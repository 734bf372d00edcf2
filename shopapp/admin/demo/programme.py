"""What the demo shop promises its members: tiers, points, coupons, perks, a paid card, the points mall, top-ups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shopapp.kernel.db import db
from shopapp.kernel.money import Money
from shopapp.loyalty.cards import offering as cards
from shopapp.loyalty.cards.rules import PlanContent as CardContent
from shopapp.loyalty.coupons import offering as coupons
from shopapp.loyalty.coupons import queries as coupon_queries
from shopapp.loyalty.coupons.content import CouponContent, Giving, Moment, Period
from shopapp.loyalty.coupons.rules import CouponKind, CouponTerms
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.perks import defining as perks
from shopapp.loyalty.perks.rules import Period as PerkPeriod
from shopapp.loyalty.perks.rules import PerkContent, PerkKind, PerkTerms
from shopapp.loyalty.points import services as points
from shopapp.loyalty.points.rules import EarnTerms, PointsTerms
from shopapp.loyalty.tiers import services as tiers
from shopapp.loyalty.tiers.terms import Benefits, Drop, Level, Mode, TierTerms
from shopapp.loyalty.wallet import services as wallet
from shopapp.loyalty.wallet.rules import PlanContent as TopUpContent
from shopapp.store.mall import offering as mall
from shopapp.store.mall.rules import MallContent, MallKind

from .ids import Ids

TIERS = TierTerms(
    mode=Mode.ROLLING,
    length=12,
    levels=(
        Level(code="member", name="普通会员", entry=0, keep=0),
        Level(
            code="silver",
            name="银卡会员",
            entry=200,
            keep=150,
            benefits=Benefits(discount_bp=9_800),
        ),
        Level(
            code="gold",
            name="金卡会员",
            entry=500,
            keep=400,
            benefits=Benefits(discount_bp=9_500, points_bp=12_000),
        ),
        Level(
            code="diamond",
            name="钻石会员",
            entry=1_500,
            keep=1_200,
            benefits=Benefits(discount_bp=9_000, points_bp=15_000, free_freight=True),
        ),
    ),
    grace_days=7,
    drop=Drop.ONE_STEP,
    growth_per_yuan=1,
)
POINTS = PointsTerms(earn=EarnTerms(birthday_month_bp=20_000), life=Life(months=9))
SHARED_CODE = "XIAOMAN2026"
CODES, CODES_LAST = 20, timedelta(days=90)
TOP_UPS = ((10_000, 500), (30_000, 2_000), (50_000, 5_000))
TOP_UP_LIFE = "P12M"
STOCK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """A coupon as members hold it; `coupon_id` is the row number."""

    coupon_id: int
    public_id: str
    name: str
    content: CouponContent


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """A coupon of the points mall; `item_id` is the row number of the item."""

    item_id: int
    public_id: str
    points: int
    coupon: Coupon


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """What members of the past came by. `top_ups` are the row numbers of the plans, by what is paid."""

    coupons: dict[str, Coupon]
    rewards: tuple[Reward, ...]
    top_ups: dict[int, int]


def _amount(name: str, fen: int, *, minimum: int = 0) -> CouponTerms:
    return CouponTerms(name=name, kind=CouponKind.AMOUNT, value=Money(fen), minimum=Money(minimum))


def _free_freight(name: str) -> CouponTerms:
    return CouponTerms(name=name, kind=CouponKind.FREE_FREIGHT)


COUPONS: dict[str, CouponContent] = {
    "welcome": CouponContent(
        terms=_amount("新人见面礼", 600, minimum=5_900),
        giving=Giving.PUSH,
        moment=Moment.JOINED,
        valid_days=30,
    ),
    "monthly": CouponContent(
        terms=_amount("满 99 减 8", 800, minimum=9_900),
        giving=Giving.CLAIM,
        per_person=None,
        per_period=1,
        period=Period.MONTH,
        valid_days=15,
    ),
    "percent": CouponContent(
        terms=CouponTerms(name="全店 95 折", kind=CouponKind.PERCENT, basis_points=9_500, cap=Money(2_000)),
        giving=Giving.CLAIM,
        stock=STOCK,
        valid_days=30,
    ),
    "readers": CouponContent(
        terms=_amount("公众号读者券", 500, minimum=4_900), giving=Giving.CODE, valid_days=30
    ),
    "points_amount": CouponContent(
        terms=_amount("5 元无门槛券", 500), giving=Giving.POINTS, per_person=None, valid_days=60
    ),
    "points_freight": CouponContent(
        terms=_free_freight("免运费券"), giving=Giving.POINTS, per_person=None, valid_days=60
    ),
    "pack_amount": CouponContent(
        terms=_amount("会员月度 10 元券", 1_000, minimum=9_900),
        giving=Giving.PERK,
        per_person=None,
        valid_days=31,
    ),
    "pack_freight": CouponContent(
        terms=_free_freight("会员免运费券"), giving=Giving.PERK, per_person=None, valid_days=31
    ),
    "birthday": CouponContent(
        terms=_amount("生日 15 元券", 1_500, minimum=1_500),
        giving=Giving.PERK,
        per_person=None,
        valid_days=30,
    ),
}
# (kind, what, points, fen beside them, how many, for whom)
MALL: tuple[tuple[MallKind, str, int, int, int | None, str], ...] = (
    (MallKind.COUPON, "points_freight", 150, 0, None, ""),
    (MallKind.COUPON, "points_amount", 300, 0, None, ""),
    (MallKind.GOODS, "bath-duck", 900, 990, 40, ""),
    (MallKind.GOODS, "wood-blocks", 2_400, 1_990, 15, "gold"),
    (MallKind.GOODS, "honey-plum", 1_800, 0, 25, ""),
    (MallKind.GOODS, "bedtime-books", 6_000, 0, 5, "diamond"),
)


def offer(*, ids: Ids, now: datetime, until: datetime) -> Programme:
    """Write it all, in force from `now` on, with the goods on the shelves; codes for cards are fresh at `until`."""
    tiers.save_version(terms=TIERS, note="开店", based_on=0, now=now)
    points.publish(terms=POINTS, valid_from=now, now=now)
    offered = {name: _coupon(name, content, ids=ids, now=now) for name, content in COUPONS.items()}
    coupons.add_shared_code(public_id=offered["readers"].public_id, code=SHARED_CODE, now=now)
    _promise_perks(offered, ids=ids, now=now)
    _sell_cards(ids=ids, now=now, until=until)
    return Programme(
        coupons=offered,
        rewards=_open_mall(offered, ids=ids, now=now),
        top_ups={pay: _top_up(place, ids=ids, now=now) for place, (pay, _gift) in enumerate(TOP_UPS)},
    )


def _coupon(name: str, content: CouponContent, *, ids: Ids, now: datetime) -> Coupon:
    row = coupons.create_coupon(content=content, now=now)
    row.public_id = ids.of("coupon", name)
    db.session.flush()
    return Coupon(
        coupon_id=row.id, public_id=row.public_id, name=coupon_queries.terms_of(row).name, content=content
    )


def _promise_perks(offered: dict[str, Coupon], *, ids: Ids, now: datetime) -> None:
    pack = tuple((offered[name].public_id, 1) for name in ("pack_amount", "pack_freight"))
    promised = (
        PerkContent(
            name="生日礼",
            kind=PerkKind.BIRTHDAY_GIFT,
            period=PerkPeriod.YEAR,
            terms=PerkTerms(
                points=200, coupons=((offered["birthday"].public_id, 1),), days_before=7, claim_days=14
            ),
            tiers=("silver", "gold", "diamond"),
            position=1,
        ),
        PerkContent(
            name="每月券包",
            kind=PerkKind.MONTHLY_PACK,
            period=PerkPeriod.MONTH,
            terms=PerkTerms(coupons=pack),
            tiers=("gold", "diamond"),
            position=2,
        ),
        PerkContent(
            name="专属客服",
            kind=PerkKind.CONTACT,
            period=PerkPeriod.ONCE,
            terms=PerkTerms(contact_name="小满管家", contact_text="公众号里回复“管家”，9:00 到 21:00 有人"),
            tiers=("diamond",),
            position=3,
        ),
    )
    for content in promised:
        perks.create(content=content, now=now).public_id = ids.of("perk", content.kind.value)


def _sell_cards(*, ids: Ids, now: datetime, until: datetime) -> None:
    plan = cards.create_plan(
        content=CardContent(
            name="小满优享年卡",
            price=Money(9_900),
            words="一年里都按金卡会员的价格买，积分 1.2 倍",
            months=12,
            tier_code="gold",
            trial_days=7,
        ),
        now=now,
    )
    plan.public_id = ids.of("card plan")
    db.session.flush()
    batch = cards.make_batch(
        plan_id=plan.public_id, name="母婴展赠卡", count=CODES, expires_at=until + CODES_LAST, now=until
    )
    batch.public_id = ids.of("card codes")


def _open_mall(offered: dict[str, Coupon], *, ids: Ids, now: datetime) -> tuple[Reward, ...]:
    rewards = []
    for position, (kind, name, price, cash, stock, tier) in enumerate(MALL):
        goods = kind is MallKind.GOODS
        item = mall.create_item(
            content=MallContent(
                kind=kind,
                points=price,
                sku_id=ids.of("sku", name) if goods else None,
                coupon_id=None if goods else offered[name].public_id,
                cash=Money(cash),
                stock=stock,
                per_person=1 if goods else None,
                per_month=None if goods else 2,
                min_tier=tier,
                position=position,
            ),
            now=now,
        )
        item.public_id = ids.of("mall item", name)
        db.session.flush()
        if not goods:
            rewards.append(
                Reward(item_id=item.id, public_id=item.public_id, points=price, coupon=offered[name])
            )
    return tuple(rewards)


def _top_up(place: int, *, ids: Ids, now: datetime) -> int:
    pay, gift = TOP_UPS[place]
    row = wallet.save_plan(
        row=None,
        content=TopUpContent(
            pay=Money(pay),
            gift=Money(gift),
            life=TOP_UP_LIFE,
            active=True,
            position=place,
            per_person=None,
            starts_at=None,
            ends_at=None,
        ),
        now=now,
    )
    row.public_id = ids.of("top-up plan", pay)
    db.session.flush()
    return row.id
