"""What was measured: rows of a figure beside its target."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Figure:
    """`least` or `most` is the target; neither means that the figure is told for its own sake."""

    name: str
    value: float
    unit: str = ""
    least: float | None = None
    most: float | None = None
    note: str = ""

    @property
    def good(self) -> bool:
        return (self.least is None or self.value >= self.least) and (
            self.most is None or self.value <= self.most
        )

    @property
    def target(self) -> str:
        if self.least is not None:
            return f"≥ {self.least:g}"
        return f"≤ {self.most:g}" if self.most is not None else ""

    def line(self) -> str:
        mark = "" if not self.target else "ok" if self.good else "MISSED"
        value = f"{self.value:.3g}" if abs(self.value) < 1000 else f"{self.value:.0f}"
        return f"  {self.name:<52} {value + ' ' + self.unit:>12}  {self.target:>9}  {mark:<7} {self.note}".rstrip()


@dataclass
class Report:
    """Figures are told as they come."""

    figures: list[Figure] = field(default_factory=list)

    def head(self, text: str) -> None:
        print(f"\n{text}", flush=True)

    def tell(self, figure: Figure) -> None:
        self.figures.append(figure)
        print(figure.line(), flush=True)

    @property
    def missed(self) -> list[Figure]:
        return [figure for figure in self.figures if not figure.good]
