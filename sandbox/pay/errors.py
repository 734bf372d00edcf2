"""Refusals of the payment platform as {code, message, detail}."""

from __future__ import annotations

from typing import Any


class PayError(Exception):
    """A request the platform refuses; `message` is for people, clients decide by status and code."""

    def __init__(self, status: int, code: str, message: str, detail: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail

    def body(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.detail is not None:
            answer["detail"] = self.detail
        return answer


def param_error(field: str, issue: str) -> PayError:
    """A field that breaks its rule."""
    return PayError(400, "PARAM_ERROR", f"{field}：{issue}", {"field": field, "issue": issue})


def invalid_request(message: str) -> PayError:
    """A well-formed request that the state of things forbids."""
    return PayError(400, "INVALID_REQUEST", message)
