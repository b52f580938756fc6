"""Names of zones, and wall clocks across changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import whenever
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.zones import instant, micros, rails_names, zone, zone_clock, zone_names


@pytest.mark.parametrize(
    ("name", "iana"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("US/Eastern", "US/Eastern"),
        ("Eastern Time (US & Canada)", "America/New_York"),
        ("UTC", "UTC"),
        (" Tokyo ", "Asia/Tokyo"),
        ("Nuku'alofa", "Pacific/Tongatapu"),
    ],
)
def test_a_zone_is_known_by_its_iana_name_and_by_its_rails_name(name: str, iana: str) -> None:
    assert zone(name) == iana


def test_every_rails_name_leads_to_a_zone_of_the_pinned_data() -> None:
    assert set(rails_names().values()) <= zone_names()


@pytest.mark.parametrize(("name", "close"), [("Europe/Berlni", "Europe/Berlin"), ("New York", "America/New_York")])
def test_an_unknown_zone_is_refused_with_names_that_are_close(name: str, close: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' is not a known time zone; perhaps .*{close}"):
        zone(name)


@pytest.mark.parametrize("name", ["", "Factory", "../../etc/passwd", "xyzzy", "+02:00"])
def test_nonsense_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a known time zone"):
        zone(name)


def test_zone_data_never_comes_from_the_machine() -> None:
    assert whenever.get_tzpath() == ()


def test_a_skipped_wall_time_moves_forward_by_the_gap() -> None:
    berlin = zone_clock("Europe/Berlin")
    skipped = micros(datetime(2026, 3, 29, 2, 20, tzinfo=UTC))
    assert instant(berlin.utc(skipped)) == datetime(2026, 3, 29, 1, 20, tzinfo=UTC)


def test_a_repeated_wall_time_means_its_first_occurrence() -> None:
    berlin = zone_clock("Europe/Berlin")
    repeated = micros(datetime(2026, 10, 25, 2, 20, tzinfo=UTC))
    assert instant(berlin.utc(repeated)) == datetime(2026, 10, 25, 0, 20, tzinfo=UTC)


def test_ticks_shorter_than_a_gap_never_run_backwards() -> None:
    troll, hour = zone_clock("Antarctica/Troll"), 3600 * 1_000_000
    midnight = micros(datetime(2026, 3, 29, tzinfo=UTC))
    ticks = [troll.utc_of_step(midnight + k * hour, hour) for k in range(8)]
    assert ticks == sorted(ticks)


def test_an_instant_keeps_its_microseconds() -> None:
    now = datetime(2026, 11, 21, 6, 30, 1, 234567, tzinfo=UTC)
    assert instant(micros(now)) == now


_WALLS = st.datetimes(datetime(1975, 1, 1), datetime(2100, 1, 1))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(zone_names())), _WALLS)
def test_wall_times_are_read_as_the_standard_library_reads_them(name: str, wall: datetime) -> None:
    wall = wall.replace(fold=0)  # of a time that comes twice, or never, the first reading (hypothesis draws both)
    expected = wall.replace(tzinfo=ZoneInfo(name)).astimezone(UTC)
    clock = zone_clock(name)
    assert instant(clock.utc(micros(wall.replace(tzinfo=UTC)))) == expected
    shown = expected.astimezone(ZoneInfo(name)).replace(tzinfo=UTC)
    assert abs(instant(clock.wall(micros(expected))) - shown) < timedelta(microseconds=1)
