"""One module a platform; what they know is put together here."""

from __future__ import annotations

from ..layouts import Layout
from . import amazon, douyin, generic, jd, pdd, taobao, wechatpay, youzan

LAYOUTS: tuple[Layout, ...] = (
    *taobao.LAYOUTS,
    *jd.LAYOUTS,
    *pdd.LAYOUTS,
    *douyin.LAYOUTS,
    *amazon.LAYOUTS,
    *youzan.LAYOUTS,
    *wechatpay.LAYOUTS,
    *generic.LAYOUTS,
)
