"""Which template of the account serves which service notice, and what goes into each of its fields."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock, preferences
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.errors import NotFound
from shopapp.kernel.i18n import _
from shopapp.kernel.screens import Form, act, argument, save
from shopapp.loyalty.cashback import messages as cashback
from shopapp.loyalty.cashback import payout_messages as transfers
from shopapp.loyalty.coupons import messages as coupons
from shopapp.loyalty.perks import messages as perks
from shopapp.loyalty.points import messages as points
from shopapp.loyalty.tiers import messages as tiers
from shopapp.store.orders import messages as orders
from shopapp.wechat.api import PlatformError
from shopapp.wechat.checks import OPTIONAL_FIELDS, Template, notice_templates, templates, topic_name
from shopapp.wechat.explain import explain
from shopapp.wechat.messages import FieldRefused, clean_field

blp = guard_console(Blueprint("templates_admin", __name__, url_prefix="/admin/setup/templates"))

TEMPLATE_ID_MAX = 64
# What each notice can tell, by topic.
FIELDS: dict[str, dict[str, Any]] = {
    **{topic: {**orders.GOODS_FIELDS, **fields} for topic, fields in orders.FIELDS.items()},
    **coupons.FIELDS,
    **points.FIELDS,
    **tiers.FIELDS,
    **perks.FIELDS,
    **transfers.FIELDS,
    **cashback.FIELDS,
}
# What a message could look like.
EXAMPLES = {
    "number": "202611220000000018",
    "goods": "每日坚果 25 g × 30 包",
    "amount": "¥99.00",
    "time": "2026年11月22日 15:01",
    "carrier": "顺丰速运",
    "waybill": "SF1234567890123",
    "reason": "拍错了",
    "way": "原路退回",
    "coupon": "满 99 减 10",
    "promise": "满 99 元减 10 元",
    "count": "2",
    "points": "99",
    "balance": "1280",
    "tier": "金卡会员",
    "until": "2026年12月31日",
    "note": "差 20 成长值就能保住等级",
    "before": "银卡会员",
    "gap": "20",
    "perk": "生日礼",
    "gift": "满 50 减 20 优惠券",
}
# What the platform calls a field tells most often what belongs into it.
LIKELY = {
    "number": ("订单号", "订单编号"),
    "goods": ("商品", "物品", "货品"),
    "amount": ("金额", "总价"),
    "waybill": ("快递单号", "运单", "物流单号"),
    "carrier": ("快递", "物流", "承运"),
    "reason": ("原因", "说明"),
    "way": ("去向", "方式", "渠道"),
    "time": ("时间", "日期"),
    "perk": ("权益", "项目", "服务"),
    "gift": ("礼物", "礼品", "内容"),
    "coupon": ("券名", "优惠券", "卡券"),
    "promise": ("内容", "面额", "优惠"),
    "count": ("数量", "张数"),
    "points": ("积分", "数量"),
    "balance": ("余额", "可用"),
}


@blp.get("")
@requires(Permission.WECHAT_SETUP)
def topics() -> str:
    known, problem = _ask()
    mapped: dict[str, Any] = preferences.read("wechat.templates")
    titles = {template.template_id: template.title for template in known}
    rows = []
    for topic in FIELDS:
        template_id = mapped.get(topic, {}).get("template_id", "")
        row = {"topic": topic, "name": topic_name(topic), "template_id": template_id}
        row |= {"off": bool(mapped.get(topic, {}).get("off")), "notice": mapped.get(topic, {}).get("notice")}
        rows.append(
            {**row, "title": titles.get(template_id, ""), "lost": not problem and template_id not in titles}
        )
    return render_template("admin/setup/topics.html", rows=rows, known=known, problem=problem)


def _ask() -> tuple[list[Template], str]:
    """The account's templates, those of subscription notices last where it has any, and why they are not known."""
    now = clock.now()
    try:
        known = templates(now=now)
    except PlatformError as problem:
        return [], explain(code=problem.code, answer=problem.text)
    try:
        return [*known, *notice_templates(now=now)], ""
    except PlatformError:
        return known, ""


@blp.get("/<topic>")
@requires(Permission.WECHAT_SETUP)
def topic(topic: str) -> str:
    """With `template` in the address, the fields of that one, filled with what most likely belongs there."""
    names = _names(topic)
    known, problem = _ask()
    kept = preferences.read("wechat.templates").get(topic, {})
    chosen = argument("template", longest=TEMPLATE_ID_MAX) or kept.get("template_id", "")
    template = _by_id(known, chosen)
    values = {"template": chosen}
    if template is not None:
        of_field = {field: name for name, field in kept.get("fields", {}).items()}
        same = kept.get("template_id") == chosen
        values |= {
            f"field-{field}": of_field.get(field, "") if same else _likely(label, names)
            for field, label in template.fields.items()
        }
    return _page(topic, Form.filled(values), known=known, template=template, problem=problem)


