"""Random schedules around changes of the clocks, for the oracles."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import strategies as st

from tocsin.schedules.model import Layer, Override, Restriction, Schedule

PEOPLE = ("alice", "bob", "eve")
# A zone and a UTC midnight near which its clocks change, or none at all.
NIGHTS = [
    ("Europe/Berlin", datetime(2026, 3, 29)),
    ("Europe/Berlin", datetime(2026, 10, 25)),
    ("America/New_York", datetime(2026, 3, 8)),
    ("America/New_York", datetime(2026, 11, 1)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3)),
    ("America/Santiago", datetime(2026, 4, 5)),
    ("America/Santiago", datetime(2026, 9, 6)),
    ("Asia/Beirut", datetime(2026, 3, 29)),
    ("Asia/Beirut", datetime(2026, 10, 25)),
    ("Asia/Kolkata", datetime(2026, 5, 4)),  # a Monday
    ("UTC", datetime(2026, 1, 5)),  # a Monday
]
_QUARTER = timedelta(minutes=15)


def _near(night: datetime, quarters: int) -> st.SearchStrategy[datetime]:
    return st.integers(-quarters, quarters).map(lambda n: night.replace(tzinfo=UTC) + n * _QUARTER)


_TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
_DAILY = st.builds(Restriction, st.just("daily"), st.none(), _TIMES, st.integers(1, 95).map(lambda n: n * 900))
_WEEKLY = st.builds(
    Restriction, st.just("weekly"), st.integers(1, 7), _TIMES, st.integers(1, 671).map(lambda n: n * 900)
)
_LENGTHS = st.sampled_from([3600, 4500, 6 * 3600, 12 * 3600, 86_400, 7 * 86_400])


def _layers(night: datetime, id: str) -> st.SearchStrategy[Layer]:
    starts = st.one_of(_near(night, 200), st.just(night.replace(tzinfo=UTC) - timedelta(days=400)))
    return st.builds(
        Layer,
        st.just(id),
        st.just(id),
        starts,
        st.one_of(st.none(), _near(night, 200)),
        st.one_of(_near(night, 200), _near(night, 100_000)),
        _LENGTHS,
        st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4).map(tuple),
        st.lists(st.one_of(_DAILY, _WEEKLY), max_size=3).map(tuple),
        phase=st.integers(0, 3),
    )


def _overrides(night: datetime, number: int) -> st.SearchStrategy[Override]:
    start, length = _near(night, 200), st.integers(1, 100).map(lambda n: n * _QUARTER)
    user, id = st.sampled_from((*PEOPLE, "mallory")), st.just(f"Q{number}")
    return st.builds(lambda i, s, n, u: Override(i, s, s + n, u, number), id, start, length, user)


@st.composite
def plans(draw: st.DrawFn, layers: int = 3, overrides: int = 3) -> tuple[Schedule, datetime]:
    """A schedule, and the instant around which something happens in it."""
    zone, night = draw(st.sampled_from(NIGHTS))
    lines = tuple(draw(_layers(night, f"L{i}")) for i in range(draw(st.integers(1, layers))))
    cover = tuple(draw(_overrides(night, i)) for i in range(draw(st.integers(0, overrides))))
    return Schedule("PSCHED", "Primary", zone, lines, cover), night.replace(tzinfo=UTC)


ABSENT = st.frozensets(st.sampled_from(PEOPLE), max_size=2)
