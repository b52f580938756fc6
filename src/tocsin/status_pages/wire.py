"""Subscriptions, status updates and templates on the wire (core:I91-I92, core:C17, ei:SU1-SU2)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from tocsin.accounts.wire import user_ref
from tocsin.rest.body import Body
from tocsin.rest.objects import Ref
from tocsin.rest.objects import Thing as Shown
from tocsin.status_pages.logic.html import LONGEST
from tocsin.status_pages.store.subscriptions import Link, Thing

MOST_ITEMS = 25_000
MOST_WORDS = 10_000


class Subscriber(Body):
    """A person or a team."""

    subscriber_id: str
    subscriber_type: Literal["user", "team"]

    @property
    def thing(self) -> Thing:
        """What commands take."""
        return self.subscriber_type, self.subscriber_id


class Subscribers(Body):
    """Who is to be told."""

    subscribers: list[Subscriber] = Field(min_length=1, max_length=MOST_ITEMS)


class Subscribable(Body):
    """An incident or a business service."""

    subscribable_id: str
    subscribable_type: Literal["incident", "business_service"]

    @property
    def thing(self) -> Thing:
        """What commands take."""
        return self.subscribable_type, self.subscribable_id


class Subscribables(Body):
    """What to be told of."""

    subscribables: list[Subscribable] = Field(min_length=1, max_length=MOST_ITEMS)


class UpdateBody(Body):
    """A status update; an empty text is as none."""

    message: str = Field(min_length=1, max_length=MOST_WORDS)
    subject: str | None = Field(None, max_length=500)
    html_message: str | None = Field(None, max_length=LONGEST)


class TemplatedFields(Body):
    """The parts of a status update, each a Liquid template."""

    email_subject: str | None = None
    email_body: str | None = None
    message: str | None = None


class TemplateBody(Body):
    """A template as clients send one."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
    template_type: Literal["status_update"] = "status_update"
    description: str | None = Field(None, max_length=2000)
    templated_fields: TemplatedFields = TemplatedFields()


class StatusUpdateWords(Body):
    """What an update would say."""

    message: str | None = None


class RenderBody(Body):
    """What a template is rendered for."""

    incident_id: str
    status_update: StatusUpdateWords = StatusUpdateWords()
    external: Any = None


def link(given: Link, account_id: str, result: str | None = None) -> dict[str, Any]:
    """A subscription, with what came of asking for it."""
    (what, what_id), (who, who_id) = given
    shown = {
        "account_id": account_id, "subscribable_id": what_id, "subscribable_type": what, "subscriber_id": who_id,
        "subscriber_type": who,
    }  # fmt: skip
    return shown if result is None else shown | {"result": result}


def subscriber(row: Any) -> dict[str, Any]:
    """Who subscribed."""
    return {"subscriber_id": row.subscriber_id, "subscriber_type": row.subscriber_type}


def subscriber_of_incident(row: Any, via: Mapping[Thing, Sequence[str]]) -> dict[str, Any]:
    """Who subscribed to an incident, and what else would tell them of it."""
    ways = via.get((row.subscriber_type, row.subscriber_id), ())
    shown = [{"id": id, "type": "business_service", "name": "business_service"} for id in ways]
    return subscriber(row) | {"has_indirect_subscription": bool(shown), "subscribed_via": shown or None}


def subscription(row: Any, account_id: str) -> dict[str, Any]:
    """What somebody subscribed to; the document has the name beside the subscription, its example inside."""
    given: Link = (row.subscribable_type, row.subscribable_id), (row.subscriber_type, row.subscriber_id)
    return {"subscription": link(given, account_id) | {"subscribable_name": row.name}, "subscribable_name": row.name}


def status_update(row: Any, sender: Ref) -> dict[str, Any]:
    """A status update; it has no address of its own. `subject` and `html_message` stand there if they were given."""
    shown = {"id": row.id, "message": row.message, "created_at": row.created_at, "sender": sender}
    if row.subject is not None:
        shown |= {"subject": row.subject, "html_message": row.html_message}
    return shown


def template(row: Any, people: Mapping[str, Any], account: Ref) -> Shown:
    """A template in full."""
    fields = {name: row.templated_fields.get(name) for name in TemplatedFields.model_fields}
    members = {
        "template_type": row.template_type, "name": row.name, "description": row.description,
        "templated_fields": fields, "created_at": row.created_at, "updated_at": row.updated_at,
        "created_by": _by(row.created_by, people, account), "updated_by": _by(row.updated_by, people, account),
    }  # fmt: skip
    return Shown("template", row.id, row.name, members, page=f"/status-templates/{row.id}", path=f"/templates/{row.id}")


def _by(id: str | None, people: Mapping[str, Any], account: Ref) -> Ref:
    if id is None:
        return account
    row = people.get(id)
    return user_ref(id, row.name if row else None, gone=row is None or row.deleted_at is not None)
