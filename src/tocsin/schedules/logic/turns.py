"""Whose turn it is in one term of a layer.

1. Turn k runs on the wall clock from rotation_virtual_start + k·length; its user is number k modulo the list, also
   for negative k (core:S10, S12).
2. rotation_virtual_start sets only the phase: nobody is on call before ``start`` or from ``end`` on (core:S11, G-61).
3. A turn that a change of the clocks makes empty is none; turns never overlap (core:S13).
4. Turns pass in silent hours too (core:S15).
5. The turn of an absent user is a gap through which the next lower layer shows (core:G-71).
6. An entry is one turn within one window; neighbours stay apart even for the same user (core:S24).
"""

from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

from tocsin.core.zones import SECOND, Zone, micros
from tocsin.schedules.logic.windows import FOREVER, NEVER, Pattern, pattern, windows
from tocsin.schedules.model import Layer


class Piece(NamedTuple):
    """A shift in microseconds."""

    start: int
    end: int
    user: str
    source: str


class Term:
    """A layer between two edits, made ready to be asked. Turns are found by division, not by walking from the start."""

    __slots__ = ("_alone", "_first", "_layer", "_phase", "_step", "_users", "_week", "_zone", "absent", "end", "start")

    def __init__(self, layer: Layer, zone: Zone, absent: frozenset[str], until: int = FOREVER) -> None:
        self._layer = layer.id
        self._users = layer.users
        self._alone = len(set(layer.users)) == 1
        self._phase = layer.phase
        self._zone = zone
        self._step = layer.rotation_turn_length_seconds * SECOND
        self._first = zone.wall(micros(layer.rotation_virtual_start))
        self._week: Pattern | None = pattern(layer.restrictions)
        self.absent = absent
        self.start = micros(layer.start)
        self.end = min(until, FOREVER if layer.end is None else micros(layer.end))
        if absent.issuperset(layer.users):
            self.end = self.start

    def edge(self, turn: int) -> int:
        """When a turn begins."""
        return self._zone.utc_of_step(self._first + turn * self._step, self._step)

    def turn(self, at: int) -> int:
        """The number of the turn at an instant."""
        turn = (self._zone.wall(at) - self._first) // self._step
        while self.edge(turn + 1) <= at:
            turn += 1
        while self.edge(turn) > at:
            turn -= 1
        return turn

    def user(self, turn: int) -> str:
        """Whose turn it is, absent or not."""
        return self._users[(turn + self._phase) % len(self._users)]

    def user_at(self, at: int) -> str | None:
        """Who is on call at an instant."""
        if not self.start <= at < self.end:
            return None
        if self._week is not None and not windows(self._week, self._zone, at, at + 1):
            return None
        user = self.user(self.turn(at))
        return None if user in self.absent else user

    def pieces(self, low: int, high: int) -> list[Piece]:
        """The whole entries, in order, that touch [low, high)."""
        low, high = max(low, self.start), min(high, self.end)
        if low >= high:
            return []
        found: list[Piece] = []
        turn = self.turn(low)
        edges = self._edges(turn, high)
        for opens, closes in windows(self._week, self._zone, low, high):
            opens, closes = max(opens, self.start), min(closes, self.end)
            i = max(0, bisect_right(edges, opens) - 1)
            while True:
                left, right = edges[i], edges[i + 1]
                start, end = left if left > opens else opens, right if right < closes else closes
                if start < end and (user := self.user(turn + i)) not in self.absent:
                    found.append(Piece(start, end, user, self._layer))
                if right >= closes or right >= high:
                    break
                i += 1
        return found

    def _edges(self, turn: int, high: int) -> list[int]:
        """When this turn and those after it begin, up to the first that does so at or after ``high``."""
        first, step = self._first + turn * self._step, self._step
        walls = range(first + step, self._zone.wall(high) + step, step)
        edges = list(accumulate(self._zone.utc_all(walls), max, initial=self.edge(turn)))
        while edges[-1] < high:
            edges.append(self.edge(turn + len(edges)))
        return edges

    def stretch(self, at: int) -> Piece | None:
        """The entries around an instant that belong together: turns of one user in a row, cut by their window.

        ``end`` is FOREVER when the same user is on call for good.
        """
        user = self.user_at(at)
        if user is None:
            return None
        opens, closes = windows(self._week, self._zone, at, at + 1)[0]
        start, end = self._run(self.turn(at))
        return Piece(max(start, opens, self.start), min(end, closes, self.end), user, self._layer)

    def _run(self, turn: int) -> tuple[int, int]:
        """Where the turns in a row of one user begin and end; turns that are empty break no row."""
        if self._alone:
            return NEVER, FOREVER
        user, last = self.user(turn), turn
        while self.user(last + 1) == user or self.edge(last + 1) == self.edge(last + 2):
            last += 1
        while self.user(turn - 1) == user or self.edge(turn - 1) == self.edge(turn):
            turn -= 1
        return self.edge(turn), self.edge(last + 1)
