"""Ids that the demo shows outside: the same for the same seed, so that its links lead to the same things everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from shopapp.kernel.ids import ALPHABET, ID_LENGTH


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of one demo shop. They can be guessed, which is why only the demo makes such."""

    seed: int

    def of(self, kind: str, *names: str | int) -> str:
        """The id of the thing of this kind that these names tell from all others."""
        text = ":".join(map(str, (self.seed, kind, *names)))
        bits = int.from_bytes(sha256(text.encode()).digest()[:8], "big")
        return "".join(ALPHABET[bits >> (5 * place) & 31] for place in range(ID_LENGTH))
