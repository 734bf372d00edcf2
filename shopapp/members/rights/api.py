"""The rights of the person over the API."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import Invalid
from shopapp.kernel.i18n import _
from shopapp.members.identity.queries import require_customer

from . import services
from .schemas import ErasureInput, ExportAnswer

blp = ApiBlueprint("rights", __name__, url_prefix="/api/v1", description="个人信息")


@blp.get("/me/export")
@blp.response(200, ExportAnswer)
def export() -> dict[str, Any]:
    """All that the shop knows of the person, by feature."""
    customer = require_customer()
    return services.export_for(
        customer_id=customer.customer_id, public_id=customer.public_id, now=clock.now()
    )


@blp.post("/me/erasure")
@blp.arguments(ErasureInput)
@blp.response(204)
def erase(data: dict[str, Any]) -> None:
    """Forget the person for good and sign them out everywhere; refused while orders are open."""
    customer = require_customer()
    if not data["confirm"]:
        raise Invalid({"confirm": [_("注销后不能恢复，请确认。")]})
    with transaction():
        services.erase(customer_id=customer.customer_id, public_id=customer.public_id, now=clock.now())
