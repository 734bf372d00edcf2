"""The JS-SDK signature over the API."""

from __future__ import annotations

from typing import Any

import structlog

from shopapp.kernel import clock
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.errors import Unavailable
from shopapp.wechat.api import PlatformError

from . import services
from .schemas import PageQuery, PageSignatureAnswer

log = structlog.get_logger(__name__)

blp = ApiBlueprint("jssdk", __name__, url_prefix="/api/v1", description="微信 JS-SDK")


@blp.get("/wechat/jssdk")
@blp.arguments(PageQuery, location="query")
@blp.response(200, PageSignatureAnswer)
def sign_page(data: dict[str, Any]) -> services.PageSignature:
    """What a page of the shop passes to `wx.config`; `url` is its address without `#` and what follows."""
    try:
        return services.sign_page(url=data["url"], now=clock.now())
    except PlatformError as problem:
        log.error("no ticket to sign pages with", code=problem.code, path=problem.path)
        raise Unavailable from problem
