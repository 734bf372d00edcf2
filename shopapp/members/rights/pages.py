"""Taking one's data along and having oneself forgotten, in the storefront."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request
from flask.json import dumps
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _, _l
from shopapp.members.identity.queries import SESSION_COOKIE, require_customer

from . import services

WORD = _l("注销")

blueprint = Blueprint("rights_pages", __name__)


@blueprint.get("/me/export")
def export() -> Response:
    """All that is known, as a file."""
    customer = require_customer()
    known = services.export_for(
        customer_id=customer.customer_id, public_id=customer.public_id, now=clock.now()
    )
    response = make_response(dumps(known, indent=2))
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@blueprint.get("/me/erase")
def erase_page() -> str:
    return _page()


def _page(problem: str = "") -> str:
    customer = require_customer()
    why = services.obstacles(customer_id=customer.customer_id)
    return render_template("rights/erase.html", word=WORD, obstacles=why, problem=problem)


@blueprint.post("/me/erase")
def erase() -> str | Response | tuple[str, int]:
    """Only with the word typed."""
    customer = require_customer()
    if request.form.get("word", "").strip() not in (str(WORD), WORD.text):
        return _page(_("请照着输入“%(word)s”，没有任何改动。", word=WORD)), 422
    try:
        with transaction():
            services.erase(customer_id=customer.customer_id, public_id=customer.public_id, now=clock.now())
    except ShopError as problem:
        return _page(problem.message), problem.status
    response = make_response(render_template("rights/erased.html"))
    response.delete_cookie(SESSION_COOKIE)
    return response
