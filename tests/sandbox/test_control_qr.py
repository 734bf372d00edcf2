"""Pictures dropped on the phone: whatever code the shop draws is read."""

import io

import pytest
import segno
from PIL import Image, ImageDraw

from sandbox.control import qr_reader
from sandbox.oa import qrcodes


def png(text: str, **options) -> bytes:
    data = io.BytesIO()
    segno.make(text, micro=False, **options).save(data, kind="png", scale=5, border=4)
    return data.getvalue()


@pytest.mark.parametrize("level", ["l", "m", "q", "h"])
@pytest.mark.parametrize(
    "text",
    [
        "http://weixin.qq.com/q/02abcDEF012345678901234",
        "http://localhost:8000/l/ab12?from=传单",
        "6901234567892",
        "HTTP://SHOP/L/A",
        "http://localhost:8000/claim?" + "x" * 300,
    ],
)
def test_codes_of_all_levels_and_kinds_of_text_are_read(text, level):
    assert qr_reader.read(png(text, error=level)) == text


@pytest.mark.parametrize("mask", range(8))
def test_every_mask_is_undone(mask):
    assert qr_reader.read(png("http://localhost:8000/l/mask", mask=mask)) == "http://localhost:8000/l/mask"


def test_a_code_within_a_poster_is_found_and_a_jpeg_is_read():
    poster = Image.new("RGB", (900, 1400), "#fff7ef")
    ImageDraw.Draw(poster).rectangle((60, 60, 840, 700), fill="#e2472f")
    code = Image.open(io.BytesIO(qrcodes.picture("http://weixin.qq.com/q/02poster", kind="jpeg"))).resize(
        (301, 301)
    )
    poster.paste(code, (437, 953))
    data = io.BytesIO()
    poster.save(data, "JPEG", quality=80)
    assert qr_reader.read(data.getvalue()) == "http://weixin.qq.com/q/02poster"


@pytest.mark.parametrize("data", [b"", b"not a picture", png("x")[:100]])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(qr_reader.UnreadableError):
        qr_reader.read(data)


def test_a_picture_without_a_code_is_refused_in_words(shop):
    data = io.BytesIO()
    Image.new("RGB", (200, 200), "white").save(data, "PNG")
    data.seek(0)
    answer = shop.client.post("/control/api/read-picture", data={"picture": (data, "a.png")})
    assert answer.status_code == 422
    assert "粘贴" in answer.get_json()["message"]


def test_a_dropped_picture_of_our_own_code_gives_its_text(shop):
    body = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "f.tb.0001"}}}
    code = shop.post("/cgi-bin/qrcode/create", body)
    picture = shop.client.get("/cgi-bin/showqrcode", query_string={"ticket": code["ticket"]}).data
    answer = shop.client.post("/control/api/read-picture", data={"picture": (io.BytesIO(picture), "a.jpg")})
    assert answer.get_json() == {"text": code["url"]}
