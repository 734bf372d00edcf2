"""The XML of pushes and replies."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

NUMBERS = {"CreateTime", "MsgId", "Count", "TotalCount", "FilterCount", "SentCount", "ErrorCount", "MsgID"}


def build(fields: dict[str, Any]) -> str:
    """`<xml>` with the fields in order; text in CDATA, dicts nested, lists repeated."""
    return f"<xml>{_inner(fields)}</xml>"


def _inner(fields: dict[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in fields.items())


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, one) for one in value)
    if isinstance(value, dict):
        return f"<{name}>{_inner(value)}</{name}>"
    if name in NUMBERS:
        return f"<{name}>{value}</{name}>"
    return f"<{name}><![CDATA[{str(value).replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"


def parse(text: str) -> dict[str, Any]:
    """Fields of an `<xml>` document, nested ones as dicts, repeated ones as lists; raises ValueError."""
    try:
        root = fromstring(text)
    except (ParseError, DefusedXmlException) as error:
        raise ValueError("不是合法的 XML") from error
    if root.tag != "xml":
        raise ValueError("根元素须为 xml")
    return _fields(root)


def _fields(element: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in element:
        value: Any = _fields(child) if len(child) else (child.text or "")
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found
