"""Who is on call: layers and overrides read as one line.

1. The latest created override wins, then the last created layer, down to the first; a lower one shows through the
   gaps of those above it. At each instant there is one person or nobody (core:S8, S43).
2. Neighbouring entries of one user from one layer are one shift (core:S24).
3. ``overflow`` gives shifts their whole bounds, also in the final schedule (core:S23, G-70). A shift that would
   never end is said to end with the turn that is running (core:G-69).
4. An absent person's override counts as little as his turns (core:G-71).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tocsin.core.zones import DAY, instant, micros, zone_clock
from tocsin.schedules.logic.layers import NOBODY, LayerLine, shifts, trimmed
from tocsin.schedules.logic.turns import Piece
from tocsin.schedules.logic.windows import FOREVER
from tocsin.schedules.model import Override, Rendered, Schedule, Shift

HORIZON = timedelta(days=400)  # longer than the longest turn


class ScheduleLine:
    """A schedule made ready to be asked. Layers are made ready when first needed."""

    def __init__(self, schedule: Schedule, absent: frozenset[str]) -> None:
        self._zone = zone_clock(schedule.time_zone)
        self._absent = absent
        self._layers = [*reversed(schedule.layers)]
        self._ready: list[LayerLine] = []
        kept = (override for override in schedule.overrides if override.user not in absent)
        self._overrides = [_piece(override) for override in sorted(kept, key=_latest_first)]

    def _lines(self) -> Iterator[LayerLine]:
        """The layers, the highest precedence first."""
        for i, layer in enumerate(self._layers):
            if i == len(self._ready):
                self._ready.append(LayerLine(layer, self._zone, self._absent))
            yield self._ready[i]

    def user_at(self, at: int) -> str | None:
        """Who is on call at an instant."""
        for override in self._overrides:
            if override.start <= at < override.end:
                return override.user
        return next((user for line in self._lines() if (user := line.user_at(at)) is not None), None)

    def layer_pieces(self, low: int, high: int) -> Iterator[list[Piece]]:
        """The whole entries of each layer that touch [low, high), the highest precedence first."""
        return (line.pieces(low, high) for line in self._lines())

    def pieces(self, low: int, high: int, layers: Iterable[list[Piece]] | None = None) -> list[Piece]:
        """The final schedule in [low, high), cut to it, in order; ``layers`` are their pieces where known already."""
        if low >= high:
            return []
        found: list[Piece] = []
        gaps = [(low, high)]
        for override in self._overrides:
            if override.start < high and override.end > low:
                gaps = _fill(gaps, [override], found)
        for pieces in self.layer_pieces(low, high) if layers is None else layers:
            gaps = _fill(gaps, pieces, found)
            if not gaps:
                break
        found.sort()
        return _merged(found)

    def stretch(self, at: int) -> Piece | None:
        """The whole shift around an instant."""
        for i, override in enumerate(self._overrides):
            if override.start <= at < override.end:
                return self._under_overrides(override, at, i)
        above: list[LayerLine] = []
        for line in self._lines():
            piece = line.stretch(at)
            if piece is not None:
                return self._under(piece, at, line, above)
            above.append(line)
        return None

    def _under(self, piece: Piece, at: int, line: LayerLine, above: list[LayerLine]) -> Piece:
        if piece.end >= FOREVER:
            piece = piece._replace(end=line.turn_end(at))
        start, end, user, source = self._under_overrides(piece, at, len(self._overrides))
        for higher in above:
            start, end = higher.silent_since(at, start), higher.silent_until(at, end)
        return Piece(start, end, user, source)

    def _under_overrides(self, piece: Piece, at: int, count: int) -> Piece:
        """A piece cut by the first ``count`` overrides, none of which is running."""
        start, end, user, source = piece
        for override in self._overrides[:count]:
            if override.start >= override.end:
                continue
            if override.end <= at:
                start = max(start, override.end)
            else:
                end = min(end, override.start)
        return Piece(start, end, user, source)


def _latest_first(override: Override) -> int:
    return -override.created


def _piece(override: Override) -> Piece:
    return Piece(micros(override.start), micros(override.end), override.user, override.id)


def _fill(gaps: list[tuple[int, int]], pieces: list[Piece], found: list[Piece]) -> list[tuple[int, int]]:
    """Put into the gaps what the pieces (in order, apart) cover of them; returns the gaps that are left."""
    left: list[tuple[int, int]] = []
    i, count = 0, len(pieces)
    for low, high in gaps:
        while i < count and pieces[i].end <= low:
            i += 1
        while i < count and pieces[i].start < high:
            start, end, user, source = pieces[i]
            if start > low:
                left.append((low, start))
                low = start
            if end > high:
                end = high
            if low < end:
                found.append(Piece(low, end, user, source))
                low = end
            if low >= high:
                break
            i += 1
        if low < high:
            left.append((low, high))
    return left


def _merged(pieces: list[Piece]) -> list[Piece]:
    merged: list[Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if last and last.end == piece.start and last.source == piece.source and last.user == piece.user:
            merged[-1] = Piece(last.start, piece.end, piece.user, piece.source)
        else:
            merged.append(piece)
    return merged


def who(schedule: Schedule, at: datetime, *, absent: frozenset[str] = NOBODY) -> frozenset[str]:
    """The people on call at an instant. The pager's question."""
    user = ScheduleLine(schedule, absent).user_at(micros(at))
    return frozenset() if user is None else frozenset((user,))