def _names(topic: str) -> dict[str, str]:
    """What this notice can tell: our name and its words. Raises `NotFound`."""
    if topic not in FIELDS:
        raise NotFound
    return {name: str(words) for name, words in FIELDS[topic].items()}


def _by_id(known: list[Template], template_id: str) -> Template | None:
    return next((template for template in known if template.template_id == template_id), None)


def _likely(label: str, names: dict[str, str]) -> str:
    for name, parts in LIKELY.items():
        if name in names and any(part in label for part in parts):
            return name
    return ""


def _page(topic: str, form: Form, *, known: list[Template], template: Template | None, problem: str) -> str:
    return render_template(
        "admin/setup/topic.html",
        topic=topic,
        name=topic_name(topic),
        names=_names(topic),
        form=form,
        known=known,
        template=template,
        problem=problem,
        optional=OPTIONAL_FIELDS,
        preview=_preview(form, template),
        mapped=topic in preferences.read("wechat.templates"),
    )


def _preview(form: Form, template: Template | None) -> list[tuple[str, str]]:
    """(label, value) of the message with example data, as the platform would show it."""
    if template is None:
        return []
    shown = []
    for field, label in template.fields.items():
        name = form.value(f"field-{field}")
        if name:
            shown.append((label, _example(field, EXAMPLES.get(name, "…"))))
    return shown


def _example(field: str, value: str) -> str:
    try:
        return clean_field(field, value)
    except FieldRefused:
        return _("“%(value)s”放不进这个字段", value=value)


@blp.post("/<topic>")
@requires(Permission.WECHAT_SETUP)
def send_topic(topic: str) -> Response | tuple[str, int]:
    form = Form.sent()
    names = _names(topic)
    known, problem = _ask()
    template = _by_id(known, form.value("template"))
    if template is None:
        form.wrong("template", problem or _("请选择公众号里的一个模板。"))
    fields = {} if template is None else _fields(form, template, names)

    def work() -> bool:
        form.check()
        kept = dict(preferences.read("wechat.templates"))
        was = kept.get(topic, {}).get("template_id", "")
        kept[topic] = {"template_id": form.value("template"), "fields": fields}
        if template is not None and template.notice:
            kept[topic]["notice"] = True
        preferences.write("wechat.templates", kept)
        changes = {"topic": topic, "template": [was, form.value("template")], "fields": fields}
        audit.record(action="wechat.templates", subject_kind="wechat", subject_id=topic, changes=changes)
        return True

    if save(form, work) is None:
        return _page(topic, form, known=known, template=template, problem=problem), 422
    flash(_("“%(name)s”的模板已保存，从下一条通知起使用。", name=topic_name(topic)), "success")
    return redirect(url_for("templates_admin.topics"), 303)


def _fields(form: Form, template: Template, names: dict[str, str]) -> dict[str, str]:
    """{our name: the template's field}; a name can fill one field, and a field that is not optional needs one."""
    fields: dict[str, str] = {}
    for field, label in template.fields.items():
        name = form.value(f"field-{field}")
        if not name and field in OPTIONAL_FIELDS:
            continue
        if name not in names:
            form.wrong(
                f"field-{field}", _("请为“%(label)s”选择内容，空着的话微信会拒收整条通知。", label=label)
            )
        elif name in fields:
            form.wrong(f"field-{field}", _("“%(what)s”已经用在另一个字段里了。", what=names[name]))
        else:
            fields[name] = field
    return fields


@blp.post("/<topic>/active")
@requires(Permission.WECHAT_SETUP)
def send_active(topic: str) -> Response:
    """Switch a notice on or off; its template is kept."""
    active = Form.sent().ticked("active")

    def work() -> str:
        _names(topic)
        kept = dict(preferences.read("wechat.templates"))
        if topic not in kept:
            raise NotFound
        kept[topic] = {**kept[topic], "off": not active}
        preferences.write("wechat.templates", kept)
        changes = {"topic": topic, "off": [active, not active]}
        audit.record(action="wechat.templates", subject_kind="wechat", subject_id=topic, changes=changes)
        if active:
            return _("“%(name)s”已打开，从下一条起发送。", name=topic_name(topic))
        return _("“%(name)s”已关掉，模板还留着。", name=topic_name(topic))

    return act(work, back=url_for("templates_admin.topics"))


@blp.post("/<topic>/clear")
@requires(Permission.WECHAT_SETUP)
def clear(topic: str) -> Response:
    def work() -> str:
        _names(topic)
        kept = dict(preferences.read("wechat.templates"))
        was = kept.pop(topic, {}).get("template_id", "")
        preferences.write("wechat.templates", kept)
        changes = {"topic": topic, "template": [was, ""]}
        audit.record(action="wechat.templates", subject_kind="wechat", subject_id=topic, changes=changes)
        return _("“%(name)s”不再发送。", name=topic_name(topic))

    return act(work, back=url_for("templates_admin.topics"))
