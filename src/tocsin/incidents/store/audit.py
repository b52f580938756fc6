"""The auditor's check as one statement (SPINE 9): which triggered incidents, and which held alerts, would fall silent?

1. A triggered incident has a timer that will act on it (escalate, re-page, look again), or a recorded reason to rest
   that still holds: low urgency is no reason at high urgency.
2. An acknowledged incident that is to come back (a snooze, an acknowledgement that times out) has the timer for it.
3. An open incident on which a policy was asked for help, and nobody of it has answered, has the timer of its walk -
   unless the walk is over and paging again is switched off.
4. An alert that an enabled service holds back has a timer that will look at it, no later than its hold ends.
"""

from sqlalchemy import Connection, text

from tocsin.incidents.model import Rest
from tocsin.services.model import LOOK

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

_FORGOTTEN = text(
    """
    SELECT a.id, a.service_id FROM alerts a JOIN services s ON s.id = a.service_id
    WHERE a.status = 'triggered' AND a.held_by IS NOT NULL AND s.status <> 'disabled'
      AND NOT EXISTS (SELECT 1 FROM timers t WHERE t.subject = a.service_id AND t.kind = :look
                      AND t.due_at <= coalesce(a.held_until, t.due_at))
    ORDER BY a.id LIMIT 1000
    """
).bindparams(look=LOOK)


def silent(conn: Connection) -> list[str]:
    """Ids of open incidents without a next step and without an accepted reason, and of alerts held for ever."""
    return [*conn.scalars(_SILENT), *forgotten(conn)]


def forgotten(conn: Connection) -> dict[str, str]:
    """Alerts that are held back and that nothing will look at in time: alert id -> service id."""
    return {row.id: row.service_id for row in conn.execute(_FORGOTTEN)}
