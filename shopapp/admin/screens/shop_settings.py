"""The shop's own settings: how it presents itself, how it sells, what it promises about privacy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from shopapp.kernel import preferences
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.money import Money
from shopapp.kernel.screens import Form, save
from shopapp.members.identity.privacy import privacy_text
from shopapp.store.catalogue import console as catalogue
from shopapp.store.catalogue.console import KeptPicture

from .. import preferences_forms as forms

blp = guard_console(Blueprint("settings_admin", __name__, url_prefix="/admin/settings"))

TABS = {
    "settings_admin.shop_page": _l("店铺"),
    "settings_admin.banner_page": _l("首页横幅"),
    "settings_admin.selling_page": _l("下单与配送"),
    "settings_admin.adjusting_page": _l("手工调整"),
    "settings_admin.privacy_page": _l("隐私说明"),
}


@blp.context_processor
def words() -> dict[str, Any]:
    return {"tabs": TABS}


def _saved(form: Form, read: Callable[[Form], Mapping[str, Any]], *, again: str) -> Response | None:
    """Back to the screen when the form was good; None when it must be shown again."""
    changed = save(form, lambda: forms.write(read(form)))
    if changed is None:
        return None
    flash(_("已保存，商城里现在就是新的。") if changed else _("没有改动。"), "success")
    return redirect(url_for(again), 303)


@blp.get("/shop")
@requires(Permission.SETTINGS_EDIT)
def shop_page() -> str:
    names = ("name", "hello", "brand_color", "service_phone")
    values = {name: preferences.read(f"shop.{name}") for name in names}
    logo = catalogue.picture(file=preferences.read("shop.logo"))
    return _shop(Form.filled(values | {"picture": logo.id if logo else ""}), logo)


def _shop(form: Form, picture: KeptPicture | None) -> str:
    return render_template("admin/settings/shop.html", form=form, picture=picture)


@blp.post("/shop")
@requires(Permission.SETTINGS_EDIT)
def send_shop() -> Response | tuple[str, int]:
    form = Form.sent()
    picture = _picture(form)
    logo = {"shop.logo": picture.file if picture else ""}
    done = _saved(form, lambda sent: forms.shop_values(sent) | logo, again="settings_admin.shop_page")
    return done or (_shop(form, picture), 422)


@blp.get("/banner")
@requires(Permission.SETTINGS_EDIT)
def banner_page() -> str:
    kept: list[dict[str, Any]] = preferences.read("shop.banners")
    first = kept[0] if kept else {}
    picture = catalogue.picture(file=first.get("picture", ""))
    values = {
        "picture": picture.id if picture else "",
        "alt": first.get("alt", ""),
        "href": first.get("href", "/"),
    }
    return _banner(Form.filled(values), picture)


def _banner(form: Form, picture: KeptPicture | None) -> str:
    return render_template("admin/settings/banner.html", form=form, picture=picture)


@blp.post("/banner")
@requires(Permission.SETTINGS_EDIT)
def send_banner() -> Response | tuple[str, int]:
    form = Form.sent()
    picture = _picture(form)
    facts = {"picture": picture.file, "width": picture.width, "height": picture.height} if picture else None
    done = _saved(
        form, lambda sent: forms.banner_values(sent, picture=facts), again="settings_admin.banner_page"
    )
    return done or (_banner(form, picture), 422)


def _picture(form: Form) -> KeptPicture | None:
    public_id = form.value("picture")
    return catalogue.picture(public_id=public_id) if public_id else None


@blp.get("/selling")
@requires(Permission.SETTINGS_EDIT)
def selling_page() -> str:
    values: MultiDict[str, str] = MultiDict(
        {
            name: str(preferences.read(f"orders.{name}"))
            for name in ("pay_within_minutes", "receipt_after_days", "aftersales_days", "unpaid_max")
        }
        | {
            "freight": str(Money(preferences.read("freight.fen"))),
            "free_from": str(Money(preferences.read("freight.free_from_fen"))),
        }
    )
    closed = preferences.read("freight.no_delivery_regions")
    provinces = forms.province_names()
    values.setlist("no_delivery", [code for code in provinces if forms.prefix_of(code) in closed])
    return _selling(Form(values))


def _selling(form: Form) -> str:
    return render_template("admin/settings/selling.html", form=form, provinces=forms.province_names())


@blp.post("/selling")
@requires(Permission.SETTINGS_EDIT)
def send_selling() -> Response | tuple[str, int]:
    form = Form.sent()
    done = _saved(form, forms.selling_values, again="settings_admin.selling_page")
    return done or (_selling(form), 422)


@blp.get("/adjusting")
@requires(Permission.SETTINGS_EDIT)
def adjusting_page() -> str:
    kept = {
        name: preferences.read(f"adjustments.{name}_alone")
        for name in ("points", "growth", "principal", "gift")
    }
    money = {name: str(Money(kept[name])) for name in ("principal", "gift")}
    return _adjusting(Form.filled({f"{name}_alone": value for name, value in (kept | money).items()}))


def _adjusting(form: Form) -> str:
    return render_template("admin/settings/adjusting.html", form=form)


@blp.post("/adjusting")
@requires(Permission.SETTINGS_EDIT)
def send_adjusting() -> Response | tuple[str, int]:
    form = Form.sent()
    done = _saved(form, forms.adjusting_values, again="settings_admin.adjusting_page")
    return done or (_adjusting(form), 422)


@blp.get("/privacy")
@requires(Permission.SETTINGS_EDIT)
def privacy_page() -> str:
    values = {
        "privacy_text": preferences.read("shop.privacy_text"),
        "guests_kept_months": preferences.read("members.guests_kept_months"),
        "marks_kept_months": preferences.read("members.marks_kept_months"),
    }
    return _privacy(Form.filled(values))


def _privacy(form: Form) -> str:
    standard = privacy_text(shop_name=preferences.read("shop.name"), own_text="")
    return render_template("admin/settings/privacy.html", form=form, standard=standard)


@blp.post("/privacy")
@requires(Permission.SETTINGS_EDIT)
def send_privacy() -> Response | tuple[str, int]:
    form = Form.sent()
    done = _saved(form, forms.privacy_values, again="settings_admin.privacy_page")
    return done or (_privacy(form), 422)
