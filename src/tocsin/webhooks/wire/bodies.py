"""Request bodies of subscriptions, OAuth clients and extensions (core:H1-H3, core:X3).

1. `""`, null and `[]` mean unset where something is optional.
2. A header of a subscription's own is a name and a value as HTTP takes them, and none that we set ourselves.
3. Events and filters that do not exist are refused with what there is.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from tocsin.rest.body import Body, Pointer
from tocsin.webhooks.logic.events import EVENT_TYPES

MOST_HEADERS, LONGEST_VALUE = 20, 4096
OURS = frozenset({
    "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect", "host",
    "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    "user-agent", "x-pagerduty-signature", "x-webhook-id", "x-webhook-subscription",
})  # fmt: skip
REDACTED = "-- redacted --"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,255}")
_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")


def _unset(given: Any) -> Any:
    return None if given == "" or given == [] else given


Words = Annotated[Annotated[str, Field(max_length=1024)] | None, BeforeValidator(_unset)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2048)]


def _events(given: list[str]) -> list[str]:
    if unknown := [name for name in given if name not in EVENT_TYPES]:
        raise ValueError(f"must be known event types; unknown: {', '.join(name[:60] for name in unknown[:5])}")
    return list(dict.fromkeys(given))


Events = Annotated[list[str], Field(min_length=1, max_length=200), AfterValidator(_events)]


class Header(Body):
    """A header of the subscription's own."""

    name: str
    value: str

    @model_validator(mode="after")
    def _fits(self) -> "Header":
        if not _NAME.fullmatch(self.name):
            raise ValueError("name must be the name of an HTTP header")
        if self.name.lower() in OURS:
            raise ValueError(f"name: Tocsin sets {self.name} itself")
        if len(self.value) > LONGEST_VALUE or not _VALUE.fullmatch(self.value):
            raise ValueError(f"value must be at most {LONGEST_VALUE} plain (ASCII) characters on one line")
        return self


def _once(given: list[Header]) -> list[Header]:
    names = [one.name.lower() for one in given]
    if len(set(names)) < len(names):
        raise ValueError("names must be unique")
    return given


Headers = Annotated[
    list[Header], BeforeValidator(lambda given: given or []), Field(max_length=MOST_HEADERS), AfterValidator(_once)
]


class Method(Body):
    """Where to, and with which headers."""

    type: Literal["http_delivery_method"] = "http_delivery_method"
    url: Url
    custom_headers: Headers = Field(default_factory=list)


class Filter(Body):
    """Whose events: the account's, a service's or a team's."""

    type: Literal["account_reference", "service_reference", "team_reference", "account", "service", "team"]
    id: Annotated[str | None, BeforeValidator(_unset)] = None

    @model_validator(mode="after")
    def _has_its_thing(self) -> "Filter":
        if self.scope != "account" and self.id is None:
            raise ValueError(f"id is required with {self.type}")
        return self

    @property
    def scope(self) -> str:
        """account, service or team."""
        return self.type.removesuffix("_reference")

    @property
    def scope_id(self) -> str | None:
        """The id of the thing; none for the account."""
        return None if self.scope == "account" else self.id


class Changeable(Body):
    """What can be changed of a subscription. The delivery method cannot (core:H2)."""

    events: Events
    filter: Filter
    description: Words = None
    active: bool = True
    oauth_client_id: Annotated[str | None, BeforeValidator(_unset)] = None
    oauth_client: Pointer | None = None

    def row(self) -> dict[str, Any]:
        """The columns, but for the OAuth client."""
        return {
            "events": self.events, "scope": self.filter.scope, "scope_id": self.filter.scope_id,
            "description": self.description, "active": self.active,
        }  # fmt: skip

    @property
    def wanted_client(self) -> str | None:
        """The OAuth client that is meant, by either way of naming it."""
        if "oauth_client_id" in self.model_fields_set:
            return self.oauth_client_id
        return self.oauth_client.id if self.oauth_client else None

    @property
    def names_client(self) -> bool:
        """Whether the body says anything of an OAuth client."""
        return bool({"oauth_client_id", "oauth_client"} & self.model_fields_set)


class SubscriptionBody(Changeable):
    """A new subscription."""

    delivery_method: Method


class ClientBody(Body):
    """An OAuth client of a receiver."""

    name: Short
    client_id: Short
    client_secret: Annotated[str, Field(min_length=1, max_length=255)]
    scope: Annotated[Annotated[str, Field(max_length=255)] | None, BeforeValidator(_unset)] = None
    token_url: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
    grant_type: Literal["client_credentials"] = "client_credentials"


def _services(given: list[Pointer]) -> list[Pointer]:
    if any(one.type not in ("", "service", "service_reference") for one in given):
        raise ValueError("must be services")
    return given


def _object(given: Any) -> Any:
    if given is not None and not isinstance(given, (dict, str)):
        raise ValueError("must be an object, or one written as text")
    return given


class ExtensionBody(Body):
    """An extension of some services."""

    name: Short
    extension_schema: Pointer
    extension_objects: Annotated[list[Pointer], Field(min_length=1, max_length=1000), AfterValidator(_services)]
    endpoint_url: Annotated[Url | None, BeforeValidator(_unset)] = None
    config: Annotated[Any, AfterValidator(_object)] = None
