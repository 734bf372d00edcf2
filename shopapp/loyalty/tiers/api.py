"""The member's own tier over the API."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.members.identity.queries import require_customer

from .answers import tier_answer
from .files import file_of
from .schemas import TierAnswer

blp = ApiBlueprint("tiers", __name__, url_prefix="/api/v1", description="会员等级")


class NotAMember(ShopError):
    status, code, text = 404, "not_a_member", _l("您还不是会员，加入之后就有等级。")


@blp.get("/me/tier")
@blp.response(200, TierAnswer)
def my_tier() -> dict[str, Any]:
    """The tier, why it is what it is, what comes next and what keeps it. 404 `not_a_member` for others."""
    file = file_of(customer_id=require_customer().customer_id, now=clock.now())
    if file is None:
        raise NotAMember
    return tier_answer(file)
