"""What the policies tell earlier packages: who is in use by them (core:P11, core:T3, core:N4)."""

from collections.abc import Sequence

from sqlalchemy import Connection

from tocsin.escalation.store import policies


def uses_of_user(conn: Connection, id: str) -> Sequence[str]:
    """Policies that point at a user."""
    return [f"The user is on an escalation policy: {row.name}" for row in policies.naming(conn, "user", id)]


def uses_of_schedule(conn: Connection, id: str) -> Sequence[str]:
    """Policies that point at a schedule, in these very words: the Terraform provider compares the whole list."""
    said = "Schedule can't be deleted if it's being used by escalation policies"
    return [said] if policies.naming(conn, "schedule", id) else []


def uses_of_team(conn: Connection, id: str) -> Sequence[str]:
    """Policies that belong to a team."""
    return [f"The escalation policy {row.name} belongs to the team" for row in policies.of_team(conn, id)]


def uses_of_member(conn: Connection, id: str) -> Sequence[str]:
    """Policies of a team that need a member; `id` is `team/user`."""
    team_id, user_id = id.split("/", 1)
    needed = policies.naming(conn, "user", user_id, team_id)
    return ["User cannot be removed as they belong to an escalation policy on this team"] if needed else []
