"""Request bodies about incidents (core:I40-I41, core:I51, core:I70, core:I73).

What has a code of its own in core:I132 (a status, a level, a priority, a duration) is read leniently here and judged
by the command.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from tocsin.core.db import to_json
from tocsin.rest.body import Body, Pointer

MOST_DETAILS = 65_536
_DIAL = re.compile(r"[0-9 ()+,#*-]{1,255}")


def _details(given: Any) -> Any:
    if len(to_json(given)) > MOST_DETAILS:
        raise ValueError(f"should have at most {MOST_DETAILS} bytes")
    return given


def _dial(number: str) -> str:
    if not _DIAL.fullmatch(number):
        raise ValueError("may have only digits, spaces and ()+-,#* (255 at most)")
    return number


def _link(url: str) -> str:
    if not re.match(r"https?://\S+$", url) or len(url) > 2048:
        raise ValueError("must be an http or https address")
    return url


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("cannot be blank")
    return text


Title = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_not_blank)]
Urgency = Literal["high", "low"]


class Bridge(Body):
    """A conference bridge (core:I111)."""

    conference_number: Annotated[str, AfterValidator(_dial)] | None = None
    conference_url: Annotated[str, AfterValidator(_link)] | None = None


class Details(Body):
    """What an incident says of itself; `details` is a text to clients and an object in the document."""

    details: Annotated[Any, AfterValidator(_details)] = None


class Assignment(Body):
    """Somebody who is to have the incident."""

    assignee: Pointer


class TypeName(Body):
    """An incident type, by name or by id."""

    id: str | None = None
    name: str | None = None

    @property
    def said(self) -> str:
        """Whichever was given."""
        return self.name or self.id or ""


class NewBody(Body):
    """An incident to be opened."""

    title: Title
    service: Pointer
    priority: Any | None = None
    urgency: Urgency | None = None
    body: Details | None = None
    incident_key: str | None = Field(None, min_length=1, max_length=255)
    assignments: list[Assignment] = Field(default_factory=list)
    escalation_policy: Pointer | None = None
    incident_type: TypeName | None = None
    conference_bridge: Bridge | None = None
    custom_fields: list[Any] = Field(default_factory=list)


class Change(Body):
    """What is to become of an incident; what is not given stays. `service` is for a single incident only."""

    id: str | None = None
    status: str | None = None
    resolution: str | None = Field(None, max_length=65_535)
    title: Title | None = None
    priority: Any | None = None
    escalation_level: int | None = None
    assignments: list[Assignment] | None = None
    escalation_policy: Pointer | None = None
    incident_type: TypeName | None = None
    urgency: Urgency | None = None
    conference_bridge: Bridge | None = None
    service: Pointer | None = None

    def gives(self, name: str) -> bool:
        """Whether the member was sent, as null too."""
        return name in self.model_fields_set


class AlertChange(Body):
    """What is to become of an alert: another status, another incident, or both."""

    id: str | None = None
    status: Literal["resolved", "triggered"] | None = None
    incident: Pointer | None = None


class NoteBody(Body):
    """A note."""

    content: str


class Sources(Body):
    """Incidents to merge into another."""

    source_incidents: list[Pointer] = Field(min_length=1, max_length=1000)
