"""Search by our own tokens, so that two-character Chinese words are found on both databases.

A run of Chinese characters becomes its single characters and its overlapping pairs; a Latin word and a number stay
whole. Width and case make no difference. A query asks for all of its tokens: pairs where it has them, single
characters only for a run of one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from sqlalchemy import ColumnElement, column, select, text

from shopapp.kernel.db import db, is_sqlite

from .models import Product

QUERY_LENGTH_MAX = 60
QUERY_TOKENS_MAX = 20
_RUNS = re.compile(r"[0-9]+|[a-z]+|[^\W0-9a-z_]+")
_WHOLE = re.compile(r"[0-9]+|[a-z]+")


def fold(words: str) -> str:
    """Half-width forms, lower case."""
    return unicodedata.normalize("NFKC", words).casefold()


def runs(words: str) -> Iterator[str]:
    return (match.group() for match in _RUNS.finditer(fold(words)))


def tokens_to_keep(words: str) -> list[str]:
    """Every token under which a text can be found."""
    found: list[str] = []
    for run in runs(words):
        found.extend([run] if _WHOLE.fullmatch(run) else [*run, *_pairs(run)])
    return list(dict.fromkeys(found))


def tokens_to_ask(words: str) -> list[str]:
    """The tokens that all must be there; none when the query has neither a letter nor a digit."""
    asked: list[str] = []
    for run in runs(words[:QUERY_LENGTH_MAX]):
        asked.extend([run] if len(run) == 1 or _WHOLE.fullmatch(run) else _pairs(run))
    return list(dict.fromkeys(asked))[:QUERY_TOKENS_MAX]


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)]


def _words(product: Product) -> str:
    specs = [value for sku in product.skus if sku.active for value in (*sku.specs, sku.code or "")]
    return " ".join([product.title, product.subtitle, *specs])


def remember(product: Product) -> None:
    """Let the product be found by its title, subtitle, specs and codes as they are now."""
    db.session.flush()
    tokens = tokens_to_keep(_words(product))
    forget(product_id=product.id)
    if is_sqlite():
        statement = "INSERT INTO product_search (rowid, tokens) VALUES (:id, :tokens)"
        db.session.execute(text(statement), {"id": product.id, "tokens": " ".join(tokens)})
    else:
        statement = "INSERT INTO product_search (product_id, tokens) VALUES (:id, array_to_tsvector(:tokens))"
        db.session.execute(text(statement), {"id": product.id, "tokens": tokens})


def forget(*, product_id: int) -> None:
    column = "rowid" if is_sqlite() else "product_id"
    db.session.execute(text(f"DELETE FROM product_search WHERE {column} = :id"), {"id": product_id})  # noqa: S608


def matches(words: str) -> ColumnElement[bool] | None:
    """A condition on `Product` for those where all tokens of the query are found; None if it has no token."""
    tokens = tokens_to_ask(words)
    if not tokens:
        return None
    if is_sqlite():
        found = text("SELECT rowid AS id FROM product_search WHERE product_search MATCH :tokens")
        asked = " AND ".join(f'"{token}"' for token in tokens)
    else:
        found = text("SELECT product_id AS id FROM product_search WHERE tokens @@ CAST(:tokens AS tsquery)")
        asked = " & ".join(f"'{token}'" for token in tokens)
    rows = found.bindparams(tokens=asked).columns(column("id", Product.id.type)).subquery()
    return Product.id.in_(select(rows.c.id))
