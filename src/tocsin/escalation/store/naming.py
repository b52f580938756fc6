"""Which policies point at which schedules (core:S2, core:S30, core:P11)."""

from collections.abc import Iterable

from sqlalchemy import Connection, Text, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY

from tocsin.core.together import Found, Together, among
from tocsin.escalation.store.tables import escalation_policies, escalation_rules
from tocsin.schedules.store.tables import schedules

_policy = escalation_policies.c
_wanted = func.unnest(bindparam("ids", type_=ARRAY(Text))).table_valued("id", name="wanted").render_derived()
# The containment is what the index on targets answers, one look for each schedule.
_as_target = func.jsonb_build_array(
    func.jsonb_build_object(
        literal_column("'kind'"), literal_column("'schedule'"), literal_column("'id'"), _wanted.c.id
    )
)
_POLICIES = (
    select(_wanted.c.id.label("schedule_id"), _policy.id, _policy.name)
    .select_from(_wanted.join(escalation_rules, escalation_rules.c.targets.contains(_as_target)))
    .join(escalation_policies, _policy.id == escalation_rules.c.policy_id)
    .where(_policy.deleted_at.is_(None))
    .distinct()
    .order_by(_policy.name, _policy.id)
)
_READ = Together(
    schedules=select(schedules).where(among(schedules.c.id), schedules.c.deleted_at.is_(None)), policies=_POLICIES
)


def schedules_with_policies(conn: Connection, schedule_ids: Iterable[str]) -> list[tuple[Found, list[Found]]]:
    """The live schedules among these, each with (id, name) of the live policies that point at it, by name."""
    found = _READ.read(conn, ids=schedule_ids)
    return [(row, [one for one in found["policies"] if one.schedule_id == row.id]) for row in found["schedules"]]
