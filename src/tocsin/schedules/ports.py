"""What schedules tell earlier packages: who is needed by them, and what belongs to a team."""

from collections.abc import Sequence

from sqlalchemy import Connection

from tocsin.core.clock import real_now
from tocsin.schedules.store import finding


def uses_of_user(conn: Connection, id: str) -> Sequence[str]:
    """Schedules that count on a user (core:N4).

    What is over does not count, and for that the machine's clock will do: a test clock is only ever ahead of it.
    """
    return [f"The user is on the schedule {name}" for name in finding.on_schedules(conn, id, real_now())]


def uses_of_team(conn: Connection, id: str) -> Sequence[str]:
    """Schedules that belong to a team (core:T4)."""
    return [f"The schedule {row.name} belongs to the team" for row in finding.of_team(conn, id)]
