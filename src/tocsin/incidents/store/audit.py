"""The auditor's check as one statement (SPINE 9): which triggered incidents would fall silent?

1. A triggered incident has a timer that will act on it (escalate, re-page, look again), or a recorded reason to rest
   that still holds: low urgency is no reason at high urgency.
2. An acknowledged incident that is to come back (a snooze, an acknowledgement that times out) has the timer for it.
"""

from sqlalchemy import Connection, text

from tocsin.incidents.model import Rest

_SILENT = text(
    """
    SELECT i.id FROM incidents i
    WHERE i.status = 'triggered' AND (i.resting IS NULL OR (i.resting = :low AND i.urgency <> 'low'))
      AND NOT EXISTS (SELECT 1 FROM timers t WHERE t.subject = i.id
                      AND t.kind IN ('incident.escalate', 'incident.re-page', 'incident.re-resolve'))
    UNION ALL
    SELECT i.id FROM incidents i
    WHERE i.status = 'acknowledged' AND (i.snoozed_until IS NOT NULL OR i.acknowledgement_timeout > 0)
      AND NOT EXISTS (SELECT 1 FROM timers t WHERE t.subject = i.id AND t.kind = 'incident.unacknowledge')
    ORDER BY id LIMIT 1000
    """
).bindparams(low=Rest.LOW_URGENCY)


def silent(conn: Connection) -> list[str]:
    """Ids of open incidents without a next step and without an accepted reason."""
    return list(conn.scalars(_SILENT))
