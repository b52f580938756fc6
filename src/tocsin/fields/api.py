"""The operations on definitions, the same wherever a collection of fields stands (core:I121, core:I122).

1. A collection says where its path leads: the scope that new fields go to, and the line of scopes whose fields
   are seen there. A field is changed where it is defined, not where it is inherited.
2. Options are answered where something was written, and where `include[]=field_options` asks for them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from tocsin.core.errors import Invalid
from tocsin.fields import wire
from tocsin.fields.commands import definitions, options
from tocsin.fields.store import finding
from tocsin.fields.store.tables import Kind
from tocsin.rest.body import read
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, resource
from tocsin.rest.paging import Page, all_of


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a path leads."""

    own: str
    line: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """Fields of one kind at one path. `address(scope id)` is the path of a scope's collection; `shown(row)` gives the
    members that its fields have besides the common ones.
    """

    kind: Kind
    path: str
    scope: Callable[[Call], Scope]
    address: Callable[[str], str]
    shown: Callable[[Row[Any]], dict[str, Any]] = lambda _: {}
    needs_options: bool = False
    always_options: bool = False

    def _show(self, call: Call, rows: Sequence[Row[Any]], wanted: bool = False) -> list[dict[str, Any]]:
        wanted = wanted or self.always_options or call.wants("field_options")
        listed = finding.options(call.conn, [row.id for row in rows]) if wanted else {}
        base = call.links.base
        return [
            wire.field(row, f"{base}{self.address(row.scope_id)}/{row.id}", listed.get(row.id)) | self.shown(row)
            for row in rows
        ]

    def _get(self, call: Call, lock: bool = False) -> Row[Any]:
        scope = self.scope(call)
        row = definitions.get(call.conn, self.kind, scope.line, call.path["field_id"], lock)
        if lock and row.scope_id != scope.own:
            raise Invalid("This field is inherited: change it on the incident type that defines it")
        return row

    def _written(self, call: Call, id: str) -> dict[str, Any]:
        return self._show(call, [definitions.get(call.conn, self.kind, None, id)], True)[0]

    def list_fields(self, call: Call) -> Page:
        """List the custom fields"""
        rows = call.conn.execute(finding.fields(self.kind, self.scope(call).line)).all()
        return all_of(self._show(call, rows))

    def create_field(self, call: Call) -> dict[str, Any]:
        """Define a custom field, with its options"""
        scope, body = self.scope(call), call.read(wire.FieldBody)
        id = definitions.add(call.tx, call.actor, self.kind, scope.own, body, self.needs_options)
        return self._written(call, id)

    def get_field(self, call: Call) -> dict[str, Any]:
        """Get a custom field"""
        return self._show(call, [self._get(call)])[0]

    def update_field(self, call: Call) -> dict[str, Any]:
        """Change a custom field; a list of options replaces the options that are there"""
        row = self._get(call, lock=True)
        body = read(wire.FieldBody, wire.given(call.body), over=wire.present(row))
        definitions.edit(call.tx, call.actor, self.kind, row, body)
        return self._written(call, row.id)

    def delete_field(self, call: Call) -> None:
        """Remove a custom field and every value of it"""
        definitions.drop(call.tx, call.actor, self._get(call, lock=True))

    def list_options(self, call: Call) -> Page:
        """List the options of a custom field"""
        row = self._get(call)
        return all_of([wire.option(one) for one in finding.options(call.conn, [row.id])[row.id]])

    def create_option(self, call: Call) -> dict[str, Any]:
        """Add an option to a custom field"""
        row, [asked] = self._get(call, lock=True), options.asked([call.read(wire.OptionBody)])
        return wire.option(options.add(call.tx, call.actor, self.kind, row, asked.value))

    def get_option(self, call: Call) -> dict[str, Any]:
        """Get an option of a custom field"""
        return wire.option(options.get(call.tx, self._get(call), call.path["field_option_id"]))

    def update_option(self, call: Call) -> dict[str, Any]:
        """Give an option another name; values that are it follow"""
        row = self._get(call, lock=True)
        there = options.get(call.tx, row, call.path["field_option_id"])
        [asked] = options.asked([call.read(wire.OptionBody)])
        options.edit(call.tx, call.actor, self.kind, row, there.id, asked.value)
        return wire.option(options.get(call.tx, row, there.id))

    def delete_option(self, call: Call) -> None:
        """Remove an option; things that hold it keep it"""
        row = self._get(call, lock=True)
        there = options.get(call.tx, row, call.path["field_option_id"])
        options.drop(call.tx, call.actor, self.kind, row, there.id)

    def operations(self) -> tuple[Operation, ...]:
        """The rows of this collection."""
        common: dict[str, Any] = {"scope": "custom_fields", "sees": "all", "audit": "custom_field"}
        return (
            *resource(
                self.path, "field", "fields", key="field_id", body=wire.FieldBody, includes={"field_options": ""},
                list=self.list_fields, create=self.create_field, get=self.get_field, update=self.update_field,
                delete=self.delete_field, **common,
            ),
            *resource(
                self.path + "/{field_id}/field_options", "field_option", "field_options", key="field_option_id",
                body=wire.OptionBody, list=self.list_options, create=self.create_option, get=self.get_option,
                update=self.update_option, delete=self.delete_option, **common,
            ),
        )  # fmt: skip
