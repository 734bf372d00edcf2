"""JSON for the merchant: reports."""

from __future__ import annotations

from typing import Any

from shopapp.kernel.access import Permission, guard_merchant_api, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.screens import span

from . import queries
from .queries import By
from .schemas import FunnelAnswer, FunnelArguments, funnel_answer

blp = ApiBlueprint("merchant_reports", __name__, url_prefix="/api/v1/admin/reports", description="商家：报表")
guard_merchant_api(blp)


@blp.get("/channel-funnel")
@requires(Permission.REPORTS_VIEW)
@blp.arguments(FunnelArguments, location="query")
@blp.response(200, FunnelAnswer)
def channel_funnel(data: dict[str, Any]) -> dict[str, Any]:
    """From printed cards to second orders, by channel, batch or day of first coming."""
    since, until = span(data["from_day"], data["to_day"])
    return funnel_answer(queries.channel_funnel(by=By(data["by"]), since=since, until=until))
