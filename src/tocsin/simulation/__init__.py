"""What would an event do, and whom would it page? The deciders of the real thing, run ahead in memory.

1. The account is read as it is, in one read-only transaction; nothing is stored and nothing is sent.
2. Time goes from one due instant to the next: timers of the incident, later steps of people's rules. It stops after
   the first re-page, when nothing is due any more, or after a day.
3. Nobody answers: what is told is what happens while everybody sleeps.
"""

from datetime import UTC, datetime
from typing import Any

from tocsin.core.db import Database, Tx
from tocsin.events.logic.checking import v1_problems, v2_problems
from tocsin.simulation.account import Account, key_of_service, read_account
from tocsin.simulation.night import Night, happened

Result = dict[str, Any]

__all__ = ["simulate"]


def simulate(database: Database, event: dict[str, Any], at: datetime | None) -> Result:
    """What this event (a body of Events v2 or v1, or one with `service` in place of a key) would do at `at`, else now.

    `{"outcome", "reasons": [str], "pages": [{"at", "user": {"id", "email"}, "channel", "address", "level", "why"}]}`
    """
    connection = database.engine.connect().execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )
    with connection as conn, conn.begin():
        now = database.clock.now(conn) if at is None else _aware(at)
        event, name, problems = _checked(Tx(conn, now), event)
        if problems:
            return _result("rejected: Event object is invalid", problems)
        account = read_account(conn, event, name, now)
    if account is None:
        return _result("rejected: Invalid routing key", [f"no live integration has this {name}"])
    return _ahead(account, now)


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _checked(tx: Tx, event: dict[str, Any]) -> tuple[dict[str, Any], str, list[str]]:
    """The event with its key, the name of that key, and what is wrong with it."""
    service = event.get("service")
    if "routing_key" not in event and "service_key" not in event and isinstance(service, str):
        key = key_of_service(tx.conn, service)
        if key is None:
            return event, "routing_key", [f"no service {service!r} with an Events integration"]
        event = {**event, "routing_key": key}
    if "service_key" in event:
        return event, "service_key", v1_problems(event)
    return event, "routing_key", v2_problems(event)


def _ahead(account: Account, now: datetime) -> Result:
    night = Night(account)
    outcome = happened(night, now)
    night.pass_by(now)
    held = ["this install is held: nothing is really sent until `tocsin resume`"] if account.held else []
    return _result(outcome, held + night.reasons, night.told)


def _result(outcome: str, reasons: list[str], pages: list[dict[str, Any]] | None = None) -> Result:
    return {"outcome": outcome, "reasons": reasons, "pages": pages or []}
