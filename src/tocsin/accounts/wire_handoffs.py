"""Hand-off notification rules on the wire (core:N30).

1. A rule names its contact method's type as the client that made it did, with or without `_reference`: Terraform's
   provider compares it with its configuration, where both are allowed.
2. Whoever writes a rule anew without an advance means none: the provider's client leaves out a zero.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from sqlalchemy import Row

from tocsin.rest.body import Body, Pointer
from tocsin.rest.objects import Ref

MOST_ADVANCE = 2880
KINDS = ("both", "oncall", "offcall")


def _kind(given: Any) -> Any:
    return "both" if given == "" else given


class HandoffRuleBody(Body):
    """A hand-off notification rule as clients send one."""

    handoff_type: Annotated[Literal["both", "oncall", "offcall"], BeforeValidator(_kind)] = "both"
    notify_advance_in_minutes: int = Field(0, ge=0, le=MOST_ADVANCE)
    contact_method: Pointer


def present(row: Row[Any], asked: Any) -> dict[str, Any]:
    """What is stored, as a request would say it, for the members that `asked` leaves out (rule 2)."""
    anew = isinstance(asked, Mapping) and bool(asked.get("contact_method"))
    form = "contact_method_reference" if row.as_reference else "contact_method"
    told = {"handoff_type": row.handoff_type, "contact_method": {"id": row.contact_method_id, "type": form}}
    return told if anew else told | {"notify_advance_in_minutes": row.notify_advance_in_minutes}


def handoff_rule(row: Row[Any]) -> dict[str, Any]:
    """A hand-off notification rule, which has no address of its own; `row` carries its method's type and label."""
    at = f"/users/{row.user_id}/contact_methods/{row.contact_method_id}"
    method = Ref(f"{row.method_type}_contact_method", row.contact_method_id, row.label, at, bare=not row.as_reference)
    return {
        "id": row.id, "handoff_type": row.handoff_type, "notify_advance_in_minutes": row.notify_advance_in_minutes,
        "contact_method": method,
    }  # fmt: skip
