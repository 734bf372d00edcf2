"""Lists and product pages: how fast beside the bare hello, never stale, and how large."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from urllib.parse import urljoin

from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.store.catalogue import services
from shopapp.store.catalogue.models import Category, Product
from shopapp.store.stock import services as stock

from .pounder import Load, pound
from .report import Figure, Report
from .servers import Server, get
from .shops import PIECES, SLUG, Shop, content_of

ANONYMOUS, SIGNED_IN = 0.5, 0.3
FIRST_VIEW_KIB = 30
LOOKS = 24
WARM_SECONDS = 3
CHANGED = 3
OFF_SALE = "已下架"
PICKED = 40
ASSETS = re.compile(
    r"""(?:<link[^>]+rel="(?:stylesheet|modulepreload)"[^>]+href|<script[^>]+src)="([^"]+)\""""
)
IMPORTS = re.compile(r"""(?:from|import)\s*\(?\s*["']([^"']+\.js)["']""")


def speed(report: Report, *, shop: Shop, server: Server, hello: Server, seconds: float, rounds: int) -> None:
    """Each kind of page beside the hello, in turns."""
    token = shop.people[0].token
    subjects = {
        "list, API": ["/api/v1/products?limit=20"],
        "product, API": [f"/api/v1/products/{product}" for product in shop.products[:PICKED]],
        "list, page": [f"/c/{SLUG}"],
        "product, page": [f"/p/{product}" for product in shop.products[:PICKED]],
    }
    for name, targets in subjects.items():
        key = {"Authorization": f"Bearer {token}"} if "API" in name else {"Cookie": f"session={token}"}
        for who, headers, least in (("anonymous", {}, ANONYMOUS), ("signed in", key, SIGNED_IN)):
            load = Load(port=server.port, targets=targets, headers=headers, seconds=seconds)
            value, rate = beside_hello(load, hello=hello, rounds=rounds)
            report.tell(
                Figure(
                    name=f"{name}, {who} ({shop.name})",
                    value=value,
                    least=least,
                    note=f"{rate:.0f}/s",
                )
            )


def beside_hello(load: Load, *, hello: Server, rounds: int) -> tuple[float, float]:
    """Median ratio to the hello measured just before, and median answers per second."""
    bare = Load(port=hello.port, targets=["/"], seconds=load.seconds, connections=load.connections)
    pound(Load(port=load.port, targets=load.targets, headers=load.headers, seconds=WARM_SECONDS))
    ratios, rates = [], []
    for _ in range(rounds):
        measure = pound(bare)
        rates.append(pound(load))
        ratios.append(rates[-1] / measure)
    return median(ratios), median(rates)


def freshness(report: Report, *, shop: Shop, server: Server) -> None:
    """After a change of price, stock or state every worker shows it at once."""
    product = db.session.scalars(select(Product).filter_by(public_id=shop.products[CHANGED])).one()
    shelf = db.session.scalars(select(Category.public_id)).one()
    picture = product.pictures[0].picture.public_id
    sku = product.skus[0]
    api, page = f"/api/v1/products/{product.public_id}", f"/p/{product.public_id}"
    lists = ("/api/v1/products?limit=20", f"/c/{SLUG}")
    stale = 0

    def seen_after(act: Callable[[], object], path: str, good: Callable[[int, str], bool]) -> None:
        """Have every worker keep the page, change something, and count who still shows it as it was."""
        nonlocal stale
        look(server, path)
        with transaction():
            act()
        stale += sum(not good(status, body.decode()) for status, body in look(server, path))

    def off() -> None:
        services.take_off_sale(product=product, now=clock.now())

    def on() -> None:
        services.put_on_sale(product=product, now=clock.now())

    def count(free: int) -> None:
        stock.set_free(sku_id=sku.id, free=free, now=clock.now())

    def price(fen: int) -> None:
        content = content_of(CHANGED, category=shelf, picture=picture, fen=fen)
        services.update_product(product=product, content=content, now=clock.now())

    seen_after(lambda: count(77_123), api, lambda _status, body: '"stock":77123' in body)
    seen_after(lambda: count(0), page, lambda _status, body: "77123" not in body)
    seen_after(lambda: count(5), lists[0], lambda _status, body: '"stock":5,' in body or '"stock":5}' in body)
    with transaction():
        count(PIECES)
    for place, path in enumerate((api, page, *lists)):
        fen = 7_707_700 + 100 * place
        words = f'"price_fen":{fen},' if path.startswith("/api") else f"{fen // 100}"
        seen_after(lambda fen=fen: price(fen), path, lambda _status, body, words=words: words in body)
    for path in lists:
        seen_after(off, path, lambda _status, body: product.public_id not in body)
        seen_after(on, path, lambda _status, body: product.public_id in body)
    seen_after(off, api, lambda status, _body: status == 404)
    seen_after(on, api, lambda status, _body: status == 200)
    seen_after(off, page, lambda _status, body: OFF_SALE in body)
    seen_after(on, page, lambda _status, body: OFF_SALE not in body)
    report.tell(Figure(name=f"stale answers after a change ({shop.name})", value=stale, most=0))


def look(server: Server, path: str) -> list[tuple[int, bytes]]:
    """So many at once that each worker answers some."""
    with ThreadPoolExecutor(LOOKS) as pool:
        return list(pool.map(lambda _: get(server.port, path), range(LOOKS)))


def sizes(report: Report, *, shop: Shop, server: Server) -> None:
    """The first view: the page with its styles and scripts, each compressed, without pictures."""
    cookie = {"Cookie": f"session={shop.people[0].token}"}
    paths = {
        "home": "/",
        "category": f"/c/{SLUG}",
        "product": f"/p/{shop.products[0]}",
        "cart": "/cart",
        "orders": "/orders",
        "me": "/me",
    }
    for name, path in paths.items():
        status, html = get(server.port, path, cookie)
        if status != 200:
            report.tell(Figure(name=f"{name}: not there ({status})", value=0))
            continue
        files = _files(server, path, html)
        whole = _packed(html) + sum(_packed(content) for content in files.values())
        report.tell(
            Figure(
                name=f"first view of {name}, gzip",
                value=whole / 1024,
                unit="KiB",
                most=FIRST_VIEW_KIB,
                note=f"{len(files)} files",
            )
        )


def _files(server: Server, path: str, html: bytes) -> dict[str, bytes]:
    """Styles and scripts that the page names, and the scripts that these import."""
    found: dict[str, bytes] = {}
    waiting = [urljoin(path, name) for name in ASSETS.findall(html.decode())]
    while waiting:
        name = waiting.pop()
        if name in found or not name.startswith("/"):
            continue
        found[name] = get(server.port, name)[1]
        if name.endswith(".js"):
            waiting += [urljoin(name, other) for other in IMPORTS.findall(found[name].decode())]
    return found


def _packed(content: bytes) -> int:
    return len(gzip.compress(content, 6))
