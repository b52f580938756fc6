"""What the policies tell earlier packages: who is in use by them (core:P11, core:T3, core:N4)."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from tocsin.escalation.store import policies


def _uses_of(kind: str, said: str) -> Callable[[Connection, str], Sequence[str]]:
    def uses(conn: Connection, id: str) -> Sequence[str]:
        return [f"{said}: {row.name}" for row in policies.naming(conn, kind, id)]

    return uses


uses_of_user = _uses_of("user", "The user is on an escalation policy")
uses_of_schedule = _uses_of("schedule", "Schedule can't be deleted if it's being used by escalation policies")


def uses_of_team(conn: Connection, id: str) -> Sequence[str]:
    """Policies that belong to a team."""
    return [f"The escalation policy {row.name} belongs to the team" for row in policies.of_team(conn, id)]


def uses_of_member(conn: Connection, id: str) -> Sequence[str]:
    """Policies of a team that need a member; `id` is `team/user`."""
    team_id, user_id = id.split("/", 1)
    needed = policies.naming(conn, "user", user_id, team_id)
    return ["User cannot be removed as they belong to an escalation policy on this team"] if needed else []
