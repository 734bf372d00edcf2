"""From the data codewords of a QR code to its text."""

from __future__ import annotations

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
COUNT_BITS = {1: (10, 12, 14), 2: (9, 11, 13), 4: (8, 16, 16), 8: (8, 10, 12)}
ECI = 7


class _Bits:
    def __init__(self, data: bytes) -> None:
        self.text = "".join(f"{byte:08b}" for byte in data)
        self.at = 0

    def take(self, count: int) -> int:
        if self.at + count > len(self.text):
            raise ValueError("too short")
        self.at += count
        return int(self.text[self.at - count : self.at], 2)

    @property
    def left(self) -> int:
        return len(self.text) - self.at


def decode(data: bytes, version: int) -> str:
    """All segments put together; raises ValueError on data that is not a text."""
    bits, parts = _Bits(data), []
    while bits.left >= 4 and (mode := bits.take(4)):
        if mode == ECI:
            bits.take(8)
            continue
        count = bits.take(COUNT_BITS[mode][0 if version < 10 else 1 if version < 27 else 2])
        parts.append({1: _digits, 2: _letters, 4: _bytes, 8: _kanji}[mode](bits, count))
    text = b"".join(parts).decode()
    if not text:
        raise ValueError("empty")
    return text


def _digits(bits: _Bits, count: int) -> bytes:
    groups = [3] * (count // 3) + ([count % 3] if count % 3 else [])
    return "".join(f"{bits.take((0, 4, 7, 10)[size]):0{size}d}" for size in groups).encode()


def _letters(bits: _Bits, count: int) -> bytes:
    pairs = (divmod(bits.take(11), 45) for _ in range(count // 2))
    text = "".join(LETTERS[high] + LETTERS[low] for high, low in pairs)
    return (text + (LETTERS[bits.take(6)] if count % 2 else "")).encode()


def _bytes(bits: _Bits, count: int) -> bytes:
    return bytes(bits.take(8) for _ in range(count))


def _kanji(bits: _Bits, count: int) -> bytes:
    codes = []
    for _ in range(count):
        high, low = divmod(bits.take(13), 0xC0)
        code = (high << 8) + low
        codes.append(code + (0x8140 if code < 0x1F00 else 0xC140))
    return b"".join(code.to_bytes(2, "big") for code in codes).decode("shift_jis").encode()
