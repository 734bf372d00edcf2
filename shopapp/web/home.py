"""The shop's front door, and the privacy text."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from shopapp.kernel import preferences
from shopapp.kernel.errors import Invalid
from shopapp.kernel.i18n import _
from shopapp.kernel.templating import picture_url
from shopapp.members.identity.privacy import PRIVACY_TITLE, in_force, privacy_text
from shopapp.members.identity.services import safe_path
from shopapp.store.catalogue import listing
from shopapp.store.catalogue.cards import cards, category_link
from shopapp.store.catalogue.categories import categories
from shopapp.store.catalogue.listing import CURSOR_LENGTH_MAX, ListQuery, ProductRecord
from shopapp.store.catalogue.pages import PAGE_SIZE, best_selling, kept_list_page, next_url
from shopapp.store.catalogue.rules import sold_step
from shopapp.store.catalogue.tier_prices import WHOLE_BP, tier_price
from shopapp.store.viewers import viewer

PICKS_MAX = 8
CATEGORIES_MAX = 8
BANNER_WIDTH = 1080

pages = Blueprint("home", __name__)


@pages.get("/")
def home() -> Response:
    cursor = request.args.get("cursor", "")[: CURSOR_LENGTH_MAX + 1] or None
    try:
        return kept_list_page("home", cursor, make=lambda: _home(cursor))
    except Invalid:
        return redirect("/")


def _home(cursor: str | None) -> str:
    shelf = listing.page(ListQuery(cursor=cursor, limit=PAGE_SIZE))
    picks = [] if cursor else _often_bought()
    return render_template(
        "web/home.html",
        banners=[banner(each) for each in preferences.read("shop.banners")[:1]],
        categories=[category_link(row) for row in categories()[:CATEGORIES_MAX]],
        membership=_membership(),
        picks={"title": _("大家常买"), "products": cards(picks)},
        products=cards(shelf.items),
        next_url=next_url(shelf, path="/"),
    )


def _membership() -> dict[str, str]:
    """One line about membership: the viewer's tier, or what joining brings."""
    tier = tier_price(viewer().tier)
    if tier.own:
        perk = (
            _("全场 %(rate)s 折", rate=f"{tier.discount_bp / 1000:g}") if tier.discount_bp < WHOLE_BP else ""
        )
        return {"title": tier.name, "text": perk or _("积分、权益和优惠券"), "act": "", "url": "/me"}
    return {
        "title": _("加入会员"),
        "text": _("攒积分、升等级，优惠先知道"),
        "act": _("一键入会"),
        "url": "/me/join",
    }


def _often_bought() -> list[ProductRecord]:
    """What many did buy; nothing in a new shop."""
    return [record for record in best_selling(limit=PICKS_MAX) if record.in_stock and sold_step(record.sold)]


def banner(kept: dict[str, Any]) -> dict[str, Any]:
    """The merchant's banner: `picture` (a file), `width`, `height`, `alt`, `href` (a path), and maybe `title`, `text`."""
    url = picture_url(kept["picture"], BANNER_WIDTH) if kept.get("picture") else ""
    sides = {name: kept.get(name) for name in ("width", "height", "alt")}
    return {
        "href": safe_path(kept.get("href")),
        "title": kept.get("title", ""),
        "text": kept.get("text", ""),
        "picture": {"url": url, **sides} if url else None,
    }


@pages.get("/privacy")
def privacy() -> Response:
    return kept_list_page("privacy", make=_privacy)


def _privacy() -> str:
    text = privacy_text(
        shop_name=preferences.read("shop.name"), own_text=preferences.read("shop.privacy_text")
    )
    return render_template(
        "web/privacy.html",
        title=PRIVACY_TITLE,
        version=in_force().version,
        effective_at=None,
        html=Markup(text),  # noqa: S704 - our own text, or the merchant's, cleaned when it was written
    )
