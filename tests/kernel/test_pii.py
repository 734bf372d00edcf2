"""Personal data: encrypted, found by a keyed hash, also while keys rotate."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from shopapp.kernel import pii

OLD, NEW = b"TEST-old-key-of-32-bytes-length!", b"TEST-new-key-of-32-bytes-length!"


def use_keys(app: Flask, *keys: bytes) -> None:
    app.extensions["settings"] = dataclasses.replace(app.extensions["settings"], pii_keys=keys)


@pytest.fixture(autouse=True)
def _restore(app: Flask) -> Iterator[None]:
    before = app.extensions["settings"]
    yield
    app.extensions["settings"] = before


def test_what_is_kept_does_not_show_what_it_is_and_never_looks_the_same(app: Flask) -> None:
    one, two = pii.encrypt("李晓"), pii.encrypt("李晓")
    assert one != two
    assert "李晓" not in one
    assert pii.decrypt(one) == pii.decrypt(two) == "李晓"


def test_an_old_key_still_opens_and_finds_and_the_new_one_encrypts(app: Flask) -> None:
    use_keys(app, OLD)
    sealed, found_by = pii.encrypt("19900001234"), pii.lookup_hash("19900001234")
    use_keys(app, NEW, OLD)
    assert pii.decrypt(sealed) == "19900001234"
    assert pii.needs_rotation(sealed)
    assert not pii.needs_rotation(pii.encrypt("19900001234"))
    assert found_by in pii.lookup_hashes("19900001234")
    assert found_by != pii.lookup_hash("19900001234")


def test_a_lost_key_or_a_changed_byte_is_told(app: Flask) -> None:
    use_keys(app, OLD)
    sealed = pii.encrypt("19900001234")
    changed = sealed[:-4] + ("AAAA" if not sealed.endswith("AAAA") else "BBBB")
    with pytest.raises(pii.Unreadable):
        pii.decrypt(changed)
    use_keys(app, NEW)
    with pytest.raises(pii.Unreadable):
        pii.decrypt(sealed)


def test_masks_hide_all_but_a_little() -> None:
    assert pii.mask_phone("19900001234") == "199****1234"
    assert pii.mask_phone("123") == "***"
    assert pii.mask_name("欧阳小满") == "欧***"
    assert pii.mask_detail("文三路 1 号 2 幢") == "文三路 1****"
    assert pii.mask_detail("文三路1号") == "文三****"
    assert pii.mask_detail("") == ""


@given(st.text(min_size=1, max_size=80))
def test_an_address_never_shows_more_than_half_nor_more_than_six(detail: str) -> None:
    shown = pii.mask_detail(detail).removesuffix("****")
    assert detail.startswith(shown)
    assert len(shown) <= min(6, len(detail) / 2)
    assert pii.mask_detail(detail).endswith("****")
