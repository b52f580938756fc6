"""What events do: alerts, dedup, incidents (core:E40-E55, core:I20-I27, SPINE 11).

1. Match key = (integration, dedup_key): one open alert each (core:E40).
2. An accepted trigger is always stored. A disabled service and a maintenance window hold the alert with the reason and
   open nothing (SPINE 11 over core:E48). What still fires when nothing holds it any more opens its incident then: by
   the look at the service (`release`), or by a repeat that comes before it.
3. A repeat replaces what is shown, only raises the severity, and pages nobody (core:E42).
4. `acknowledge` and `resolve` without an open alert do nothing (core:E46).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from tocsin.core.actor import Actor, integration
from tocsin.core.values import changed
from tocsin.events.model import Action, Destination, Incoming
from tocsin.incidents.logic import Opened
from tocsin.incidents.logic.fold import Entry, Fold
from tocsin.incidents.model import (
    Acknowledged,
    Alert,
    Cleared,
    Incident,
    Log,
    Retriggered,
    Status,
    Urgency,
    worse,
)
from tocsin.services.logic import by_severity, hold_of, urgency_change_at, urgency_of
from tocsin.services.model import Hold

Key = tuple[str, str]


@dataclass(slots=True)
class Desk:
    """A batch of events being decided: destinations, open alerts and the fold of their incidents.

    `numbers` and `new_id` hand in what must come from outside (SPINE: ids come in as values).
    """

    fold: Fold
    destinations: dict[str, Destination]
    numbers: Iterator[int]
    new_id: Callable[[], str]
    open_alerts: dict[Key, Alert] = field(default_factory=dict)
    loaded: dict[str, Alert] = field(default_factory=dict)
    new: dict[str, Alert] = field(default_factory=dict)
    changed: dict[str, Alert] = field(default_factory=dict)

    def take(self, event: Incoming) -> None:
        """Let one event do what it does."""
        to = self.destinations[event.key]
        alert = self.open_alerts.get((to.integration.id, event.dedup_key))
        if event.action is Action.TRIGGER:
            self._trigger(event, to, alert)
        elif alert is None:
            return
        elif event.action is Action.ACKNOWLEDGE:
            self._acknowledge(to, alert)
        else:
            self._resolve(event, to, alert)

    def _trigger(self, event: Incoming, to: Destination, alert: Alert | None) -> None:
        if alert is not None:
            self._repeat(event, to, alert)
            return
        alert = _new_alert(self.new_id(), event, to)
        self.new[alert.id] = alert
        hold = hold_of(to.service, self.fold.now)
        if hold is None:
            self._put(replace(alert, incident_id=self._open(to, alert, event.severity)))
            return
        self._put(held_back(alert, hold))
        self._log_held(event, to, alert, hold.why)

    def release(self, alert: Alert, to: Destination) -> None:
        """Open the incident of an alert that was held back, still fires, and that nothing holds any more."""
        self._put(_free(alert, self._open(to, alert, alert.severity, "timer"), self.fold))

    def _put(self, alert: Alert) -> None:
        key = (alert.integration_id or "", alert.dedup_key)
        if alert.status == "triggered":
            self.open_alerts[key] = alert
        else:
            self.open_alerts.pop(key, None)
        (self.new if alert.id in self.new else self.changed)[alert.id] = alert

    def _open(self, to: Destination, alert: Alert, severity: str | None, cause: str = "event") -> str:
        now = self.fold.now
        urgency, why = urgency_of(to.service, severity, now)
        incident = Incident(
            id=self.new_id(),
            number=next(self.numbers),
            service_id=to.service.id,
            title=alert.summary,
            status=Status.TRIGGERED,
            urgency=Urgency(urgency),
            created_at=now,
            updated_at=now,
            last_status_change_at=now,
            last_logged_at=now,
            snapshot=to.snapshot,
            acknowledgement_timeout=to.service.acknowledgement_timeout,
            auto_resolve_timeout=to.service.auto_resolve_timeout,
            alerts_all=1,
            alerts_triggered=1,
            trigger_count=1,
        )
        opened = Opened(
            _sender(to),
            cause,
            reason=f"{_came(to, alert)}; urgency {urgency}: {why}",
            summary=alert.summary,
            event_id=alert.last_event_id,
            alert_id=alert.id,
            urgency_change_at=urgency_change_at(to.service, urgency, now),
        )
        self.fold.open(incident, opened)
        return incident.id

    def _log_held(self, event: Incoming, to: Destination, alert: Alert, why: str) -> None:
        details = {"summary": event.summary, "event_id": event.id}
        log = Log("trigger", _sender(to), "event", why, alert_id=alert.id, details=details)
        self.fold.entries.append(Entry(None, to.service.id, 1, self.fold.now, log))

    def _repeat(self, event: Incoming, to: Destination, alert: Alert) -> None:
        now = self.fold.now
        alert = changed(
            alert,
            summary=event.summary,
            severity=worse(event.severity or "critical", alert.severity),
            body=event.body,
            last_event_id=event.id,
            event_count=alert.event_count + 1,
            updated_at=now,
        )
        if not self._has_open_incident(alert):
            hold = hold_of(to.service, now)
            if hold is None:
                alert = _free(alert, self._open(to, alert, event.severity), self.fold)
            else:
                alert = held_back(replace(alert, incident_id=None), hold)
        elif alert.incident_id is not None:
            raised = Urgency(urgency_of(to.service, alert.severity, now)[0]) if by_severity(to.service, now) else None
            retriggered = Retriggered(_sender(to), "event", event.summary, event.id, alert.id, raised)
            self.fold.apply(alert.incident_id, retriggered)
        self._put(alert)

    def _has_open_incident(self, alert: Alert) -> bool:
        """Normally all that is not held has one; a trigger must not vanish if it ever has not."""
        incident = self.fold.incidents.get(alert.incident_id or "")
        return incident is not None and incident.status is not Status.RESOLVED

    def _acknowledge(self, to: Destination, alert: Alert) -> None:
        if alert.incident_id is not None:
            self.fold.apply(alert.incident_id, Acknowledged(_sender(to), "event"))

    def _resolve(self, event: Incoming, to: Destination, alert: Alert) -> None:
        now = self.fold.now
        self._put(replace(alert, status="resolved", resolved_at=now, updated_at=now, last_event_id=event.id))
        if alert.incident_id is None:
            log = Log("resolve", _sender(to), "event", "it was over while it was held back", alert_id=alert.id)
            self.fold.entries.append(Entry(None, to.service.id, 1, now, log))
            return
        incident = self.fold.incidents[alert.incident_id]
        left = incident.alerts_triggered - 1
        self.fold.put(replace(incident, alerts_triggered=left, updated_at=now))
        if left > 0:
            log = Log("resolve", _sender(to), "event", "one of its alerts is over", alert_id=alert.id)
            self.fold.entries.append(Entry(None, to.service.id, 1, now, log))
        else:
            self.fold.apply(incident.id, Cleared(_sender(to), "event"))


def _new_alert(id: str, event: Incoming, to: Destination) -> Alert:
    return Alert(
        id=id,
        service_id=to.service.id,
        integration_id=to.integration.id,
        dedup_key=event.dedup_key,
        summary=event.summary,
        severity=event.severity or "critical",
        status="triggered",
        body=event.body,
        first_event_id=event.id,
        last_event_id=event.id,
        created_at=event.received_at,
        updated_at=event.received_at,
    )


def held_back(alert: Alert, hold: Hold) -> Alert:
    """The alert as its service holds it back."""
    return replace(alert, suppressed=True, held_by=hold.by, held_until=hold.until, held_why=hold.why)


def _free(alert: Alert, incident_id: str, fold: Fold) -> Alert:
    free = replace(alert, incident_id=incident_id, updated_at=fold.now)
    return replace(free, suppressed=False, held_by=None, held_until=None, held_why=None)


def _came(to: Destination, alert: Alert) -> str:
    """Where the alert came from, and why it opens only now if it was held back."""
    came = f"an event came in on {to.integration.name}"
    if alert.held_why is None:
        return came
    return f"{came} at {alert.created_at:%Y-%m-%d %H:%M} UTC, was held back ({alert.held_why}) and still fires"


def _sender(to: Destination) -> Actor:
    return integration(to.integration.id, to.integration.name)
