"""HTTP in one place: errors, the same-origin rule, headers, and views that write."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, current_app, make_response, render_template, request
from flask_smorest import Api
from sqlalchemy.exc import OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge, UnprocessableEntity

from config import Settings

from . import front, outbox
from .bodies import in_words
from .db import db, transaction
from .errors import NotFound, ShopError, TooManyRequests, Unavailable
from .i18n import _, _l
from .settings import settings

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

log = structlog.get_logger(__name__)

BODY_BYTES_MAX = 1024 * 1024
UPLOAD_BYTES_MAX = 64 * 1024 * 1024
FORM_MEMORY_BYTES_MAX = 2 * 1024 * 1024
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
MACHINE_PATHS = ("/wechat/", "/healthz", "/readyz", "/metrics")
UPLOAD_PATHS = ("/admin/", "/api/v1/admin/")
JSON_PATHS = ("/api/", *MACHINE_PATHS)


class CrossOrigin(ShopError):
    status, code, text = (
        403,
        "cross_origin",
        _l("这个请求不是从本店页面发出的，没有任何改动。请回到店铺页面重试。"),
    )


class TooLarge(ShopError):
    status, code, text = 413, "too_large", _l("提交的内容太大，没有任何改动。")


class ShopApi(Api):
    """Leaves the errors to this module."""

    def _register_error_handlers(self) -> None:
        pass


def writes(view: Callable[P, R]) -> Callable[P, R]:
    """The entrance of a writing view: opens the one transaction around it."""

    @functools.wraps(view)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with transaction():
            return view(*args, **kwargs)

    return run


def wants_json() -> bool:
    return request.path.startswith(JSON_PATHS) or request.accept_mimetypes.best == "application/json"


def error_response(
    *, status: int, code: str, message: str, details: dict[str, Any] | None = None
) -> Response:
    """The one shape of an error: JSON for programs, a page for people."""
    if wants_json():
        body = current_app.json.dumps({"code": code, "message": message, "details": details or {}})
        # names of unknown fields come back in the details, and may hold halves of characters
        return Response(body.encode("utf-8", "replace"), status, mimetype="application/json")
    template = "admin/error.html" if request.path.startswith("/admin") else "web/error.html"
    reference = request.environ.get(front.REQUEST_ID, "") if status >= 500 else ""
    page = render_template(template, status=status, code=code, message=message, reference=reference)
    return make_response(page, status)


def show_shop_error(error: ShopError) -> Response:
    db.session.rollback()
    response = error_response(
        status=error.status, code=error.code, message=error.message, details=error.details
    )
    return told_to_wait(response, error)


def told_to_wait(response: Response, error: ShopError) -> Response:
    """The answer to this error, saying when to try again if there were too many tries."""
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.details.get("seconds", 60))
    return response


HTTP_TEXTS: dict[int, tuple[str, Any]] = {
    400: ("bad_request", _l("请求有误，没有任何改动。")),
    401: ("sign_in_needed", _l("请先登录，再继续操作。")),
    403: ("forbidden", _l("您没有做这件事的权限。")),
    404: ("not_found", _l("没有找到您要的内容。")),
    405: ("method_not_allowed", _l("这个地址不支持这种操作，没有任何改动。")),
    409: ("conflict", _l("内容刚刚变了，请刷新后再试，没有任何改动。")),
    413: ("too_large", _l("提交的内容太大，没有任何改动。")),
    415: ("unsupported_media_type", _l("内容格式不对，请用 JSON 提交，没有任何改动。")),
    422: ("invalid", _l("有内容填写不正确，请改正后再提交。")),
    429: ("too_many_requests", _l("操作太频繁，请稍后再试。")),
}


def show_http_exception(error: HTTPException) -> Response:
    db.session.rollback()
    status = error.code or 500
    if error.response is not None or status < 400:
        return make_response(error.get_response())
    code, text = HTTP_TEXTS.get(status, ("error", _l("出了点问题，请稍后再试。")))
    return error_response(status=status, code=code, message=str(text), details=_field_errors(error))


def _field_errors(error: HTTPException) -> dict[str, Any]:
    """The wrong fields that webargs found: {"fields": {name: [messages]}}."""
    messages = (getattr(error, "data", None) or {}).get("messages")
    if not isinstance(messages, dict):
        return {}
    fields: dict[str, Any] = {}
    for place in messages.values():
        fields |= place if isinstance(place, dict) else {"_": place}
    return {"fields": in_words(fields)}


def show_too_deep(error: RecursionError) -> Response:
    """Brackets within brackets by the thousand, which no reader of JSON can follow."""
    log.error("too deep", path=request.path, exc_info=error)
    return show_http_exception(BadRequest())


def show_half_characters(error: UnicodeEncodeError | StatementError) -> Response:
    """Halves of characters, which JSON can spell and no database can keep; alone or found in a statement's values."""
    if isinstance(error, StatementError) and not isinstance(error.orig, UnicodeEncodeError):
        return show_unexpected(error)
    return show_http_exception(UnprocessableEntity())


