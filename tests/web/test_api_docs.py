"""The API's document, for programs and for people."""

from __future__ import annotations

from flask import Flask


def test_the_page_shows_every_call_of_the_document(app: Flask) -> None:
    client = app.test_client()
    document = client.get("/api/v1/openapi.json").json
    page = client.get("/api/docs").text
    assert document is not None
    assert document["openapi"] == "3.1.0"
    assert len(document["paths"]) > 20
    assert [path for path in document["paths"] if path not in page] == []
    assert [name for name in document["components"]["schemas"] if f'id="s-{name}"' not in page] == []
