"""From a web-authorisation code to a session: the call to WeChat stands between two transactions."""

from __future__ import annotations

from datetime import datetime, timedelta

from shopapp.kernel import limits
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.kernel.settings import settings
from shopapp.members.merging import services as merging
from shopapp.wechat import oauth
from shopapp.wechat.api import PlatformError

from . import services
from .models import SessionKind

SIGN_INS_PER_HOUR = 120


class SnapshotVisit(ShopError):
    status, code, text = (
        403,
        "snapshot_visit",
        _l("现在是微信的快照页，看不到您的订单。请点“使用完整服务”后再试。"),
    )


class CodeWrong(ShopError):
    status, code, text = 401, "code_refused", _l("微信没有认可这次登录，请重新登录。")


class WeChatSilent(ShopError):
    status, code, text = 503, "wechat_unavailable", _l("暂时联系不上微信，没有登录。请稍后再试。")


def by_code(
    *,
    code: str,
    kind: SessionKind,
    device: str,
    address: str,
    now: datetime,
    wants_profile: bool = False,
) -> tuple[str, datetime]:
    """Sign in with a code; returns the session's token and when it ends. `address` is that of the caller's
    machine, `device` one of `devices`. Who is known by the same unionid already is the same person from now on.

    Raises `SnapshotVisit` in WeChat's snapshot mode, whose openid is not a person's, `CodeWrong` for a code that is wrong,
    old or used, `WeChatSilent`, and `TooManyRequests` after 120 sign-ins an hour from one address.
    """
    limits.spend(what="sign-in", who=address, limit=SIGN_INS_PER_HOUR, window=timedelta(hours=1))
    try:
        granted = oauth.exchange(code=code)
        profile = oauth.profile(granted=granted) if wants_profile and not granted.snapshot else None
    except oauth.CodeRefused as problem:
        raise CodeWrong from problem
    except PlatformError as problem:
        raise WeChatSilent from problem
    if granted.snapshot:
        raise SnapshotVisit
    unionid = granted.unionid or (profile.unionid if profile else None)
    with transaction():
        account = services.know_account(
            appid=settings().wx_appid, openid=granted.openid, unionid=unionid, now=now
        )
        customer_id = merging.join_by_unionid(
            customer_id=account.customer_id, unionid=account.unionid, now=now
        )
        if profile is not None:
            services.set_profile(customer_id=customer_id, nickname=profile.nickname, picture_url=None)
        return services.open_session(
            customer_id=customer_id, openid=granted.openid, kind=kind, device=device, now=now
        )
