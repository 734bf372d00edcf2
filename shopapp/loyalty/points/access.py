"""Who may have points."""

from __future__ import annotations

from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.members.identity.queries import SignedIn, require_customer


class MembersOnly(ShopError):
    status, code, text = (
        403,
        "members_only",
        _l("签到和积分是会员的，没有任何改动。请先在“我的”里加入会员。"),
    )


def require_member() -> SignedIn:
    """The signed-in customer. Raises `SignInNeeded`, `MembersOnly`."""
    customer = require_customer()
    if not customer.is_member:
        raise MembersOnly
    return customer
