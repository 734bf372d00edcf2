"""The rights of the person over the API."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_dump

from shopapp.kernel.fields import YesNo


class ErasureInput(Schema):
    confirm = YesNo(required=True)


class ExportAnswer(Schema):
    """`exported_at`, and one member for each feature that knows anything."""

    exported_at = fields.String()

    @post_dump(pass_original=True)
    def with_parts(self, data: dict[str, Any], original: dict[str, Any], **_options: Any) -> dict[str, Any]:
        return {**original, **data}
