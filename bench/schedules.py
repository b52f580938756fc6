"""How long schedules take to render and to ask. Medians of 5. Run: ``python -m bench schedules``.

Targets: a year of 10 layers, 100 users, daily turns, a restriction a layer: 50 ms. The 100 three-layer schedules
behind one GET /oncalls: well under its 100 ms.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time

from bench.figures import Figure
from tocsin.schedules.logic import final_shifts, next_change, rendered, shift_at, who
from tocsin.schedules.model import Layer, Restriction, Schedule

START = datetime(2026, 1, 1, 9, tzinfo=UTC)
NOW = datetime(2026, 10, 3, 13, 37, tzinfo=UTC)


def layer(number: int, users: int, restricted: bool = True) -> Layer:
    """A layer of daily turns, on call for nine hours a day, later for each number."""
    opens = clock_time(hour=number * 2 % 24)
    restrictions = (Restriction("daily", None, opens, 9 * 3600),) if restricted else ()
    names = tuple(f"user {i}" for i in range(users))
    return Layer(f"L{number}", f"layer {number}", START, None, START, 86_400, names, restrictions)


def schedule(number: int, layers: int, users: int) -> Schedule:
    """The lowest layer is always on, except in the big one."""
    lines = tuple(layer(i + number, users, restricted=i > 0 or layers > 3) for i in range(layers))
    return Schedule(f"S{number}", "bench", "Europe/Berlin", lines)


def median(run: Callable[[], object]) -> float:
    """Milliseconds, after one run to warm up."""
    run()
    took = []
    for _ in range(5):
        began = time.perf_counter()
        run()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def figures(quick: bool = False) -> Sequence[Figure]:
    """Take them; small enough to be always whole."""
    big, year = schedule(0, 10, 100), START + timedelta(days=365)
    many = [schedule(i, 3, 6) for i in range(100)]
    return [
        Figure("a year of 10 layers, 100 users: final", median(lambda: final_shifts(big, START, year)), "ms", most=50),
        Figure("the same with all its layers", median(lambda: rendered(big, START, year)), "ms"),
        Figure("shift_at of 100 three-layer schedules", median(lambda: [shift_at(s, NOW) for s in many]), "ms"),
        Figure("who of 100 three-layer schedules", median(lambda: [who(s, NOW) for s in many]), "ms"),
        Figure("next_change of 100 three-layer schedules", median(lambda: [next_change(s, NOW) for s in many]), "ms"),
    ]
