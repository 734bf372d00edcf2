"""The console's screens of flyers: designing a batch with its picture beside the form, and its file for the print shop."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock, jobs, preferences
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.money import ZERO
from shopapp.kernel.screens import Form, act, argument, page_number, save
from shopapp.members.channels import queries as channels
from shopapp.members.channels import services as channel_services
from shopapp.members.channels.queries import ChannelRow
from shopapp.members.channels.rules import PLATFORMS
from shopapp.members.wording import rules as wording
from shopapp.members.wording import services as wording_services
from shopapp.wechat.api import PlatformError

from . import design as designs
from . import files, picture, queries, services
from .design import (
    ORDER_HINTS,
    SIZE_NAMES,
    TARGET_NAMES,
    TEMPLATE_NAMES,
    TEXT_LENGTHS,
    USUAL_TEXTS,
    Design,
)
from .models import FlyerSize, FlyerStatus, FlyerTemplate, QrTarget
from .queries import FlyerRow

STATUS_NAMES: dict[str, Any] = {
    FlyerStatus.DRAFT.value: (_l("草稿"), ""),
    FlyerStatus.MAKING.value: (_l("正在做文件"), "note"),
    FlyerStatus.READY.value: (_l("可以印了"), "good"),
}
FIELD_NAMES: dict[str, Any] = {
    "headline": _l("大字"),
    "body": _l("正文"),
    "hint": _l("二维码旁的提示"),
    "footnote": _l("小字"),
    "call": _l("微信扫一扫"),
}
SAMPLE_CODE = "http://weixin.qq.com/q/000000000000000000000000000"

blp = guard_console(Blueprint("flyers_admin", __name__, url_prefix="/admin/flyers"))


@blp.context_processor
def words() -> dict[str, Any]:
    return {
        "status_names": STATUS_NAMES,
        "size_names": SIZE_NAMES,
        "template_names": TEMPLATE_NAMES,
        "target_names": TARGET_NAMES,
        "text_lengths": TEXT_LENGTHS,
        "order_hints": ORDER_HINTS,
        "platforms_of": lambda key: PLATFORMS[key] if key else _("不分平台"),
        "crowded_names": lambda names: _("、").join(str(FIELD_NAMES[name]) for name in names),
    }


@blp.get("", endpoint="flyers")
@requires(Permission.CHANNELS_EDIT)
def list_flyers() -> str:
    return render_template("flyers_admin/list.html", page=queries.listing(number=page_number()))


@blp.get("/new")
@requires(Permission.CHANNELS_EDIT)
def new() -> str:
    chosen = channels.find(public_id=argument("channel"))
    platform = chosen.platform if chosen else ""
    form = Form.filled(
        {
            "channel": chosen.public_id if chosen else "",
            "name": chosen.name if chosen else "",
            "template": FlyerTemplate.SUNRISE.value,
            "size": FlyerSize.A6.value,
            "target": QrTarget.PLATFORM.value,
            **USUAL_TEXTS,
            "hint": ORDER_HINTS.get(platform, ORDER_HINTS[""]),
            "color": preferences.read("shop.brand_color"),
            "quantity": "500",
            "cost": "0",
            "prefix": services.new_prefix(),
        }
    )
    return _form_page(form, row=None)


@blp.post("/new")
@requires(Permission.CHANNELS_EDIT)
def send_new() -> Response | tuple[str, int]:
    form = Form.sent()
    logo = _sent_logo(form)

    def work() -> str:
        design = _design(form, logo=logo)
        batch = services.create_batch(channel=form.value("channel"), design=design, now=clock.now())
        _record("flyer.create", batch.public_id, {"name": batch.name, "quantity": batch.quantity})
        return batch.public_id

    public_id = save(form, work)
    if public_id is None:
        return _form_page(form, row=None), 422
    return redirect(url_for("flyers_admin.flyer", public_id=public_id), 303)


@blp.get("/<public_id>/edit")
@requires(Permission.CHANNELS_EDIT)
def edit(public_id: str) -> str:
    row = _row(public_id)
    design = row.design
    values = {name: getattr(design, name) for name in (*TEXT_LENGTHS, "color", "quantity", "prefix")}
    values |= {name: getattr(design, name).value for name in ("template", "size", "target")}
    values |= {
        "channel": row.channel_id,
        "cost": str(design.cost),
        "serials": "1" if design.serials else "",
    }
    return _form_page(Form.filled(values), row=row)


@blp.post("/<public_id>/edit")
@requires(Permission.CHANNELS_EDIT)
def send_edit(public_id: str) -> Response | tuple[str, int]:
    form = Form.sent()
    row = _row(public_id)
    logo = None if form.ticked("no_logo") else _sent_logo(form) or row.design.logo

    def work() -> bool:
        services.change_batch(
            public_id=public_id, channel=form.value("channel"), design=_design(form, logo=logo)
        )
        _record("flyer.update", public_id, {"name": [row.design.name, form.value("name").strip()]})
        return True

    if save(form, work) is None:
        return _form_page(form, row=row), 422
    flash(_("传单已保存。"), "success")
    return redirect(url_for("flyers_admin.flyer", public_id=public_id), 303)


def _form_page(form: Form, *, row: FlyerRow | None) -> str:
    return render_template(
        "flyers_admin/edit.html",
        form=form,
        row=row,
        channels=[(one.public_id, one.name) for one in reversed(channels.briefs())],
        **_preview(form, logo=row.design.logo if row else None),
    )


@blp.post("/preview")
@requires(Permission.CHANNELS_EDIT)
def preview() -> str:
    """The card that is being designed; a logo that is not saved yet is not on it."""
    row = queries.find(public_id=argument("of"))
    form = Form.sent()
    logo = row.design.logo if row and not form.ticked("no_logo") else None
    return render_template("flyers_admin/_preview.html", **_preview(form, logo=logo))


def _preview(form: Form, *, logo: bytes | None) -> dict[str, Any]:
    """A picture of what is filled in so far, and what to say about it; unusable fields are drawn as their usual ones."""
    values = form.values
    draft = Form(values.copy())
    design = _design(draft, logo=logo, strict=False)
    channel = channels.find(public_id=form.value("channel"))
    return {
        "picture": _picture(design, channel),
        "warnings": [warning for text in design.texts.values() for warning in wording.check(text)],
        "crowded": services.too_long(design),
    }


def _picture(design: Design, channel: ChannelRow | None) -> str:
    text = (services.code_text(design, channel) if channel else None) or SAMPLE_CODE
    copy = next(iter(designs.copies_in(design, qr_text=text, part=1)))
    drawn = picture.draw(
        services.sheet_of(design), logo=design.logo, qr_text=copy.qr_text, serial=copy.serial
    )
    return f"data:image/png;base64,{b64encode(drawn).decode()}"


@blp.get("/<public_id>")
@requires(Permission.CHANNELS_EDIT)
def flyer(public_id: str) -> str:
    row = _row(public_id)
    channel = channels.find(public_id=row.channel_id)
    return render_template(
        "flyers_admin/flyer.html",
        row=row,
        picture=_picture(row.design, channel),
        warnings=[warning for text in row.design.texts.values() for warning in wording.check(text)],
        crowded=services.too_long(row.design),
        worker=jobs.worker_seen(),
    )


@blp.get("/<public_id>/progress")
@requires(Permission.CHANNELS_EDIT)
def progress(public_id: str) -> Response | str:
    """How far the file is; once it is ready, the whole screen is shown anew."""
    row = _row(public_id)
    if row.status is FlyerStatus.MAKING:
        return render_template("flyers_admin/_progress.html", row=row, worker=jobs.worker_seen())
    return Response(headers={"HX-Refresh": "true"})


@blp.post("/<public_id>/order")
@requires(Permission.CHANNELS_EDIT)
def order(public_id: str) -> Response:
    """The channel's code is made first, if it has none yet; the file itself is made by the worker."""
    row = _row(public_id)
    back = url_for("flyers_admin.flyer", public_id=public_id)
    if row.design.target is QrTarget.PLATFORM:
        try:
            channel_services.make_qr_code(public_id=row.channel_id, now=clock.now())
        except PlatformError:
            flash(_("微信没有给出二维码，没有任何改动。请稍后再试，或者改用短链接。"), "danger")
            return redirect(back, 303)

    def work() -> str:
        order_file(public_id)
        return _("文件开始做了，做好就能下载。")

    return act(work, back=back)


