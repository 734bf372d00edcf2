"""The audit trail in the shop's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for

from shopapp.kernel.i18n import _l
from shopapp.loyalty.adjustments.wording import UNIT_NAMES
from shopapp.members.merging.wording import EVIDENCE

from . import shell

AREAS: dict[str, Any] = {
    "product": _l("商品"),
    "category": _l("分类"),
    "picture": _l("图片"),
    "stock": _l("库存"),
    "order": _l("订单"),
    "perk": _l("权益"),
    "card": _l("会员卡"),
    "card_plan": _l("会员卡"),
    "card_codes": _l("卡密"),
    "refund": _l("退款"),
    "payment": _l("付款"),
    "customer": _l("会员"),
    "tag": _l("标签"),
    "coupon": _l("优惠券"),
    "points": _l("积分规则"),
    "mall": _l("积分商城"),
    "ledger": _l("账户"),
    "tier": _l("会员等级"),
    "channel": _l("渠道"),
    "flyer": _l("传单"),
    "wording": _l("文字提醒"),
    "report": _l("报表"),
    "cashback": _l("返现活动"),
    "claim": _l("返现登记"),
    "payout": _l("返现转账"),
    "import": _l("订单导入"),
    "reply": _l("自动回复"),
    "menu": _l("菜单"),
    "fans": _l("粉丝"),
    "fan_tag": _l("公众号标签"),
    "wechat": _l("微信接入"),
    "settings": _l("店铺设置"),
    "staff": _l("员工与登录"),
    "token": _l("接口令牌"),
    "work": _l("后台任务"),
}
ACTS: dict[str, Any] = {
    "create": _l("新建"),
    "update": _l("修改"),
    "remove": _l("下架或删除"),
    "delete": _l("删除"),
    "used": _l("用了提醒过的说法"),
    "order": _l("做印刷文件"),
    "take_back": _l("退回修改"),
    "window": _l("改记来路的天数"),
    "upload": _l("上传"),
    "on_sale": _l("上架"),
    "off_sale": _l("下架"),
    "set": _l("设为"),
    "count": _l("盘点"),
    "adjust": _l("调整"),
    "propose": _l("提出调整"),
    "approve": _l("批准调整"),
    "refuse": _l("驳回调整"),
    "ship": _l("发货"),
    "cancel": _l("取消"),
    "refund": _l("退款"),
    "note": _l("备注"),
    "retry": _l("重试"),
    "seen": _l("标记已核对"),
    "export": _l("导出"),
    "see": _l("查看个人信息"),
    "push": _l("发布到微信"),
    "restore": _l("放回编辑区"),
    "sync": _l("和公众号同步"),
    "check": _l("检查"),
    "end": _l("作废"),
    "role": _l("更改角色"),
    "activate": _l("启用"),
    "deactivate": _l("停用"),
    "password": _l("更改密码"),
    "second_factor_on": _l("开启两步验证"),
    "second_factor_off": _l("关闭两步验证"),
    "sign_in": _l("登录"),
    "sign_in_failed": _l("登录没有成功"),
    "session_end": _l("退出登录"),
    "templates": _l("修改模板消息"),
    "erase": _l("注销"),
    "birthday": _l("更正生日"),
    "override": _l("给出等级"),
    "override_end": _l("收回给出的等级"),
    "give": _l("补发"),
    "problem_done": _l("标记问题已处理"),
    "grant": _l("发放"),
    "revoke": _l("收回"),
    "codes": _l("生成兑换码"),
    "note_update": _l("改备注"),
    "note_delete": _l("删备注"),
    "tag": _l("加标签"),
    "untag": _l("去掉标签"),
    "merge": _l("并入"),
    "join": _l("合并顾客"),
    "part": _l("撤销合并"),
    "apart": _l("认定不是同一人"),
    "task": _l("记待办"),
    "task_done": _l("办好待办"),
    "task_cancel": _l("取消待办"),
    "coupon": _l("发优惠券"),
    "start": _l("开始"),
    "stop": _l("立即停止"),
    "reject": _l("拒绝"),
    "release": _l("放行"),
    "discard": _l("放弃"),
    "download": _l("下载没导入的行"),
    "explain": _l("说明状态的意思"),
}
FIELDS: dict[str, Any] = {
    "file": _l("文件"),
    "size": _l("大小（字节）"),
    "family": _l("平台"),
    "text": _l("文字"),
    "orders": _l("订单"),
    "name": _l("名称"),
    "title": _l("标题"),
    "subtitle": _l("副标题"),
    "description": _l("详情"),
    "category": _l("分类"),
    "skus": _l("款式"),
    "pictures": _l("图片"),
    "spec_names": _l("规格"),
    "position": _l("排序"),
    "limit_per_customer": _l("每人限购"),
    "returnable": _l("支持退货"),
    "status": _l("状态"),
    "was": _l("原来"),
    "role": _l("角色"),
    "step": _l("不对的是"),
    "scopes": _l("权限范围"),
    "keyword": _l("关键词"),
    "perk": _l("权益"),
    "grant": _l("发放编号"),
    "plan": _l("会员卡"),
    "scene": _l("二维码代码"),
    "platform": _l("平台"),
    "shop": _l("平台上的店"),
    "sku": _l("商品"),
    "staff": _l("店员"),
    "cost": _l("投入（元）"),
    "landing": _l("短链接打开"),
    "product_id": _l("商品编号"),
    "quantity": _l("张数"),
    "window_days": _l("天数"),
    "phrases": _l("说法"),
    "codes": _l("提醒"),
    "stock": _l("库存"),
    "free": _l("可售"),
    "change": _l("变化"),
    "note": _l("说明"),
    "reason": _l("原因"),
    "other": _l("另一位"),
    "evidence": _l("依据"),
    "unit": _l("账户种类"),
    "amount": _l("数量（金额是分）"),
    "earn": _l("怎么得"),
    "redeem": _l("怎么用"),
    "tasks": _l("任务和签到"),
    "life": _l("有效期"),
    "shortfall": _l("积分不够扣回时"),
    "notice_days": _l("到期提醒（天）"),
    "rules": _l("规则"),
    "tier": _l("等级"),
    "since": _l("开始"),
    "until": _l("到期"),
    "carrier": _l("快递公司"),
    "waybill": _l("运单号"),
    "tag": _l("标签"),
    "coupon": _l("优惠券"),
    "pieces": _l("件数"),
    "lines": _l("明细"),
    "fen": _l("金额（分）"),
    "returned": _l("已退回检查"),
    "buttons": _l("一级菜单"),
    "kind": _l("种类"),
    "value": _l("金额（元）"),
    "basis_points": _l("折扣（万分之）"),
    "cap": _l("最多减（元）"),
    "minimum": _l("满多少可用（元）"),
    "scope": _l("适用范围"),
    "scope_ids": _l("商品或分类"),
    "excludes": _l("除外"),
    "with_tier_price": _l("可与会员价同享"),
    "giving": _l("怎么发"),
    "moment": _l("自动发的时候"),
    "per_person": _l("每人限领"),
    "per_period": _l("每段时间限领"),
    "per_month": _l("每人每月限兑"),
    "points": _l("积分"),
    "cash": _l("加多少钱（元）"),
    "min_tier": _l("需要的等级"),
    "starts_at": _l("开始"),
    "ends_at": _l("结束"),
    "active": _l("启用"),
    "mall.free_freight": _l("积分商城包邮"),
    "period": _l("多长一段"),
    "claim_from": _l("开始领取"),
    "claim_until": _l("结束领取"),
    "valid_from": _l("开始使用"),
    "valid_until": _l("使用到"),
    "valid_days": _l("领后几天有效"),
    "shop.name": _l("店名"),
    "shop.hello": _l("店铺一句话"),
    "shop.logo": _l("店标"),
    "shop.brand_color": _l("主色"),
    "shop.service_phone": _l("客服电话"),
    "shop.banners": _l("横幅"),
    "shop.privacy_text": _l("隐私说明"),
    "shop.privacy_date": _l("隐私说明的日期"),
    "members.guests_kept_months": _l("游客保留（月）"),
    "members.marks_kept_months": _l("注销后防重复领取（月）"),
    "orders.pay_within_minutes": _l("付款时限（分钟）"),
    "orders.receipt_after_days": _l("自动收货（天）"),
    "orders.aftersales_days": _l("售后期（天）"),
    "orders.unpaid_max": _l("待付款上限"),
    "freight.fen": _l("运费（分）"),
    "freight.free_from_fen": _l("包邮金额（分）"),
    "freight.no_delivery_regions": _l("不送的地区"),
    "budget_fen": _l("预算（分）"),
    "payout": _l("发放方式"),
    "require_follow": _l("要求关注"),
    "signs": _l("可疑之处"),
    "transfers.reason": _l("转账的奖励说明"),
    "transfers.least_fen": _l("每笔转账至少（分）"),
    "transfers.most_fen": _l("每笔转账至多（分）"),
    "adjustments.points_alone": _l("一个人能调的积分"),
    "adjustments.growth_alone": _l("一个人能调的成长值"),
    "adjustments.principal_alone": _l("一个人能调的储值本金（分）"),
    "adjustments.gift_alone": _l("一个人能调的赠金（分）"),
    "match": _l("怎么算对上"),
    "reply": _l("回复"),
    "url": _l("网址"),
    "picture": _l("图片"),
    "priority": _l("优先级"),
    "hours": _l("时段"),
    "result": _l("结果"),
    "everybody": _l("按筛选"),
    "fans": _l("人数"),
}
VALUES: dict[str, dict[str, Any]] = {
    "role": {role.value: name for role, name in shell.ROLE_NAMES.items()},
    "step": {"first": _l("密码"), "second": _l("动态码")},
    "unit": UNIT_NAMES,
    "evidence": EVIDENCE,
}
ACTORS: dict[str, Any] = {"system": _l("系统"), "stranger": _l("没有登录的人")}
EMPTY = _l("空")
CHANGES_MAX = 500
SUBJECTS = {
    "product": ("catalogue_admin.edit", "public_id"),
    "order": ("orders_admin.order", "no"),
    "customer": ("customers_admin.customer", "public_id"),
    "staff": ("staff_admin.person", "public_id"),
    "channel": ("channels_admin.channel", "public_id"),
    "flyer": ("flyers_admin.flyer", "public_id"),
    "import": ("imports_admin.one", "public_id"),
    "coupon": ("coupons_admin.coupon", "public_id"),
    "mall": ("mall_admin.item", "public_id"),
    "cashback_campaign": ("cashback_admin.edit", "campaign_id"),
    "claim": ("claims_admin.claim", "claim_id"),
}


def action_in_words(action: str) -> str:
    """`order.ship` -> 订单 · 发货"""
    area, _dot, act = action.partition(".")
    return f"{AREAS.get(area, area)} · {ACTS.get(act, act)}"


def actor_in_words(actor_id: str, name: str) -> str:
    """The name of who acted; those who have none are told by what they are."""
    return str(ACTORS.get(actor_id, name))


def changes_in_words(changes: dict[str, Any]) -> str:
    """`{"fen": [100, 200], "name": "x"}` -> 金额（分）：100 → 200；名称：x"""
    parts = []
    for name, value in changes.items():
        label, words = FIELDS.get(name, name), VALUES.get(name, {})
        if isinstance(value, list) and len(value) == 2:
            parts.append(f"{label}：{_shown(value[0], words)} → {_shown(value[1], words)}")
        else:
            parts.append(f"{label}：{_shown(value, words)}")
    return "；".join(parts)[:CHANGES_MAX]


def _shown(value: Any, words: Mapping[str, Any]) -> str:
    if value is None or value in ("", "None", "[]", "{}"):
        return str(EMPTY)
    if isinstance(value, list):
        return "、".join(map(str, value))
    return str(words.get(value, value)) if isinstance(value, str) else str(value)


def subject_url(kind: str, subject_id: str) -> str | None:
    """The screen of what an entry is about, where it has one."""
    endpoint, argument = SUBJECTS.get(kind, ("", ""))
    if not endpoint or not shell.reachable(endpoint):
        return None
    place: dict[str, Any] = {argument: subject_id}
    return url_for(endpoint, **place)
