"""`/tags`, and the tags of users, teams and escalation policies (core:X1).

The wire's `/{entity_type}/{id}/change_tags` is registered for its three names only: as a pattern it would swallow the
paths of others.
"""

from collections.abc import Callable
from typing import Any

from tocsin.accounts.wire import team_ref, user_ref
from tocsin.escalation.wire import policy_ref
from tocsin.rest.call import Call
from tocsin.rest.objects import Ref, Thing, plural
from tocsin.rest.operations import Operation, Table, resource
from tocsin.rest.paging import Page, offset_page
from tocsin.rest.permissions import Permission
from tocsin.tags import commands, store, wire

REFS: dict[str, Callable[[Any], Ref]] = {
    "user": lambda row: user_ref(row.id, row.name),
    "team": lambda row: team_ref(row.id, row.name),
    "escalation_policy": policy_ref,
}
CHANGES = {
    "user": Permission.MANAGE_PEOPLE, "team": Permission.MANAGE_TEAM, "escalation_policy": Permission.CONFIGURE,
}  # fmt: skip


def list_tags(call: Call) -> Page:
    """List tags"""
    return offset_page(call, store.find(call.text("query")), lambda rows: [wire.tag(row) for row in rows])


def get_tag(call: Call) -> Thing:
    """Get a tag"""
    return wire.tag(commands.get(call.conn, call.id))


def create_tag(call: Call) -> Thing:
    """Make a tag"""
    id = commands.add(call.tx, call.actor, call.read(wire.TagBody).label)
    return wire.tag(commands.get(call.conn, id))


def delete_tag(call: Call) -> None:
    """Remove a tag from everything"""
    commands.drop(call.tx, call.actor, commands.get(call.conn, call.id, lock=True))


def _of(kind: str) -> tuple[Operation, ...]:
    """The three operations of one kind of thing that can bear tags."""
    many = plural(kind)

    def change_tags(call: Call) -> dict[str, Any]:
        body = call.read(wire.ChangeBody)
        if commands.new_labels(call.conn, body):
            call.demand(Permission.CONFIGURE, "tag", [])
        commands.change_tags(call.tx, call.actor, kind, call.id, body)
        return {}

    def list_tags_of(call: Call) -> Page:
        commands.entity(call.conn, kind, call.id)
        found = store.of_entity(kind, call.id)
        return offset_page(call, found, lambda rows: [wire.tag(row) for row in rows])

    def list_tagged(call: Call) -> Page:
        commands.get(call.conn, call.id)
        found = store.tagged(kind, call.id, call.sight)
        return offset_page(call, found, lambda rows: [REFS[kind](row) for row in rows])

    change_tags.__doc__ = f"Put tags on one of the {many}, or take them off"
    list_tags_of.__doc__ = f"List the tags of one of the {many}"
    list_tagged.__doc__ = f"List the {many} that bear a tag"
    reads: dict[str, Any] = {"scope": "tags.read", "permission": Permission.READ}
    return (
        Operation(
            "POST", f"/{many}/{{id}}/change_tags", change_tags, 200, None, "tags.write", CHANGES[kind], audit=kind
        ),
        Operation("GET", f"/{many}/{{id}}/tags", list_tags_of, 200, "tags", **reads),
        Operation("GET", f"/tags/{{id}}/{many}", list_tagged, 200, many, **reads, sees="filtered"),
    )


TABLE = Table(
    (
        *resource(
            "/tags", "tag", "tags", scope="tags", body=wire.TagBody, sees="all", list=list_tags, create=create_tag,
            get=get_tag, delete=delete_tag,
        ),
        *_of("user"), *_of("team"), *_of("escalation_policy"),
    ),
)  # fmt: skip
