"""Everything that a person stands in, to read before they leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tocsin.accounts.commands import sessions
from tocsin.accounts.store import people
from tocsin.core.clock import real_now
from tocsin.escalation.store import policies
from tocsin.incidents.store.uses import held_by
from tocsin.schedules.store.finding import counting_on


@dataclass(frozen=True, slots=True)
class Standing:
    """What one person is part of; rows as their packages give them."""

    incidents: Sequence[Any]
    policies: Sequence[Any]
    schedules: Sequence[Any]
    teams: Sequence[Any]
    keys: Sequence[Any]
    sessions: Sequence[Any]
    methods: Sequence[Any]
    rules: Sequence[Any]

    @property
    def theirs(self) -> list[Any]:
        """Open incidents that are assigned to them."""
        return [row for row in self.incidents if row.theirs]

    @property
    def climbing(self) -> list[Any]:
        """Open incidents of others that may yet reach them."""
        return [row for row in self.incidents if not row.theirs]

    @property
    def needed(self) -> bool:
        """Whether anybody has to take over."""
        return bool(self.incidents or self.policies or self.schedules)


def standing(conn: Connection, user_id: str, now: datetime) -> Standing:
    """What this person is part of at `now`."""
    return Standing(
        incidents=held_by(conn, user_id),
        policies=policies.naming(conn, "user", user_id),
        schedules=counting_on(conn, user_id, now),
        teams=people.teams_of(conn, [user_id]),
        keys=people.keys_of(conn, user_id),
        sessions=sessions.listed(conn, user_id, real_now()),
        methods=people.methods_of(conn, [user_id]),
        rules=people.rules_of(conn, [user_id]),
    )