def shift_at(schedule: Schedule, at: datetime, *, absent: frozenset[str] = NOBODY) -> Shift | None:
    """The whole shift around an instant, or None when nobody is on call (core:G-70)."""
    piece = ScheduleLine(schedule, absent).stretch(micros(at))
    return None if piece is None else shifts([piece])[0]


def final_shifts(
    schedule: Schedule,
    since: datetime,
    until: datetime,
    *,
    overflow: bool = False,
    absent: frozenset[str] = NOBODY,
) -> list[Shift]:
    """The final schedule in [since, until), in order; whole shifts with ``overflow`` (core:S8, S23, S24, S43)."""
    low, high = micros(since), micros(until)
    line = ScheduleLine(schedule, absent)
    pieces = line.pieces(low, high)
    return shifts(_overflowing(line, pieces, low, high) if overflow else pieces)


def rendered(
    schedule: Schedule,
    since: datetime,
    until: datetime,
    *,
    overflow: bool = False,
    absent: frozenset[str] = NOBODY,
) -> Rendered:
    """Layers, overrides and final schedule of one window; cheaper than asking for each (core:S21)."""
    low, high = micros(since), micros(until)
    line = ScheduleLine(schedule, absent)
    layers = list(line.layer_pieces(low, high)) if low < high else [[] for _ in schedule.layers]
    final = line.pieces(low, high, layers)
    return Rendered(
        layers=tuple(shifts(pieces if overflow else trimmed(pieces, low, high)) for pieces in reversed(layers)),
        overrides=override_shifts(schedule, since, until, overflow=overflow),
        final=shifts(_overflowing(line, final, low, high) if overflow else final),
    )


def _overflowing(line: ScheduleLine, pieces: list[Piece], low: int, high: int) -> list[Piece]:
    """Only the first and the last piece can have been cut."""
    if pieces and pieces[0].start == low and (whole := line.stretch(low)):
        pieces[0] = pieces[0]._replace(start=whole.start)
    if pieces and pieces[-1].end == high and (whole := line.stretch(high - 1)):
        pieces[-1] = pieces[-1]._replace(end=whole.end)
    return pieces


def override_shifts(schedule: Schedule, since: datetime, until: datetime, *, overflow: bool = False) -> list[Shift]:
    """Every override that touches [since, until), by start; those covered by later ones too (core:S21, S23, G-64)."""
    low, high = micros(since), micros(until)
    touching = [piece for piece in map(_piece, schedule.overrides) if piece.start < high and piece.end > low]
    return shifts(sorted(touching if overflow else trimmed(touching, low, high)))


def users_in(
    schedule: Schedule, since: datetime, until: datetime, *, absent: frozenset[str] = NOBODY
) -> frozenset[str]:
    """Everybody who is on call at some time in [since, until) (core:S29)."""
    pieces = ScheduleLine(schedule, absent).pieces(micros(since), micros(until))
    return frozenset(piece.user for piece in pieces)


def next_on_call(
    schedule: Schedule,
    user: str,
    after: datetime,
    horizon: timedelta = HORIZON,
    *,
    absent: frozenset[str] = NOBODY,
) -> Shift | None:
    """The user's first whole shift that starts at or after an instant, within the horizon (core:S28).

    A shift that is already running is not the next one.
    """
    line, low = ScheduleLine(schedule, absent), micros(after)
    running = line.stretch(low)
    for pieces in _widening(line, low, low + horizon // timedelta(microseconds=1)):
        for piece in pieces:
            if piece.user == user and (piece.start > low or (running and running.start == low)):
                return shifts([line.stretch(piece.start) or piece])[0]
    return None


def next_change(
    schedule: Schedule, after: datetime, horizon: timedelta = HORIZON, *, absent: frozenset[str] = NOBODY
) -> datetime | None:
    """The first instant after ``after`` at which ``who`` answers differently; None if there is none in the horizon."""
    line, low = ScheduleLine(schedule, absent), micros(after)
    limit = low + horizon // timedelta(microseconds=1)
    now = line.user_at(low)
    for pieces in _widening(line, low, limit):
        at = _first_change(pieces, low, now)
        # At the window's own end the pieces are cut, so only the line itself can tell.
        if at < limit and line.user_at(at) != now:
            return instant(at)
    return None


def _first_change(pieces: list[Piece], low: int, now: str | None) -> int:
    """Up to where the pieces go on as at ``low``."""
    if now is None:
        return pieces[0].start if pieces else FOREVER
    for piece in pieces:
        if piece.user != now or piece.start > low:
            break
        low = piece.end
    return low


def _widening(line: ScheduleLine, low: int, high: int) -> Iterator[list[Piece]]:
    """The final schedule from ``low``, over ever longer windows up to ``high``: most answers are near."""
    reach = 8 * DAY
    while low + reach < high:
        yield line.pieces(low, low + reach)
        reach *= 4
    yield line.pieces(low, high)
