"""One layer over time: its terms one after the other (core:S6, G-63).

The terms never overlap: each ends where the next begins at the latest.
"""

from datetime import datetime

from tocsin.core.zones import DAY, Zone, instant, micros, zone_clock
from tocsin.schedules.logic.turns import Piece, Term
from tocsin.schedules.logic.windows import FOREVER, NEVER
from tocsin.schedules.model import Layer, Shift

NOBODY: frozenset[str] = frozenset()


def shifts(pieces: list[Piece]) -> list[Shift]:
    """Pieces with real datetimes."""
    return [Shift(instant(start), instant(end), user, source) for start, end, user, source in pieces]


def trimmed(pieces: list[Piece], low: int, high: int) -> list[Piece]:
    """Pieces cut to [low, high); those outside it are dropped."""
    cut = []
    for piece in pieces:
        start, end, user, source = piece
        if low <= start and end <= high:
            cut.append(piece)
        elif start < high and end > low:
            cut.append(Piece(max(start, low), min(end, high), user, source))
    return cut


class LayerLine:
    """A layer made ready to be asked."""

    __slots__ = ("_terms",)

    def __init__(self, layer: Layer, zone: Zone, absent: frozenset[str]) -> None:
        self._terms: list[Term] = []
        until = FOREVER
        for term in reversed(layer.terms):
            clock = zone_clock(term.time_zone) if term.time_zone else zone
            self._terms.insert(0, Term(term, clock, absent, until))
            until = min(until, micros(term.start))

    def user_at(self, at: int) -> str | None:
        """Who is on call at an instant."""
        return next((user for term in self._terms if (user := term.user_at(at)) is not None), None)

    def pieces(self, low: int, high: int) -> list[Piece]:
        """The whole entries, in order, that touch [low, high)."""
        if len(self._terms) == 1:
            return self._terms[0].pieces(low, high)
        return [piece for term in self._terms for piece in term.pieces(low, high)]

    def stretch(self, at: int) -> Piece | None:
        """The entries around an instant that belong together, across edits; ``end`` may be FOREVER."""
        for term in self._terms:
            piece = term.stretch(at)
            if piece is not None:
                return self._joined(piece)
        return None

    def _joined(self, piece: Piece) -> Piece:
        """A piece with what the terms before and after it add."""
        for term in reversed(self._terms):
            if term.end == piece.start and (before := term.stretch(piece.start - 1)) and before.user == piece.user:
                piece = piece._replace(start=before.start)
        for term in self._terms:
            if term.start == piece.end and (after := term.stretch(piece.end)) and after.user == piece.user:
                piece = piece._replace(end=after.end)
        return piece

    def turn_end(self, at: int) -> int:
        """The end of the turn that is running at an instant."""
        return next(term.edge(term.turn(at) + 1) for term in self._terms if at < term.end)

    def silent_since(self, at: int, earliest: int) -> int:
        """The last end of an entry at or before ``at``, or ``earliest``."""
        return max(earliest, *(_last_end(term, at, max(earliest, term.start)) for term in self._terms))

    def silent_until(self, at: int, latest: int) -> int:
        """The first start of an entry after ``at``, or ``latest``."""
        return min(latest, *(_next_start(term, at, min(latest, term.end)) for term in self._terms))


def _last_end(term: Term, at: int, earliest: int) -> int:
    """The last end in [earliest, at], else NEVER. The search widens, for most ends are near."""
    reach, at = 2 * DAY, min(at, term.end)
    while at > earliest:
        pieces = term.pieces(max(earliest, at - reach), at)
        if pieces:
            return pieces[-1].end
        if at - reach <= earliest:
            break
        reach *= 4
    return NEVER


def _next_start(term: Term, at: int, latest: int) -> int:
    """The first start in (at, latest), else FOREVER."""
    reach, at = 2 * DAY, max(at, term.start)
    while at < latest:
        pieces = term.pieces(at, min(latest, at + reach))
        if pieces:
            return pieces[0].start
        if at + reach >= latest:
            break
        reach *= 4
    return FOREVER


def layer_shifts(
    layer: Layer,
    time_zone: str,
    since: datetime,
    until: datetime,
    *,
    overflow: bool = False,
    absent: frozenset[str] = NOBODY,
) -> list[Shift]:
    """The entries of one layer in [since, until), in order; whole ones with ``overflow`` (core:S10–S15, S23, S24)."""
    low, high = micros(since), micros(until)
    pieces = LayerLine(layer, zone_clock(time_zone), absent).pieces(low, high) if low < high else []
    return shifts(pieces if overflow else trimmed(pieces, low, high))
