"""The console's screens of channels: a QR code and a short link for each way in, and who came by it."""

from __future__ import annotations

import io
import re
from typing import Any

import segno
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock, preferences
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.screens import Form, act, csv_file, save
from shopapp.members.wording import rules as wording
from shopapp.members.wording import services as wording_services
from shopapp.wechat.api import PlatformError
from shopapp.wechat.explain import explain

from . import queries, rules, services
from .models import Channel, ChannelKind, Landing
from .queries import ChannelRow

QR_SCALES = {"screen": 8, "print": 30}
KIND_NAMES: dict[str, Any] = {
    ChannelKind.MARKETPLACE.value: _l("电商平台"),
    ChannelKind.SHOP.value: _l("平台上的店"),
    ChannelKind.SKU.value: _l("单个商品"),
    ChannelKind.PRINT_RUN.value: _l("一批印刷品"),
    ChannelKind.STAFF.value: _l("店员"),
    ChannelKind.ARTICLE.value: _l("文章"),
    ChannelKind.OFFLINE.value: _l("线下"),
    ChannelKind.OTHER.value: _l("其他"),
}
LANDING_NAMES: dict[str, Any] = {
    Landing.HOME.value: _l("商城首页"),
    Landing.CLAIM.value: _l("登记订单页"),
    Landing.PRODUCT.value: _l("一件商品"),
}
SMS = "【{shop}】您的订单已发出。物流、售后和会员权益都在这里： {link}"
"""For customers, whatever language the console speaks."""

OF_PRODUCT = re.compile(r"(?:\S*/p/)?([0-9a-z]{1,32})(?:[?#]\S*)?", re.ASCII)

blp = guard_console(Blueprint("channels_admin", __name__, url_prefix="/admin/channels"))


@blp.context_processor
def words() -> dict[str, Any]:
    return {"kind_names": KIND_NAMES, "landing_names": LANDING_NAMES, "platforms": rules.PLATFORMS}


@blp.get("", endpoint="channels")
@requires(Permission.CHANNELS_EDIT)
def list_channels() -> str | Response:
    rows = queries.listing()
    if request.args.get("as") == "csv":
        return csv_file(
            name="channels.csv",
            header=[
                *("name", "kind", "platform", "shop", "scene", "link", "cost_yuan", "created_at"),
                *("follows", "scans", "link_visits", "people", "first_touches"),
            ],
            rows=(
                [
                    *(row.name, row.kind.value, row.platform, row.shop, row.scene, row.link, str(row.cost)),
                    *(f"{row.created_at:%Y-%m-%d}", row.follows, row.scans, row.link_visits, row.people),
                    row.first_touches,
                ]
                for row in rows
            ),
        )
    window = Form.filled({"window_days": preferences.read("channels.window_days")})
    return render_template("channels_admin/list.html", rows=rows, form=window)


@blp.post("/window")
@requires(Permission.CHANNELS_EDIT)
def send_window() -> Response:
    def work() -> str:
        was = preferences.read("channels.window_days")
        form = Form.sent()
        days = form.whole("window_days", least=1, most=365)
        form.check()
        services.set_window(days=days)
        audit.record(
            action="channel.window",
            subject_kind="channel",
            subject_id="window",
            changes={"window_days": [was, days]},
        )
        return _("已保存。渠道现在记 %(days)s 天。", days=days)

    return act(work, back=url_for("channels_admin.channels"))


@blp.get("/new")
@requires(Permission.CHANNELS_EDIT)
def new() -> str:
    form = Form.filled({"kind": ChannelKind.PRINT_RUN.value, "landing": Landing.HOME.value, "cost": "0"})
    return _page(None, form)


@blp.post("/new")
@requires(Permission.CHANNELS_EDIT)
def send_new() -> Response | tuple[str, int]:
    """The channel is written first; its code is made at the platform afterwards and can be made again."""
    form = Form.sent()

    def work() -> Channel:
        channel = services.create_channel(code=form.value("code"), now=clock.now(), **_content(form))
        audit.record(
            action="channel.create",
            subject_kind="channel",
            subject_id=channel.public_id,
            changes={"name": channel.name, "scene": channel.scene},
        )
        _note_wording(channel.public_id, form)
        return channel

    channel = save(form, work)
    if channel is None:
        return _page(None, form), 422
    return _make_code(channel.public_id)


@blp.get("/<public_id>")
@requires(Permission.CHANNELS_EDIT)
def channel(public_id: str) -> str:
    row = _row(public_id)
    names = ("name", "platform", "shop", "sku", "staff", "product_id", "welcome")
    values = {name: getattr(row, name) for name in names}
    values |= {"kind": row.kind.value, "landing": row.landing.value, "cost": str(row.cost)}
    return _page(row, Form.filled(values))


