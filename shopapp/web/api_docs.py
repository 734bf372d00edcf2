"""The API's document as a page to read."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template

pages = Blueprint("api_docs", __name__)

METHODS = ("get", "post", "put", "patch", "delete")


@pages.get("/api/docs")
def read() -> str:
    """Every call with its fields, made from the same document that programs read."""
    document = current_app.extensions["openapi"]()
    schemas = document["components"]["schemas"]
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        shared = methods.get("parameters", [])
        for method in METHODS:
            if method in methods:
                call = _call(path, method, methods[method], shared=shared)
                groups.setdefault(call["group"], []).append(call)
    return render_template("web/api_docs.html", groups=groups, schemas=_schemas(schemas))


def _call(path: str, method: str, said: dict[str, Any], *, shared: list[dict[str, Any]]) -> dict[str, Any]:
    body = said.get("requestBody", {}).get("content", {})
    answers = {code: answer for code, answer in said["responses"].items() if code.startswith("2")}
    return {
        "group": said["tags"][0],
        "method": method.upper(),
        "path": path,
        "summary": said.get("summary", ""),
        "parameters": [
            {"name": each["name"], "place": each["in"], "type": _type(each["schema"])}
            for each in [*shared, *said.get("parameters", [])]
        ],
        "body": _content(body),
        "answers": [(code, _content(answer.get("content", {}))) for code, answer in answers.items()],
    }


def _content(content: dict[str, Any]) -> str:
    return next((_type(each["schema"]) for each in content.values() if "schema" in each), "")


def _schemas(schemas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "fields": [
                {"name": field, "type": _type(said), "needed": field in schema.get("required", [])}
                for field, said in schema.get("properties", {}).items()
            ],
        }
        for name, schema in sorted(schemas.items())
    ]


def _type(said: dict[str, Any]) -> str:
    """A schema in a word: `string`, `[OrderLine]`, `integer or null`."""
    if "$ref" in said:
        return str(said["$ref"].rpartition("/")[2])
    if "anyOf" in said:
        return " or ".join(_type(each) for each in said["anyOf"])
    if said.get("enum"):
        return " | ".join(str(each) for each in said["enum"])
    if said.get("type") == "array":
        return f"[{_type(said.get('items', {}))}]"
    kind = said.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)
