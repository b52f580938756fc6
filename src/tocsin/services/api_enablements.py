"""`/services/{id}/enablements` (ei:EO19). The answer to a change is one object, as the schema says; the document's own
example shows a list."""

from typing import Any

from pydantic import StrictBool

from tocsin.core.errors import NotFound
from tocsin.rest.body import Body
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, all_of
from tocsin.rest.permissions import Permission
from tocsin.services import commands, enablements


class EnablementBody(Body):
    """Whether a set of features is on."""

    enabled: StrictBool


def list_enablements(call: Call) -> Page:
    """List which sets of features are on for a service"""
    row = commands.get(call.conn, call.id)
    return all_of(enablements.of(call.conn, "service", row.id))


def update_enablement(call: Call) -> dict[str, Any]:
    """Switch a set of features on or off for a service"""
    row = commands.get(call.conn, call.id, lock=True)
    feature = call.path["feature_name"]
    if feature not in enablements.FEATURES:
        raise NotFound(f"There is no such feature; there is {', '.join(enablements.FEATURES)}")
    enabled = call.read(EnablementBody).enabled
    return enablements.put(call.tx, call.actor, commands.subject(row), feature, enabled)


_AT = "/services/{id}/enablements"

TABLE = Table(
    (
        Operation("GET", _AT, list_enablements, 200, "enablements", "services.read", Permission.READ),
        Operation(
            "PUT", _AT + "/{feature_name}", update_enablement, 200, "enablement", "services.write",
            Permission.CONFIGURE, audit="service", takes="enablement", body=EnablementBody,
        ),
    )
)  # fmt: skip