def _page(row: ChannelRow | None, form: Form) -> str:
    sms = SMS.format(shop=preferences.read("shop.name"), link=row.link) if row else ""
    return render_template(
        "channels_admin/edit.html",
        form=form,
        row=row,
        warnings=wording.check(form.value("welcome")),
        sms=sms,
        sms_size=rules.sms_size(sms),
        sms_warnings=wording.check(sms),
    )


@blp.post("/<public_id>")
@requires(Permission.CHANNELS_EDIT)
def send_edit(public_id: str) -> Response | tuple[str, int]:
    form = Form.sent()
    row = _row(public_id)

    def work() -> bool:
        channel = services.change_channel(public_id=public_id, **_content(form))
        compared = ("name", "kind", "platform", "shop", "sku", "staff", "cost", "landing", "product_id")
        pairs = {name: [str(getattr(row, name)), str(getattr(channel, name))] for name in compared}
        audit.record(
            action="channel.update",
            subject_kind="channel",
            subject_id=public_id,
            changes={name: pair for name, pair in pairs.items() if pair[0] != pair[1]},
        )
        _note_wording(public_id, form)
        return True

    if save(form, work) is None:
        return _page(row, form), 422
    flash(_("渠道已保存。"), "success")
    return redirect(url_for("channels_admin.channel", public_id=public_id), 303)


def _note_wording(public_id: str, form: Form) -> None:
    wording_services.note_use(
        subject_kind="channel", subject_id=public_id, texts={"welcome": form.value("welcome")}
    )


def _content(form: Form) -> dict[str, Any]:
    """The fields as the service takes them; raises `Invalid`. What does not belong to the kind is left out."""
    kind = ChannelKind(form.choice("kind", KIND_NAMES) or ChannelKind.OTHER)
    landing = Landing(form.choice("landing", LANDING_NAMES) or Landing.HOME)
    sold = kind in (ChannelKind.MARKETPLACE, ChannelKind.SHOP, ChannelKind.SKU, ChannelKind.PRINT_RUN)
    content = {
        "name": form.text("name", longest=rules.NAME_LENGTH_MAX, needed=True),
        "kind": kind,
        "platform": form.value("platform") if sold else "",
        "shop": form.text("shop", longest=rules.WORD_LENGTHS["shop"]) if sold else "",
        "sku": form.text("sku", longest=rules.WORD_LENGTHS["sku"]) if kind is ChannelKind.SKU else "",
        "staff": form.text("staff", longest=rules.WORD_LENGTHS["staff"]) if kind is ChannelKind.STAFF else "",
        "cost": form.yuan("cost"),
        "landing": landing,
        "product_id": _product_id(form) if landing is Landing.PRODUCT else None,
        "welcome": form.text("welcome", longest=rules.WELCOME_LENGTH_MAX),
    }
    form.check()
    return content


def _product_id(form: Form) -> str | None:
    match = OF_PRODUCT.fullmatch(form.value("product_id").strip())
    if match is None:
        form.wrong("product_id", _("请填写商品在商城的网址，或它的编号。"))
    return match[1] if match else None


@blp.post("/<public_id>/code")
@requires(Permission.CHANNELS_EDIT)
def make_code(public_id: str) -> Response:
    return _make_code(public_id)


def _make_code(public_id: str) -> Response:
    try:
        services.make_qr_code(public_id=public_id, now=clock.now())
    except PlatformError as problem:
        reason = explain(code=problem.code, answer=problem.text)
        flash(_("渠道已保存，但二维码没有生成：%(reason)s", reason=reason), "warning")
    else:
        flash(_("二维码已生成，扫码关注的人会记在这个渠道。"), "success")
    return redirect(url_for("channels_admin.channel", public_id=public_id), 303)


@blp.get("/<public_id>/<size>.png")
@requires(Permission.CHANNELS_EDIT)
def picture(public_id: str, size: str) -> Response:
    """The code's picture, drawn here from what the platform's own code holds; with `of=link` that of the short link."""
    row = _row(public_id)
    text = row.link if request.args.get("of") == "link" else row.qr_url
    scale = found(QR_SCALES.get(size) if text else None)
    drawn = io.BytesIO()
    segno.make(text or "", error="m").save(drawn, kind="png", scale=scale, border=4)
    response = make_response(drawn.getvalue())
    response.headers["Content-Type"] = "image/png"
    if "download" in request.args:
        name = re.sub(r"[^A-Za-z0-9._-]", "_", row.scene)
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.png"'
    return response


def _row(public_id: str) -> ChannelRow:
    return found(queries.find(public_id=public_id))