def order_file(public_id: str) -> None:
    """Order the file, and leave a trail of it and of words that were warned of."""
    batch = services.order_file(public_id=public_id, now=clock.now())
    _record("flyer.order", public_id, {"quantity": batch.quantity})
    texts = designs.design_of(batch).texts
    wording_services.note_use(subject_kind="flyer", subject_id=public_id, texts=texts)


@blp.post("/<public_id>/back")
@requires(Permission.CHANNELS_EDIT)
def take_back(public_id: str) -> Response:
    def work() -> str:
        services.take_back(public_id=public_id)
        _record("flyer.take_back", public_id, {})
        return _("已退回草稿，原来的文件作废。")

    return act(work, back=url_for("flyers_admin.flyer", public_id=public_id))


@blp.post("/<public_id>/delete")
@requires(Permission.CHANNELS_EDIT)
def delete(public_id: str) -> Response:
    def work() -> str:
        services.remove(public_id=public_id)
        _record("flyer.delete", public_id, {})
        return _("草稿已删除。")

    return act(work, back=url_for("flyers_admin.flyers"))


@blp.get("/<public_id>/file")
@requires(Permission.CHANNELS_EDIT)
def file(public_id: str) -> Response:
    return files.download(_row(public_id))


def _design(form: Form, *, logo: bytes | None, strict: bool = True) -> Design:
    """What the form says. Raises `Invalid` if `strict`; otherwise the usual stands in for what is wrong."""
    design = Design(
        name=form.text("name", longest=TEXT_LENGTHS["name"], needed=True),
        template=FlyerTemplate(_choice(form, "template", TEMPLATE_NAMES)),
        size=FlyerSize(_choice(form, "size", SIZE_NAMES)),
        headline=form.text("headline", longest=TEXT_LENGTHS["headline"], needed=True),
        body=form.text("body", longest=TEXT_LENGTHS["body"]),
        hint=form.text("hint", longest=TEXT_LENGTHS["hint"]),
        footnote=form.text("footnote", longest=TEXT_LENGTHS["footnote"]),
        color=_color(form),
        target=QrTarget(_choice(form, "target", TARGET_NAMES)),
        quantity=form.whole("quantity", least=1, most=designs.QUANTITY_MAX),
        serials=form.ticked("serials"),
        prefix=form.value("prefix").strip().upper()[:8] or services.new_prefix(),
        cost=ZERO if not strict else form.yuan("cost"),
        logo=logo,
    )
    if strict:
        if channels.find(public_id=form.value("channel")) is None:
            form.wrong("channel", _("请选择渠道。"))
        form.check()
    return design


def _choice(form: Form, name: str, choices: dict[str, Any]) -> str:
    chosen = form.choice(name, choices)
    return chosen if chosen in choices else next(iter(choices))


def _color(form: Form) -> str:
    color = form.value("color").strip()
    if designs.COLOR.fullmatch(color):
        return color.upper()
    form.wrong("color", _("请选择颜色，例如 #E2472F。"))
    return "#E2472F"


def _sent_logo(form: Form) -> bytes | None:
    """The logo that came with the form, written anew; what is wrong with it is said at its field."""
    sent = request.files.get("logo")
    if sent is None or not sent.filename:
        return None
    try:
        return picture.kept_logo(sent.stream.read(picture.LOGO_BYTES_MAX + 1))
    except ShopError as problem:
        form.wrong("logo", problem.message)
        return None


def _record(action: str, public_id: str, changes: dict[str, Any]) -> None:
    audit.record(action=action, subject_kind="flyer", subject_id=public_id, changes=changes)


def _row(public_id: str) -> FlyerRow:
    return found(queries.find(public_id=public_id))
