"""Errors that speak of the shop. What they become in HTTP is decided in `kernel.http` alone."""

from __future__ import annotations

from typing import Any, ClassVar

from .i18n import _l


class ShopError(Exception):
    """A refusal that a person can understand. Subclasses stand beside the function that raises them."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    text: ClassVar[Any] = _l("请求有误，没有任何改动。")

    def __init__(self, text: str | None = None, **details: Any) -> None:
        super().__init__(self.code)
        self.details = details
        self._text = text

    @property
    def message(self) -> str:
        """In the language of the page, with the details filled in."""
        words = str(self._text if self._text is not None else self.text)
        try:
            return words % self.details if "%(" in words else words
        except KeyError:
            return words


class NotFound(ShopError):
    status, code, text = 404, "not_found", _l("没有找到您要的内容。")


class Gone(ShopError):
    status, code, text = 410, "gone", _l("这项内容已经不在了。")


class SignInNeeded(ShopError):
    status, code, text = 401, "sign_in_needed", _l("请先登录，再继续操作。")


class Forbidden(ShopError):
    status, code, text = 403, "forbidden", _l("您没有做这件事的权限。")


class Conflict(ShopError):
    status, code, text = 409, "conflict", _l("内容刚刚变了，请刷新后再试，没有任何改动。")


class TooManyRequests(ShopError):
    status, code, text = 429, "too_many_requests", _l("操作太频繁，请 %(seconds)s 秒后再试。")


class Invalid(ShopError):
    """Fields that are wrong: `details.fields` maps each to its messages."""

    status, code, text = 422, "invalid", _l("有内容填写不正确，请改正后再提交。")

    def __init__(self, fields: dict[str, Any], text: str | None = None) -> None:
        super().__init__(text, fields=fields)


class Unavailable(ShopError):
    status, code, text = 503, "unavailable", _l("服务暂时不可用，请稍后再试。")
