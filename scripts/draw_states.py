"""Draws what happens to an incident, from the transition table itself, into docs/behaviour/incidents.md.

Every event is tried on sample incidents in every state (at a level and assigned by hand, high and low); what comes of
it is the cell. `python -m scripts.draw_states` writes the page; a test holds it against the table.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin.core.actor import Actor, ActorKind
from tocsin.escalation.model import Level, Snapshot, Target, TargetKind
from tocsin.incidents.logic import TRANSITIONS, Opened, decide, open_incident
from tocsin.incidents.model import (
    Acknowledged,
    Asks,
    Delegated,
    Edited,
    Event,
    Facts,
    FieldsSet,
    Incident,
    Reassigned,
    Refused,
    Reopened,
    Request,
    RequestTarget,
    Resolved,
    RespondersAsked,
    Retriggered,
    Snoozed,
    Status,
    Urgency,
    UrgencySet,
)

PAGE = Path(__file__).parents[1] / "docs" / "behaviour" / "incidents.md"
BEGIN, END = "<!-- drawn by scripts/draw_states.py -->", "<!-- end of what is drawn -->"
NOW = datetime(2024, 1, 1, tzinfo=UTC)
ALICE = Actor(ActorKind.USER, "alice", "Alice")
ON_CALL = Target(TargetKind.USER, "alice")
POLICY = Snapshot("EP", "Policy", 0, (Level("R", timedelta(minutes=5), (ON_CALL,)),))
HELPER = RequestTarget(Asks.USER, "bob", "Bob")
FACTS = Facts(oncall={ON_CALL: ("alice",)})

#: events whose outcome depends on what they carry; all others carry their actor alone
SAID: dict[type[Event], tuple[Event, ...]] = {
    Retriggered: (Retriggered(ALICE), Retriggered(ALICE, urgency=Urgency.HIGH)),
    Snoozed: (Snoozed(ALICE, seconds=60),),
    Reassigned: (Reassigned(ALICE, users=("bob",)),),
    Delegated: (Delegated(ALICE, snapshot=POLICY),),
    UrgencySet: tuple(UrgencySet(ALICE, urgency=urgency) for urgency in Urgency),
    Reopened: tuple(Reopened(ALICE, status=status) for status in (Status.TRIGGERED, Status.ACKNOWLEDGED)),
    Edited: (Edited(ALICE, changes={"title": "other"}),),
    FieldsSet: (FieldsSet(ALICE, before={"tier": None}, after={"tier": 1}),),
    RespondersAsked: (RespondersAsked(ALICE, request=Request("PR", "alice", "help", NOW, (HELPER,))),),
}


def decided(incident: Incident, event: Event) -> Incident:
    """The incident after an event that is not refused."""
    outcome = decide(incident, event, FACTS, NOW)
    assert not isinstance(outcome, Refused)
    return outcome[0]


def samples() -> dict[Status, list[Incident]]:
    """Incidents in every state, of both urgencies, at a level and by hand."""
    found: dict[Status, list[Incident]] = {status: [] for status in Status}
    for urgency in Urgency:
        new = Incident("Q", 1, "S", "title", Status.TRIGGERED, urgency, NOW, NOW, NOW, NOW, POLICY)
        at_level, _ = open_incident(new, Opened(ALICE), FACTS, NOW)
        for incident in (at_level, decided(at_level, Reassigned(ALICE, users=("bob",)))):
            found[Status.TRIGGERED].append(incident)
            found[Status.ACKNOWLEDGED].append(decided(incident, Acknowledged(ALICE)))
            found[Status.RESOLVED].append(decided(incident, Resolved(ALICE)))
    return found


def outcomes(incidents: list[Incident], event: type[Event]) -> list[str]:
    """What may come of an event: states, `stays`, `nothing`, `refused (code)`."""
    said = SAID.get(event) or (event(ALICE),)
    return sorted({outcome(incident, one) for incident in incidents for one in said})


def outcome(incident: Incident, event: Event) -> str:
    """What comes of one event."""
    found = decide(incident, event, FACTS, NOW)
    if isinstance(found, Refused):
        return f"refused ({found.code})"
    after, effects = found
    if after.status is not incident.status:
        return after.status.value
    plain = replace(after, updated_at=incident.updated_at)
    return "stays" if effects or plain != incident else "nothing"


def words(event: type[Event]) -> str:
    """An event's name as people say it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", event.__name__).lower()


def drawn() -> str:
    """The diagram and the table."""
    of = samples()
    events = list(dict.fromkeys(event for _, event in TRANSITIONS))
    cells = {(status, event): outcomes(of[status], event) for event in events for status in Status}
    moves: dict[tuple[str, str], list[str]] = {}
    for (status, event), found in cells.items():
        for state in set(found) & set(Status):
            moves.setdefault((status.value, str(state)), []).append(words(event))
    arrows = [f"    {here} --> {there}: {', '.join(names)}" for (here, there), names in sorted(moves.items())]
    rows = [
        f"| {words(event)} | {' | '.join(', '.join(cells[status, event]) for status in Status)} |" for event in events
    ]
    head = [f"| What happens | {' | '.join(f'when {status}' for status in Status)} |", "|---|---|---|---|"]
    diagram = ["```mermaid", "stateDiagram-v2", "    [*] --> triggered: opened", *arrows, "```"]
    return "\n".join([BEGIN, "", *diagram, "", *head, *rows, "", END])


def page(text: str) -> str:
    """The page with its drawn part anew."""
    before, _, rest = text.partition(BEGIN)
    return before + drawn() + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
