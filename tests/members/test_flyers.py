"""Flyers: what is designed is what is printed, each copy has its number, and the same batch is the same file."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import pypdfium2
import pytest
from flask import Flask
from PIL import Image, ImageDraw
from sqlalchemy import delete, select, update

from sandbox.control import qr_reader
from shopapp.kernel import clock
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, rows_changed, transaction
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.states import IllegalMove
from shopapp.members.channels import services as channels
from shopapp.members.channels.models import Channel
from shopapp.members.flyers import design as designs
from shopapp.members.flyers import files, fonts, jobs, layout, printing, queries, services
from shopapp.members.flyers import picture as flyer_picture
from shopapp.members.flyers.design import BLEED, SIZES, Copy, Design
from shopapp.members.flyers.models import (
    FLYER_MOVES,
    FlyerBatch,
    FlyerPart,
    FlyerSize,
    FlyerStatus,
    FlyerTemplate,
    QrTarget,
)
from shopapp.members.flyers.shapes import Code
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.flyers import flyer_design
from tests.support.merchant import merchant_client
from tests.support.people import browser_of
from tests.support.staff import desk, words_after
from tests.support.wechat import fake_platform

PLACE = "/admin/flyers"
MM = 72 / 25.4
FORM = {
    "name": "双十一",
    "template": "sunrise",
    "size": "a6",
    "target": "platform",
    "headline": "谢谢您的这一单",
    "body": "扫码登记订单号，核实后返现到您的余额。",
    "hint": "订单号在：我的订单",
    "footnote": "与是否关注、是否评价无关。",
    "color": "#e2472f",
    "quantity": "2000",
    "cost": "180",
    "prefix": "D11",
}


def make_channel() -> Channel:
    with transaction():
        return channels.create_channel(name="淘宝包裹卡", platform="taobao", now=clock.now())


def batch_of(design: Design) -> FlyerBatch:
    channel = make_channel()
    with transaction():
        return services.create_batch(channel=channel.public_id, design=design, now=clock.now())


def order(batch: FlyerBatch) -> None:
    with transaction():
        services.order_file(public_id=batch.public_id, now=clock.now())


def make_all(batch_id: int) -> None:
    while jobs.make_piece(batch_id=batch_id):
        pass


def row_of(batch: FlyerBatch) -> queries.FlyerRow:
    db.session.rollback()
    db.session.expire_all()
    row = queries.find(public_id=batch.public_id)
    assert row is not None
    return row


def logo() -> bytes:
    drawn = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    ImageDraw.Draw(drawn).ellipse((20, 20, 280, 280), fill=(20, 120, 90, 255))
    out = io.BytesIO()
    drawn.save(out, "PNG")
    return out.getvalue()


def read_code(pdf: bytes, page: int = 0, *, one: Design) -> str:
    """What a phone reads from a page as the press sees it, at 300 dots an inch; held over the code alone, for speed."""
    document = pypdfium2.PdfDocument(pdf)
    picture = document[page].render(scale=300 / 72).to_pil()
    document.close()
    return read_from(picture, one=one, scale=300 / 25.4, bleed=BLEED)


def read_from(picture: Image.Image, *, one: Design, scale: float, bleed: float = 0) -> str:
    sheet = layout.lay_out(one, shop_name="小满杂货铺", logo_ratio=flyer_picture.ratio_of(one.logo))
    code = next(shape for shape in sheet.shapes if isinstance(shape, Code))
    left, top = (code.x + bleed) * scale, (code.y + bleed) * scale
    out = io.BytesIO()
    picture.crop((int(left), int(top), int(left + code.side * scale), int(top + code.side * scale))).save(
        out, "PNG"
    )
    return qr_reader.read(out.getvalue())


def texts(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    found = [page.get_textpage().get_text_range() for page in document]
    document.close()
    return found


COPY = Copy(qr_text="https://shop.example.com/l/abc1234?s=K7Q2-000001", serial="K7Q2-000001")


@pytest.mark.parametrize("template", FlyerTemplate)
def test_every_template_has_room_for_the_usual_words_in_every_size(template: FlyerTemplate) -> None:
    for size, card in SIZES.items():
        one = flyer_design(template=template, size=size)
        sheet = layout.lay_out(one, shop_name="小满杂货铺", logo_ratio=None)
        assert sheet.too_long == []
        drawn = flyer_picture.draw(sheet, logo=None, qr_text=COPY.qr_text, serial=COPY.serial)
        shown = Image.open(io.BytesIO(drawn))
        assert shown.size == (card.width * 8, card.height * 8)
        assert read_from(shown, one=one, scale=8) == COPY.qr_text


@pytest.mark.parametrize(
    ("template", "size"), list(zip([*FlyerTemplate, FlyerTemplate.SUNRISE], FlyerSize, strict=True))
)
def test_a_page_is_the_card_with_its_bleed(template: FlyerTemplate, size: FlyerSize) -> None:
    one, card = flyer_design(template=template, size=size), SIZES[size]
    sheet = layout.lay_out(one, shop_name="小满杂货铺", logo_ratio=None)
    pdf = printing.make(sheet, [COPY], title="x", logo=None, printed_at=datetime(2026, 11, 1, tzinfo=UTC))
    assert read_code(pdf, one=one) == COPY.qr_text
    (words,) = texts(pdf)
    assert "谢谢您的这一单" in words
    assert COPY.serial in words
    document = pypdfium2.PdfDocument(pdf)
    page = document[0]
    whole = ((card.width + 2 * BLEED) * MM, (card.height + 2 * BLEED) * MM)
    assert page.get_size() == pytest.approx(whole, abs=0.02)
    assert page.get_mediabox() == pytest.approx((0, 0, *whole), abs=0.02)
    assert page.get_bleedbox() == pytest.approx((0, 0, *whole), abs=0.02)
    trim = (BLEED * MM, BLEED * MM, (BLEED + card.width) * MM, (BLEED + card.height) * MM)
    assert page.get_trimbox() == pytest.approx(trim, abs=0.02)
    document.close()


def test_lines_break_as_chinese_lines_do() -> None:
    lines = fonts.wrapped("扫码登记订单号，App 里的order numbers也行。", width=7 * 4, size=4)
    assert all(fonts.width_of(line, 4) <= 28.01 for line in lines)
    assert not any(line[0] in "，。" for line in lines)
    assert any("numbers" in line for line in lines)


def test_from_the_desk_to_the_print_shop(app: Flask, clock: ShopClock) -> None:
    channel, client = make_channel(), desk(app)
    sent = {**FORM, "channel": channel.public_id, "body": "好评返现 5 元"}
    shown = client.post(f"{PLACE}/preview", data=sent).text
    assert "data:image/png;base64," in shown
    assert "好评返现" in shown
    upload = {**sent, "logo": (io.BytesIO(logo()), "logo.png")}
    page = words_after(client, client.post(f"{PLACE}/new", data=upload))
    assert "有几处文字最好改一改" in page
    (row,) = queries.listing(number=1).items
    assert row.design.logo is not None
    assert row.design.logo.startswith(b"\x89PNG")
    place = f"{PLACE}/{row.public_id}"
    assert client.get(f"{place}/file").status_code == 409
    with fake_platform(app):
        page = words_after(client, client.post(f"{place}/order"))
    assert "正在做印刷文件" in page
    assert jobs.make_flyers(clock.now()) == 1
    assert jobs.make_flyers(clock.now()) == 0
    answer = client.get(f"{place}/file")
    assert answer.mimetype == "application/pdf"
    row = row_of(db.session.scalars(select(FlyerBatch)).one())
    db.session.refresh(channel)
    assert (row.status, row.parts, row.qr_text) == (FlyerStatus.READY, 1, channel.qr_url)
    assert read_code(answer.data, one=row.design) == channel.qr_url
    (words,) = texts(answer.data)
    assert "谢谢您的这一单" in words
    assert b"/FontFile2" in answer.data
    assert len(answer.data) < 300_000
    acts = list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert acts[-3:] == ["flyer.create", "flyer.order", "wording.used"]
    assert "已经出了文件" in client.post(f"{place}/edit", data=sent).text
    assert client.post(f"{place}/delete").status_code == 303
    words_after(client, client.post(f"{place}/back"))
    assert row_of(db.session.scalars(select(FlyerBatch)).one()).parts_made == 0
    words_after(
        client, client.post(f"{place}/edit", data={**FORM, "channel": channel.public_id, "no_logo": "1"})
    )
    assert row_of(db.session.scalars(select(FlyerBatch)).one()).design.logo is None
    words_after(client, client.post(f"{place}/delete"))
    assert queries.listing(number=1).total == 0


def test_each_copy_has_a_number_and_the_file_is_the_same_however_often_it_is_made(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(designs, "COPIES_PER_PART", 4)
    monkeypatch.setattr(files, "COPIES_PER_PART", 4)
    one = flyer_design(size=FlyerSize.LABEL)
    batch = batch_of(one)
    order(batch)
    drawn = printing.make

    def falls_over(*args: Any, **kwargs: Any) -> bytes:
        if len(list(queries.pieces(batch_id=batch.id))) == 1:
            raise MemoryError
        return drawn(*args, **kwargs)

    monkeypatch.setattr(printing, "make", falls_over)
    assert jobs.make_flyers(clock.now()) == 1
    with pytest.raises(MemoryError):
        jobs.make_flyers(clock.now())
    monkeypatch.setattr(printing, "make", drawn)
    assert (row_of(batch).parts_made, row_of(batch).status) == (1, FlyerStatus.MAKING)
    assert jobs.make_flyers(clock.now()) == 1
    first = desk(app).get(f"{PLACE}/{batch.public_id}/file")
    assert first.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(first.data)) as archive:
        assert archive.namelist() == ["K7Q2-000001-000004.pdf", "K7Q2-000005-000007.pdf"]
        pieces = [archive.read(name) for name in archive.namelist()]
    pages = [page for piece in pieces for page in texts(piece)]
    serials = [f"K7Q2-{number:06d}" for number in range(1, 8)]
    assert [next(one for one in serials if one in page) for page in pages] == serials
    link = row_of(batch).qr_text
    read = [read_code(piece, one=one) for piece in pieces]
    assert read == [f"{link}?s=K7Q2-000001", f"{link}?s=K7Q2-000005"]
    with transaction():
        rows_changed(delete(FlyerPart))
        rows_changed(update(FlyerBatch).values(status=FlyerStatus.MAKING))
    clock.forward(days=400)
    make_all(batch.id)
    assert [piece for _number, piece in queries.pieces(batch_id=batch.id)] == pieces
    browser = browser_of(app)
    for serial in ("K7Q2-000002", "K7Q2-000002", "K7Q2-000005", "K7Q2-999999"):
        browser.get(f"{str(link).removeprefix('http://localhost')}?s={serial}")
    assert row_of(batch).scanned == 2


def test_workers_side_by_side_make_each_piece_once(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(designs, "COPIES_PER_PART", 2)
    batch = batch_of(flyer_design(size=FlyerSize.LABEL, quantity=4))
    order(batch)
    at_once(app, [lambda: make_all(batch.id)] * 2, threads=2)
    row = row_of(batch)
    assert (row.status, row.parts_made, row.parts) == (FlyerStatus.READY, 2, 2)


def test_a_batch_taken_back_meanwhile_keeps_no_piece(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = batch_of(flyer_design(size=FlyerSize.LABEL, quantity=2))
    order(batch)
    drawn = printing.make

    def slowly(*args: Any, **kwargs: Any) -> bytes:
        with transaction():
            services.take_back(public_id=batch.public_id)
        return drawn(*args, **kwargs)

    monkeypatch.setattr(printing, "make", slowly)
    jobs.make_flyers(clock.now())
    row = row_of(batch)
    assert (row.status, row.parts_made, row.qr_text) == (FlyerStatus.DRAFT, 0, None)


def test_the_moves_of_a_batch() -> None:
    draft, making, ready = FlyerStatus
    allowed = {(draft, making), (making, ready), (making, draft), (ready, draft)}
    for was in FlyerStatus:
        for wanted in FlyerStatus:
            assert FLYER_MOVES.allows(was, wanted) is ((was, wanted) in allowed)


def test_what_cannot_be_printed_is_refused(app: Flask, clock: ShopClock) -> None:
    batch = batch_of(flyer_design(size=FlyerSize.A6, body="很长的正文" * 38, target=QrTarget.PLATFORM))
    with pytest.raises(services.CodeMissing), transaction():
        services.order_file(public_id=batch.public_id, now=clock.now())
    with transaction():
        services.change_batch(
            public_id=batch.public_id,
            channel=str(row_of(batch).channel_id),
            design=flyer_design(template=FlyerTemplate.TICKET, body="很长的正文" * 38),
        )
    with pytest.raises(Invalid) as wrong, transaction():
        services.order_file(public_id=batch.public_id, now=clock.now())
    assert set(wrong.value.details["fields"]) == {"body"}
    with pytest.raises(IllegalMove), transaction():
        services.take_back(public_id=batch.public_id)
    with pytest.raises(services.PrefixTaken):
        batch_of(flyer_design())
    for changed, field in (
        ({"quantity": 0}, "quantity"),
        ({"quantity": 100_001}, "quantity"),
        ({"color": "red"}, "color"),
        ({"prefix": "小"}, "prefix"),
        ({"headline": " "}, "headline"),
        ({"hint": "x" * 121}, "hint"),
        ({"body": "好礼🎁"}, "body"),
    ):
        with pytest.raises(Invalid) as wrong:
            batch_of(flyer_design(**changed))
        assert set(wrong.value.details["fields"]) == {field}
    for raw in (
        b"",
        b"not a picture",
        b"\x89PNG\r\n\x1a\n" + b"x" * 99,
        b"x" * (flyer_picture.LOGO_BYTES_MAX + 1),
    ):
        with pytest.raises(ShopError):
            flyer_picture.kept_logo(raw)
    sent = {**FORM, "channel": "nobody", "logo": (io.BytesIO(b"GIF89a"), "logo.gif"), "quantity": "x"}
    page = desk(app).post(f"{PLACE}/new", data=sent)
    assert page.status_code == 422
    for field in ("channel", "logo", "quantity"):
        assert f'id="e-{field}"' in page.text
    assert queries.listing(number=1).total == 1


def test_a_program_of_the_merchants_has_flyers_made(app: Flask, clock: ShopClock, monkeypatch: Any) -> None:
    client, channel = merchant_client(app, monkeypatch), make_channel()
    asked = {"channel_id": channel.public_id, "name": "卡片", "headline": "谢谢您", "quantity": 9}
    made = client.post("/api/v1/admin/flyers", json=asked).json
    assert (made["status"], made["serials"], len(made["prefix"]), made["warnings"]) == ("draft", False, 4, [])
    place = f"/api/v1/admin/flyers/{made['id']}"
    changed = client.put(place, json={**asked, "headline": "国家级好物", "target": "link"}).json
    assert [warning["code"] for warning in changed["warnings"]] == ["absolute_claim"]
    assert client.get(f"{place}/file").status_code == 409
    for _ in range(2):
        assert client.post(f"{place}/printing").status_code == 202
    jobs.make_flyers(clock.now())
    file = client.get(f"{place}/file")
    assert read_code(file.data, one=flyer_design(serials=False)) == client.get(place).json["qr_text"]
    assert client.put(place, json=asked).status_code == 409
    listed = client.get("/api/v1/admin/flyers?limit=1").json
    assert ([one["id"] for one in listed["items"]], listed["next_cursor"]) == ([made["id"]], None)
    assert client.post("/api/v1/admin/flyers", json={**asked, "quantity": True}).status_code == 422
    assert client.post("/api/v1/admin/flyers", json={**asked, "channel_id": "nobody"}).status_code == 404
