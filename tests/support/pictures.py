"""Picture files for tests."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw


def drawn(*, side: int = 320, form: str = "PNG") -> bytes:
    """A square picture with a circle on it."""
    image = Image.new("RGB", (side, side), "#F3E3D3")
    ImageDraw.Draw(image).ellipse((side // 5, side // 5, side * 4 // 5, side * 4 // 5), fill="#C9703F")
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()
