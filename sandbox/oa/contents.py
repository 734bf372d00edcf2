"""Media, drafts and publishing, as far as a shop needs them."""

from __future__ import annotations

import json
import secrets
from typing import Any

from flask import request

from .. import store
from ..settings import current
from . import pushes
from .api import ApiError, Body, endpoint, list_of, now, object_of, text_of

store.register(
    """
    CREATE TABLE IF NOT EXISTS media (
        media_id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, mimetype TEXT NOT NULL, data BLOB NOT NULL,
        expires_at INTEGER
    );
    CREATE TABLE IF NOT EXISTS drafts (media_id TEXT PRIMARY KEY, articles TEXT NOT NULL, updated_at INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS publications (
        publish_id INTEGER PRIMARY KEY, article_id TEXT NOT NULL UNIQUE, articles TEXT NOT NULL, deleted INTEGER NOT NULL
    );
    """
)

KINDS = ("image", "voice", "video", "thumb")
LIFE_SECONDS = 3 * 86400
SIZES = {"image": 10 * 2**20, "voice": 2 * 2**20, "video": 10 * 2**20, "thumb": 64 * 2**10}


def _store_upload(kind: Any, *, expires_at: int | None) -> str:
    if kind not in KINDS:
        raise ApiError(40004, "invalid media type", f"type 不对：{kind!r}")
    upload = request.files.get("media")
    if upload is None:
        raise ApiError(41005, "media data missing", "表单里没有 media 文件")
    data = upload.read()
    if len(data) > SIZES[kind]:
        raise ApiError(40006, "invalid media size", f"文件超过 {SIZES[kind] // 1024} KB")
    media_id = "SBXm" + secrets.token_urlsafe(45)
    store.insert(
        "media",
        media_id=media_id,
        kind=kind,
        name=upload.filename or "",
        data=data,
        expires_at=expires_at,
        mimetype=upload.mimetype or "application/octet-stream",
    )
    return media_id


@endpoint("POST", "/cgi-bin/media/upload", coded=False)
def upload(_body: Body) -> Body:
    kind = request.args.get("type")
    media_id = _store_upload(kind, expires_at=now() + LIFE_SECONDS)
    return {"type": kind, "media_id": media_id, "created_at": now()}


@endpoint("POST", "/cgi-bin/material/add_material", coded=False)
def add_material(_body: Body) -> Body:
    media_id = _store_upload(request.args.get("type"), expires_at=None)
    return {"media_id": media_id, "url": f"{current().public_url}/control/media/{media_id}"}


@endpoint("POST", "/cgi-bin/media/uploadimg", coded=False)
def upload_image(_body: Body) -> Body:
    return {"url": f"{current().public_url}/control/media/{_store_upload('image', expires_at=None)}"}


def _articles(body: Body) -> str:
    articles = list_of(body, "articles", most=8, error=45008)
    for article in articles:
        text_of(article, "title", missing=40035, limit=64, too_long=45003)
        text_of(article, "content", missing=44004)
        media_id = text_of(article, "thumb_media_id", missing=40007)
        if not store.row("SELECT 1 FROM media WHERE media_id = ? AND expires_at IS NULL", (media_id,)):
            raise ApiError(40007, "invalid media_id", "thumb_media_id 须为永久素材")
    return json.dumps(articles, ensure_ascii=False)


def _draft(body: Body) -> store.Row:
    found = store.row("SELECT * FROM drafts WHERE media_id = ?", (body.get("media_id"),))
    if found is None:
        raise ApiError(40007, "invalid media_id", "没有这份草稿")
    return found


@endpoint("POST", "/cgi-bin/draft/add", coded=False, raw_text=True)
def add_draft(body: Body) -> Body:
    media_id = "SBXd" + secrets.token_urlsafe(45)
    store.insert("drafts", media_id=media_id, articles=_articles(body), updated_at=now())
    return {"media_id": media_id}


@endpoint("POST", "/cgi-bin/draft/get", coded=False)
def get_draft(body: Body) -> Body:
    return {"news_item": json.loads(_draft(body)["articles"])}


