"""What a benchmark found: figures with their goals, the machine they were taken on, one table of all."""

import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

console = Console(width=None if sys.stdout.isatty() else 132)
_began = time.monotonic()


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `least` or `most` is its goal; without one it is only told."""

    name: str
    value: float | None
    unit: str = ""
    least: float | None = None
    most: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal was met; None without a goal. A figure that could not be taken is missed."""
        if self.least is None and self.most is None:
            return None
        if self.value is None:
            return False
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    @property
    def goal(self) -> str:
        """The goal as text."""
        return f"≥ {shown(self.least)}" if self.least is not None else f"≤ {shown(self.most)}" if self.most else ""


def shown(value: float | None) -> str:
    """A number with as many digits as mean something."""
    if value is None:
        return "—"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def progress(line: str) -> None:
    """Say what is going on, with the seconds since the start."""
    console.print(f"[dim]{time.monotonic() - _began:6.0f} s[/dim]  {line}", highlight=False)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value that `share` (0..1) of `values` do not exceed (nearest rank); None of nothing."""
    if not values:
        return None
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * share) - 1)]


def median(values: Sequence[float]) -> float | None:
    """The median; None of nothing."""
    return statistics.median(values) if values else None


def machine() -> str:
    """Where this runs: cores, processor, Python, load at the start."""
    load = ", ".join(f"{part:.2f}" for part in os.getloadavg())
    model = next(
        (line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine()
    )
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}, load average at start {load}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def table(found: Sequence[tuple[str, Figure]]) -> Table:
    """All figures, by benchmark."""
    made = Table("benchmark", "figure", "value", "goal", "", "note", title="Benchmarks")
    for name, figure in found:
        verdict = {True: "[green]met", False: "[red]missed", None: ""}[figure.met]
        made.add_row(name, figure.name, f"{shown(figure.value)} {figure.unit}", figure.goal, verdict, figure.note)
    return made
