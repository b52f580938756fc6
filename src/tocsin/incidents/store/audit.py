"""The auditor's check as one statement (SPINE 9): which triggered incidents would fall silent?

1. A triggered incident has a timer that will act on it (escalate, re-page, look again), or a recorded reason to rest
   that still holds: low urgency is no reason at high urgency.
2. An acknowledged incident that is to come back (a snooze, an acknowledgement that times out) has the timer for it.
3. An open incident on which a policy was asked for help, and nobody of it has answered, has the timer of its walk -
   unless the walk is over and paging again is switched off.
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
    UNION
    SELECT i.id FROM incidents i
    WHERE i.status <> 'resolved' AND i.requests <> '[]'::jsonb
      AND jsonb_path_exists(i.requests, '$[*].targets[*] ?
          (@.kind == "escalation_policy" && @.state == "pending" && @.resting == false)')
      AND NOT EXISTS (SELECT 1 FROM timers t WHERE t.subject = i.id AND t.kind = 'incident.request')
    ORDER BY id LIMIT 1000
    """
).bindparams(low=Rest.LOW_URGENCY)


def silent(conn: Connection) -> list[str]:
    """Ids of open incidents without a next step and without an accepted reason."""
    return list(conn.scalars(_SILENT))