def show_busy_database(error: Exception) -> Response:
    db.session.rollback()
    log.error("database unavailable", exc_info=error)
    return show_shop_error(Unavailable())


def show_unexpected(error: Exception) -> Response:
    db.session.rollback()
    log.error("unexpected error", path=request.path, exc_info=error)
    message = _("出了点问题，我们已经记录下来。请稍后再试。")
    return error_response(status=500, code="internal_error", message=message)


def refuse_cross_origin() -> None:
    """A browser's unsafe request must come from our own pages.

    Browsers say where a request comes from in Sec-Fetch-Site and Origin, which pages cannot forge. A client that sends
    neither is no browser; it may act with a bearer token only, never with a cookie.
    """
    if request.method in SAFE_METHODS or request.path.startswith(MACHINE_PATHS):
        return
    if request.headers.get("Authorization", "").startswith("Bearer "):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site == "same-origin":
        return
    origin = request.headers.get("Origin")
    if origin is not None and site in (None, "same-site", "cross-site", "none"):
        if origin in (settings().origin(), f"{request.scheme}://{request.host}"):
            return
    elif site is None and not request.cookies:
        return
    raise CrossOrigin


def limit_body() -> None:
    """Uploads of the merchant may be large, everything else is small."""
    upload = request.path.startswith(UPLOAD_PATHS) and request.mimetype == "multipart/form-data"
    request.max_content_length = UPLOAD_BYTES_MAX if upload else BODY_BYTES_MAX
    if request.content_length is not None and request.content_length > request.max_content_length:
        raise TooLarge


def every_answer(config: Settings) -> dict[str, str]:
    """The headers of every answer that says nothing else. Scripts and styles come from our own files alone; there are none inside pages."""
    platform = _origin(config.wx_jssdk_url)
    frames = "'self'" if config.on_real_platform else f"'self' {_origin(config.wx_open_base)}"
    policy = (
        f"default-src 'self'; script-src 'self' {platform}; style-src 'self'; img-src 'self' data: blob:; "
        f"connect-src 'self' {platform}; frame-src {frames}; frame-ancestors {frames}; base-uri 'none'; "
        "object-src 'none'; form-action 'self'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    }
    if config.production:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def init_app(app: Flask, config: Settings) -> None:
    app.config["MAX_FORM_MEMORY_SIZE"] = FORM_MEMORY_BYTES_MAX
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    front.init_app(app, config, headers=every_answer(config))
    app.before_request(limit_body)
    app.before_request(refuse_cross_origin)
    outbox.deliver_after_responses(app)
    app.register_error_handler(ShopError, show_shop_error)
    app.register_error_handler(HTTPException, show_http_exception)
    app.register_error_handler(RequestEntityTooLarge, lambda _error: show_shop_error(TooLarge()))
    app.register_error_handler(OperationalError, show_busy_database)
    app.register_error_handler(RecursionError, show_too_deep)
    app.register_error_handler(UnicodeEncodeError, show_half_characters)
    app.register_error_handler(StatementError, show_half_characters)
    app.register_error_handler(PoolTimeout, show_busy_database)
    app.register_error_handler(Exception, show_unexpected)


def found(thing: T | None) -> T:
    """The thing itself; raises `NotFound` for None, so that what is out of reach looks the same as what is absent."""
    if thing is None:
        raise NotFound
    return thing
