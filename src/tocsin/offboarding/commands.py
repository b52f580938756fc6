"""Off-boarding in one transaction (core:P62): all of it happens, or nothing.

1. A stand-in takes the leaver's place: in open incidents (who is paged for those that were the leaver's), on policies,
   in schedules and overrides, and as manager where a team would have none. Without a choice it is the account's owner.
2. Turns, levels and delays stay as they are: nobody else's duty moves, and no instant loses the cover that it had.
3. Services and open incidents are locked first: what was about to be assigned to the leaver is there by then.
4. What was still to be sent to the leaver is not sent; keys, sessions, second factor and links end.
5. At last the delete guards of `DELETE /users/{id}` are asked: they are the proof that nothing is left behind.
"""

from typing import Any

from sqlalchemy import Connection

from tocsin.accounts import letters
from tocsin.accounts.commands import teams, users
from tocsin.accounts.store import responders
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid
from tocsin.escalation import commands as escalation
from tocsin.escalation import ports as escalation_ports
from tocsin.incidents.commands import leaving
from tocsin.incidents.store import uses as incident_uses
from tocsin.notifications.store import sends
from tocsin.offboarding.looking import Standing, standing
from tocsin.schedules import commands as schedules
from tocsin.schedules import ports as schedules_ports

UNABLE = ("read_only_user", "read_only_limited_user")
USES = (escalation_ports.uses_of_user, schedules_ports.uses_of_user, incident_uses.uses_of_user)


def offboard(tx: Tx, actor: Actor, leaver_id: str, stand_in_id: str | None = None) -> Standing:
    """Hand everything over and delete the leaver; what they stood in. `Invalid` and `Forbidden` change nothing."""
    leaver, stand_in = _both(tx, actor, leaver_id, stand_in_id)
    leaving.lock_everything(tx)
    before = standing(tx.conn, leaver.id, tx.now)
    escalation.stand_in(tx, actor, leaver.id, stand_in.id)
    schedules.stand_in(tx, actor, leaver.id, stand_in.id)
    teams.stand_in(tx, actor, leaver.id, stand_in.id)
    leaving.hand_over(tx, actor, leaver, stand_in)
    sends.drop_of(tx.conn, leaver.id, "the person has left")
    users.drop(tx, actor, leaver, _uses)
    if before.needed:
        _tell(tx, leaver, stand_in, before)
    return before


def _both(tx: Tx, actor: Actor, leaver_id: str, stand_in_id: str | None) -> tuple[Any, Any]:
    stand_in_id = stand_in_id or responders.owner_id(tx.conn) or ""
    locked = {id: users.get(tx.conn, id, lock=True) for id in sorted({leaver_id, stand_in_id} - {""})}
    leaver, stand_in = locked[leaver_id], locked.get(stand_in_id)
    users.may_drop(actor, leaver)
    if stand_in is None or stand_in.id == leaver.id:
        raise Invalid("Choose somebody else to take over")
    if stand_in.role in UNABLE:
        raise Invalid(f"{stand_in.name} is a stakeholder: incidents cannot be assigned to them")
    return leaver, stand_in


def _uses(conn: Connection, id: str) -> list[str]:
    return [reason for use in USES for reason in use(conn, id)]


def _tell(tx: Tx, leaver: Any, stand_in: Any, before: Standing) -> None:
    counted = (
        ("open incidents", before.theirs), ("open incidents that may reach you", before.climbing),
        ("escalation policies", before.policies), ("schedules", before.schedules),
    )  # fmt: skip
    lines = "\n".join(f"- {len(rows)} {name}" for name, rows in counted if rows)
    letters.post(
        tx, stand_in, f"You took over from {leaver.name}",
        f"{leaver.name} has left, and you stand in their place from now on:\n\n{lines}\n\nLook at your schedules and "
        "policies, and pass on what should be somebody else's.",
    )  # fmt: skip
