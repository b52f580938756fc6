"""Whose services one sees (docs/decisions/rights-and-sight.md)."""

from sqlalchemy import ColumnElement, true

from tocsin.escalation.store import policies
from tocsin.rest.permissions import Sight
from tocsin.services.store.tables import services


def seen(sight: Sight) -> ColumnElement[bool]:
    """A condition: the service is seen."""
    return true() if sight.everything else services.c.escalation_policy_id.in_(policies.seen_ids(sight))
