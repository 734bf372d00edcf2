"""What members are told about their perks in WeChat. The names of the fields are ours; the set-up maps them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shopapp.events import PerkGranted
from shopapp.kernel import clock
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.settings import settings
from shopapp.loyalty.coupons import queries as coupons
from shopapp.members.identity.queries import following_openid
from shopapp.wechat.messages import day_text, queue_template

from . import queries, words

TOPIC = "perk_granted"
FIELDS: dict[str, dict[str, Any]] = {
    TOPIC: {"perk": _l("权益"), "gift": _l("礼物"), "time": _l("领取截止")},
}
PAGE = "/me/perks"


def tell_granted(event: PerkGranted) -> None:
    """Told once for each grant. Who does not follow the account is not told."""
    now = clock.now()
    customer_id, grant = queries.grant_of_row(event.grant_id, now=now)
    openid = following_openid(customer_id=customer_id, appid=settings().wx_appid)
    if openid is None:
        return
    known = coupons.contents(public_ids=[coupon_id for coupon_id, _pieces in grant.terms.coupons])
    until = grant.valid_until
    queue_template(
        key=f"{TOPIC}:{grant.id}",
        openid=openid,
        topic=TOPIC,
        data={
            "perk": grant.name,
            "gift": words.gives(grant.terms, known),
            "time": _("自动到账") if until is None else day_text(until - timedelta(seconds=1)),
        },
        path=PAGE,
        now=now,
    )
