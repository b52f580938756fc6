"""Runs benchmarks and prints one table of goals and figures.

    python -m bench [name …] [--quick]

Names: intake, storm, timers, latency, rest, schedules (all by default). `--quick` takes small sizes, to see that it
works: its figures mean nothing. Absolute figures depend on the machine; the goals are ratios or hold on two cores.
"""

import argparse
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence

from bench import intake, latency, rest, schedules, storm, timers
from bench.figures import Figure, console, machine, progress, table

ALL: Mapping[str, Callable[[bool], Sequence[Figure]]] = {
    "schedules": schedules.figures,
    "latency": latency.figures,
    "rest": rest.figures,
    "intake": intake.figures,
    "storm": storm.figures,
    "timers": timers.figures,
}


def main() -> int:
    """Run those named; 1 when a benchmark itself failed (a missed goal is told, not a failure)."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks with goals.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of {', '.join(ALL)}; all by default")
    parser.add_argument("--quick", action="store_true", help="small sizes; figures without meaning")
    given = parser.parse_args()
    if unknown := set(given.names) - set(ALL):
        parser.error(f"no benchmark {', '.join(sorted(unknown))} (there are {', '.join(ALL)})")
    console.print(machine())
    found, failed = run(given.names or list(ALL), given.quick)
    console.print(table(found))
    if given.quick:
        console.print("Small sizes: these figures mean nothing.")
    if failed:
        console.print(f"[red]could not be run: {', '.join(failed)}")
    return 1 if failed else 0


def run(names: Sequence[str], quick: bool) -> tuple[list[tuple[str, Figure]], list[str]]:
    """(benchmark, figure) of all, and the names of those that broke."""
    found: list[tuple[str, Figure]] = []
    failed = []
    for name in names:
        progress(f"[bold]{name}")
        try:
            found += [(name, figure) for figure in ALL[name](quick)]
        except Exception:
            traceback.print_exc()
            failed.append(name)
    return found, failed


if __name__ == "__main__":
    sys.exit(main())
