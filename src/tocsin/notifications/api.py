"""`/notifications`: what was sent to whom (core:N50-N52)."""

from datetime import timedelta

from tocsin.core.errors import Invalid
from tocsin.incidents.wire.entries import NOTIFICATIONS
from tocsin.notifications.store.log import tried
from tocsin.notifications.wire import notification
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, offset_page
from tocsin.rest.permissions import Permission

LONGEST = timedelta(days=92)
TYPES = tuple(dict.fromkeys(NOTIFICATIONS.values()))


def list_notifications(call: Call) -> Page:
    """List the messages about incidents that were sent in a window of time"""
    if missing := [name for name in ("since", "until") if not call.text(name)]:
        raise Invalid([f"{name} is required" for name in missing], code=2003, message="Missing Arguments")
    since, until = call.instant("since"), call.instant("until")
    assert since is not None
    assert until is not None
    if not timedelta() <= until - since < LONGEST:
        raise Invalid("since must be before until, by less than three months", code=2005)
    wanted = call.one_of("filter", TYPES, "") if call.text("filter") else None
    return offset_page(call, tried(since, until, wanted, call.sight), lambda rows: [notification(row) for row in rows])


TABLE = Table(
    (
        Operation(
            "GET", "/notifications", list_notifications, 200, "notifications", "users:notifications.read",
            Permission.READ, includes={"users": "user"}, sees="filtered",
        ),
    )
)  # fmt: skip
