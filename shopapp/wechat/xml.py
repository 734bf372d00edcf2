"""The XML of pushes and of the replies to them."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

DEPTH_MAX = 8


class BadXml(ValueError):
    """Not the XML of a push; document types and entities count as such."""


def parse(text: str) -> dict[str, Any]:
    """Fields of an `<xml>` document: text, nested fields as dicts, repeated ones as lists. Raises `BadXml`."""
    try:
        root = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as problem:
        raise BadXml(type(problem).__name__) from problem
    if root.tag != "xml":
        raise BadXml("the root is not xml")
    return _fields(root, depth=1)


def _fields(element: Element, *, depth: int) -> dict[str, Any]:
    if depth > DEPTH_MAX:
        raise BadXml("nested too deeply")
    found: dict[str, Any] = {}
    for child in element:
        value: Any = _fields(child, depth=depth + 1) if len(child) else (child.text or "")
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found


def build(fields: dict[str, Any]) -> str:
    """`<xml>` with the fields in order: numbers bare, texts in CDATA, dicts nested."""
    return f"<xml>{_inner(fields)}</xml>"


def _inner(fields: dict[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in fields.items())


def _element(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"<{name}>{_inner(value)}</{name}>"
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    safe = str(value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{safe}]]></{name}>"
