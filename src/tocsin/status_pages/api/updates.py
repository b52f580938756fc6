"""`POST /incidents/{id}/status_updates`: tell those who want to hear (core:I91, ei:SU1)."""

from typing import Any

from tocsin.accounts import acting
from tocsin.accounts.wire import user_ref
from tocsin.incidents.api import shown
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table
from tocsin.rest.permissions import Permission
from tocsin.status_pages import wire
from tocsin.status_pages.commands import updating


def publish(call: Call) -> dict[str, Any]:
    """Write a status update, which is sent to everybody who subscribed"""
    actor, id = acting.required(call), shown.incident_id(call)
    row = updating.publish(call.tx, actor, id, call.read(wire.UpdateBody))
    return wire.status_update(row, user_ref(actor.user_id or "", actor.name))


TABLE = Table(
    (
        Operation(
            "POST", "/incidents/{id}/status_updates", publish, 200, "status_update", "incidents.write",
            Permission.RESPOND, body=wire.UpdateBody,
        ),
    )
)  # fmt: skip
