"""The console's screens of channels: a QR code for each way in, and who came by it."""

from __future__ import annotations

import io
import re

import segno
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.screens import Form, csv_file, save
from shopapp.wechat.api import PlatformError
from shopapp.wechat.explain import explain

from . import queries, services
from .models import Channel
from .queries import ChannelRow

QR_SCALES = {"screen": 8, "print": 30}

blp = guard_console(Blueprint("channels_admin", __name__, url_prefix="/admin/channels"))


@blp.get("", endpoint="channels")
@requires(Permission.CHANNELS_EDIT)
def list_channels() -> str | Response:
    rows = queries.listing()
    if request.args.get("as") == "csv":
        return csv_file(
            name="channels.csv",
            header=["name", "scene", "created_at", "follows", "scans", "people", "first_touches"],
            rows=(
                [row.name, row.scene, f"{row.created_at:%Y-%m-%d}", row.follows, row.scans, row.people, row.first_touches]
                for row in rows
            ),
        )  # fmt: skip
    return render_template("channels_admin/list.html", rows=rows)


@blp.get("/new")
@requires(Permission.CHANNELS_EDIT)
def new() -> str:
    return render_template("channels_admin/edit.html", form=Form(), row=None)


@blp.post("/new")
@requires(Permission.CHANNELS_EDIT)
def send_new() -> Response | tuple[str, int]:
    """The channel is written first; its code is made at the platform afterwards and can be made again."""
    form = Form.sent()

    def work() -> Channel:
        channel = services.create_channel(
            name=form.value("name"),
            code=form.value("code"),
            welcome=form.value("welcome"),
            now=clock.now(),
        )
        audit.record(
            action="channel.create",
            subject_kind="channel",
            subject_id=channel.public_id,
            changes={"name": channel.name, "scene": channel.scene},
        )
        return channel

    channel = save(form, work)
    if channel is None:
        return render_template("channels_admin/edit.html", form=form, row=None), 422
    return _make_code(channel.public_id)


@blp.get("/<public_id>")
@requires(Permission.CHANNELS_EDIT)
def channel(public_id: str) -> str:
    row = _row(public_id)
    return _page(row, Form.filled({"name": row.name, "welcome": row.welcome}))


def _page(row: ChannelRow, form: Form) -> str:
    return render_template("channels_admin/edit.html", form=form, row=row)


@blp.post("/<public_id>")
@requires(Permission.CHANNELS_EDIT)
def send_edit(public_id: str) -> Response | tuple[str, int]:
    form = Form.sent()
    row = _row(public_id)

    def work() -> bool:
        services.change_channel(public_id=public_id, name=form.value("name"), welcome=form.value("welcome"))
        audit.record(
            action="channel.update",
            subject_kind="channel",
            subject_id=public_id,
            changes={"name": [row.name, form.value("name").strip()]},
        )
        return True

    if save(form, work) is None:
        return _page(row, form), 422
    flash(_("渠道已保存。"), "success")
    return redirect(url_for("channels_admin.channel", public_id=public_id), 303)


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
    """The code's picture, drawn here from what the platform's own code holds."""
    row = _row(public_id)
    scale = found(QR_SCALES.get(size) if row.qr_url else None)
    drawn = io.BytesIO()
    segno.make(row.qr_url or "", error="m").save(drawn, kind="png", scale=scale, border=4)
    response = make_response(drawn.getvalue())
    response.headers["Content-Type"] = "image/png"
    if "download" in request.args:
        name = re.sub(r"[^A-Za-z0-9._-]", "_", row.scene)
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.png"'
    return response


def _row(public_id: str) -> ChannelRow:
    return found(queries.find(public_id=public_id))
