"""What the sandbox tests share."""

from pathlib import Path

import pytest

from tests.sandbox.oa_shop import Shop, open_shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return open_shop(tmp_path, monkeypatch)