@endpoint("POST", "/cgi-bin/draft/update", raw_text=True)
def update_draft(body: Body) -> None:
    draft, index = _draft(body), body.get("index")
    articles = json.loads(draft["articles"])
    if not isinstance(index, int) or not 0 <= index < len(articles):
        raise ApiError(40114, "invalid index", "index 不对")
    articles[index] = json.loads(_articles({"articles": [object_of(body, "articles")]}))[0]
    store.run(
        "UPDATE drafts SET articles = ?, updated_at = ? WHERE media_id = ?",
        (json.dumps(articles, ensure_ascii=False), now(), draft["media_id"]),
    )


@endpoint("POST", "/cgi-bin/draft/delete")
def delete_draft(body: Body) -> None:
    store.run("DELETE FROM drafts WHERE media_id = ?", (_draft(body)["media_id"],))


@endpoint("GET", "/cgi-bin/draft/count", coded=False)
def count_drafts(_query: Body) -> Body:
    return {"total_count": len(store.rows("SELECT 1 FROM drafts"))}


@endpoint("POST", "/cgi-bin/draft/batchget", coded=False)
def list_drafts(body: Body) -> Body:
    count = body.get("count", 20)
    if not isinstance(count, int) or not 1 <= count <= 20:
        raise ApiError(40035, "invalid count", "count 须为 1 到 20")
    found = store.rows(
        "SELECT * FROM drafts ORDER BY updated_at DESC LIMIT ? OFFSET ?", (count, body.get("offset", 0))
    )
    return {
        "total_count": len(store.rows("SELECT 1 FROM drafts")),
        "item_count": len(found),
        "item": [
            {
                "media_id": d["media_id"],
                "content": {"news_item": json.loads(d["articles"])},
                "update_time": d["updated_at"],
            }
            for d in found
        ],
    }


@endpoint("POST", "/cgi-bin/freepublish/submit")
def publish(body: Body) -> Body:
    draft = _draft(body)
    number, article_id = 2_247_480_000 + store.next_number("publish"), secrets.token_urlsafe(32)
    with store.tx():
        store.insert(
            "publications", publish_id=number, article_id=article_id, articles=draft["articles"], deleted=0
        )
        store.run("DELETE FROM drafts WHERE media_id = ?", (draft["media_id"],))
        pushes.event(
            "",
            "PUBLISHJOBFINISH",
            {
                "PublishEventInfo": {
                    "publish_id": str(number),
                    "publish_status": "0",
                    "article_id": article_id,
                    "article_detail": {
                        "count": "1",
                        "item": {"idx": "1", "article_url": _article_url(article_id)},
                    },
                }
            },
            title="发布结果",
            delay=1.0,
        )
    return {"publish_id": str(number), "msg_data_id": number}


def _article_url(article_id: str) -> str:
    return f"{current().public_url}/control/articles/{article_id}"


def _publication(column: str, value: Any) -> store.Row:
    found = store.row(f"SELECT * FROM publications WHERE {column} = ?", (value,))  # noqa: S608
    if found is None:
        raise ApiError(53600, "invalid article", "没有这篇已发布的文章")
    return found


@endpoint("POST", "/cgi-bin/freepublish/get", coded=False)
def publication(body: Body) -> Body:
    found = _publication("publish_id", body.get("publish_id"))
    status = 5 if found["deleted"] else 0
    return {
        "publish_id": str(found["publish_id"]),
        "publish_status": status,
        "article_id": found["article_id"],
        "article_detail": {
            "count": 1,
            "item": [{"idx": 1, "article_url": _article_url(found["article_id"])}],
        },
        "fail_idx": [],
    }


@endpoint("POST", "/cgi-bin/freepublish/delete")
def unpublish(body: Body) -> None:
    found = _publication("article_id", body.get("article_id"))
    store.run("UPDATE publications SET deleted = 1 WHERE publish_id = ?", (found["publish_id"],))


@endpoint("POST", "/cgi-bin/freepublish/getarticle", coded=False)
def article(body: Body) -> Body:
    return {"news_item": json.loads(_publication("article_id", body.get("article_id"))["articles"])}
