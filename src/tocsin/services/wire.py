"""Services and integrations on the wire (core:C1-C13, core:U1-U5).

1. Time-outs of null or 0 are off; a service that says nothing gets the wire's defaults.
2. Support hours keep the zone's name as it was given, and beside it the IANA name that the clock needs.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from sqlalchemy import Row

from tocsin.core import zones
from tocsin.rest.body import Body, Pointer
from tocsin.rest.objects import Ref, Thing
from tocsin.services.model import Hold
from tocsin.services.vendors import VENDORS, Vendor
from tocsin.services.wire_email import MAX_DEPTH, EmailFilter, EmailParser, depth, filters, parsers

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Timeout = Annotated[int | None, Field(ge=0, le=2**31 - 1)]
INTEGRATION_TYPES = (
    "aws_cloudwatch", "cloudkick", "event_transformer_api", "events_api_v2", "generic_email", "generic_events_api",
    "keynote", "nagios", "pingdom", "sql_monitor",
)  # fmt: skip
IncidentCreation = Literal["on_new_email", "on_new_email_subject", "only_if_no_open_incidents", "use_rules"]
FilterMode = Literal["all-email", "or-rules-email", "and-rules-email"]


def _clock(text: str) -> str:
    if not re.fullmatch(r"\d\d:\d\d(:\d\d)?", text):
        raise ValueError("must be a time HH:MM:SS")
    return time.fromisoformat(text).isoformat()


def _zone(name: str) -> str:
    zones.zone(name)
    return name


def _without_nulls(given: Any) -> Any:
    """The Terraform provider sends `[null]` with support hours and no action."""
    return [one for one in given if one is not None] if isinstance(given, list) else given


def _integration_type(given: Any) -> Any:
    if given in ("", "service_integration"):  # how the Terraform provider says: what the vendor has
        return None
    return re.sub(r"_inbound_integration(_reference)?$", "", given) if isinstance(given, str) else given


def _unset(given: Any) -> Any:
    return None if given in ("", []) else given


Clock = Annotated[str, AfterValidator(_clock)]


class ConstantRule(Body):
    """One urgency, whatever the hour."""

    type: Literal["constant"] = "constant"
    urgency: Literal["low", "high", "severity_based"] = "high"


class UrgencyRule(Body):
    """A constant urgency, or one for support hours and one for the rest (core:U1)."""

    type: Literal["constant", "use_support_hours"] = "constant"
    urgency: Literal["low", "high", "severity_based"] | None = None
    during_support_hours: ConstantRule | None = None
    outside_support_hours: ConstantRule | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> "UrgencyRule":
        if self.type == "use_support_hours":
            if self.urgency is not None:
                raise ValueError("urgency is not allowed with use_support_hours")
            if not (self.during_support_hours and self.outside_support_hours):
                raise ValueError("during_support_hours and outside_support_hours are required")
        return self

    def stored(self) -> dict[str, Any]:
        """Only the members that the type has."""
        if self.type == "constant":
            return {"type": "constant", "urgency": self.urgency or "high"}
        parts = {"during_support_hours": self.during_support_hours, "outside_support_hours": self.outside_support_hours}
        return {"type": self.type} | {name: part.model_dump() for name, part in parts.items() if part}


class SupportHours(Body):
    """When people are at work (core:U3)."""

    type: Literal["fixed_time_per_day"] = "fixed_time_per_day"
    time_zone: Annotated[str, AfterValidator(_zone)]
    start_time: Clock
    end_time: Clock
    days_of_week: list[Annotated[int, Field(ge=1, le=7)]] = Field(min_length=1, max_length=7)

    def stored(self) -> dict[str, Any]:
        """With the IANA name as `time_zone` and the given one as `named`."""
        days = sorted(set(self.days_of_week))
        return self.model_dump() | {
            "days_of_week": days,
            "time_zone": zones.zone(self.time_zone),
            "named": self.time_zone,
        }


class NamedTime(Body):
    """The start or end of support hours."""

    type: Literal["named_time"] = "named_time"
    name: Literal["support_hours_start", "support_hours_end"]


class ScheduledAction(Body):
    """What happens to open low incidents at a named time (core:U5)."""

    type: Literal["urgency_change"] = "urgency_change"
    at: NamedTime
    to_urgency: Literal["high"] = "high"


class AutoPause(Body):
    """Transient alerts are held this many seconds (core:C10)."""

    enabled: bool = False
    timeout: Literal[0, 120, 180, 300, 600, 900] | None = None


class GroupingConfig(Body):
    """The settings of a kind of grouping: minutes, seconds, fields of an alert."""

    timeout: int | None = Field(None, ge=0, le=1440)
    time_window: int | None = Field(None, ge=0, le=86_400)
    fields: Annotated[Annotated[list[str], Field(max_length=100)] | None, BeforeValidator(_unset)] = None
    aggregate: Annotated[Literal["all", "any"] | None, BeforeValidator(_unset)] = None


class Grouping(Body):
    """How alerts are grouped (core:C8); kept for the grouping engine."""

    type: Annotated[Literal["time", "intelligent", "content_based"] | None, BeforeValidator(_unset)] = None
    config: GroupingConfig | None = None

    def stored(self) -> dict[str, Any] | None:
        """Only what is set; None when grouping is off."""
        if self.type is None:
            return None
        return {"type": self.type, "config": self.config.model_dump(exclude_none=True) if self.config else {}}


class ServiceBody(Body):
    """A service as clients send one. A computed status that comes back from a client means: not disabled (core:C2)."""

    name: Name
    description: str | None = Field(None, max_length=10_000)
    status: Literal["active", "warning", "critical", "maintenance", "disabled"] = "active"
    escalation_policy: Pointer
    auto_resolve_timeout: Timeout = 14_400
    acknowledgement_timeout: Timeout = 1_800
    incident_urgency_rule: UrgencyRule = UrgencyRule(urgency="high")
    support_hours: SupportHours | None = None
    scheduled_actions: Annotated[list[ScheduledAction], BeforeValidator(_without_nulls)] = Field([], max_length=10)
    alert_creation: Literal["create_incidents", "create_alerts_and_incidents"] = "create_alerts_and_incidents"
    alert_grouping: Annotated[Literal["time", "intelligent", "rules"] | None, BeforeValidator(_unset)] = None
    alert_grouping_timeout: int | None = Field(None, ge=0, le=1440)
    alert_grouping_parameters: Grouping | None = None
    auto_pause_notifications_parameters: AutoPause | None = None

    @model_validator(mode="after")
    def _hours_are_there(self) -> "ServiceBody":
        if self.incident_urgency_rule.type == "use_support_hours" and self.support_hours is None:
            raise ValueError("support_hours is required with use_support_hours")
        return self

    def row(self) -> dict[str, Any]:
        """The columns."""
        pause = self.auto_pause_notifications_parameters
        return {
            "name": self.name, "description": self.description,
            "status": "disabled" if self.status == "disabled" else "active",
            "escalation_policy_id": self.escalation_policy.id,
            "auto_resolve_timeout": self.auto_resolve_timeout or None,
            "acknowledgement_timeout": self.acknowledgement_timeout or None,
            "incident_urgency_rule": self.incident_urgency_rule.stored(),
            "support_hours": self.support_hours.stored() if self.support_hours else None,
            "scheduled_actions": [action.model_dump() for action in self.scheduled_actions],
            "alert_creation": self.alert_creation,
            "alert_grouping_parameters": self._grouping(),
            "auto_pause_notifications_parameters": pause.model_dump() if pause else None,
        }  # fmt: skip

    def _grouping(self) -> dict[str, Any] | None:
        """The parameters win over the two older members that say the same."""
        if self.alert_grouping_parameters is not None:
            return self.alert_grouping_parameters.stored()
        if self.alert_grouping not in ("time", "intelligent"):
            return None
        config = {"timeout": self.alert_grouping_timeout or 0} if self.alert_grouping == "time" else {}
        return {"type": self.alert_grouping, "config": config}


class IntegrationBody(Body):
    """An integration as clients send one: a type, or a vendor that stands for one (core:C11)."""

    type: Annotated[Literal[INTEGRATION_TYPES] | None, BeforeValidator(_integration_type)] = None  # type: ignore[valid-type]
    name: str | None = Field(None, max_length=255)
    vendor: Pointer | None = None
    integration_email: str | None = Field(None, max_length=255)
    email_incident_creation: Annotated[IncidentCreation | None, BeforeValidator(_unset)] = None
    email_filter_mode: Annotated[FilterMode | None, BeforeValidator(_unset)] = None
    email_parsing_fallback: Annotated[Literal["open_new_incident", "discard"] | None, BeforeValidator(_unset)] = None
    email_parsers: list[EmailParser] = Field([], max_length=100)
    email_filters: list[EmailFilter] = Field([], max_length=100)

    @model_validator(mode="after")
    def _type_or_vendor(self) -> "IntegrationBody":
        if self.vendor and self.vendor.id not in VENDORS:
            raise ValueError("Vendor Not Found")
        if self.type is None and self.vendor is None:
            raise ValueError("type or vendor is required")
        if any(depth(parser.match_predicate) > MAX_DEPTH for parser in self.email_parsers):
            raise ValueError(f"match_predicate may be {MAX_DEPTH} deep at most")
        return self

    def row(self) -> dict[str, Any]:
        """The columns."""
        vendor = VENDORS[self.vendor.id] if self.vendor else None
        type = str(self.type or (vendor.integration if vendor else ""))
        return {
            "type": f"{type}_inbound_integration", "name": self.name or (vendor.name if vendor else _title(type)),
            "vendor_id": vendor.id if vendor else None, "integration_email": self.integration_email or None,
            "config": self._email() if type == "generic_email" else {},
        }  # fmt: skip

    def _email(self) -> dict[str, Any]:
        return {
            "email_incident_creation": self.email_incident_creation or "on_new_email_subject",
            "email_filter_mode": self.email_filter_mode or "all-email",
            "email_parsing_fallback": self.email_parsing_fallback or "open_new_incident",
            "email_parsers": parsers(self.email_parsers), "email_filters": filters(self.email_filters),
        }  # fmt: skip


def _title(type: str) -> str:
    return type.replace("_", " ").capitalize()


def present(row: Row[Any]) -> dict[str, Any]:
    """A stored service, as a request would say it."""
    return dict(row._mapping) | {
        "escalation_policy": {"id": row.escalation_policy_id},
        "support_hours": _hours(row.support_hours),
    }


def present_integration(row: Row[Any]) -> dict[str, Any]:
    """A stored integration, as a request would say it."""
    return dict(row._mapping) | dict(row.config) | {"vendor": {"id": row.vendor_id} if row.vendor_id else None}


def _hours(stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if stored is None:
        return None
    shown = dict(stored)
    return shown | {"time_zone": shown.pop("named", shown["time_zone"])}


def service_ref(row: Row[Any]) -> Ref:
    """A reference to a service."""
    return Ref("service", row.id, row.name, gone=row.deleted_at is not None)


def service(
    row: Row[Any], policy: Ref, teams: Sequence[Ref], integrations: Sequence[Row[Any]], facts: Mapping[str, Any],
    addons: Sequence[Ref] = (), hold: Hold | None = None,
) -> Thing:  # fmt: skip
    """A service in full. Its status is disabled or maintenance where that holds its alerts (`hold`), else what later
    packages know of its incidents (core:C2).
    """
    status = hold.by if hold else facts.get("status", "active")
    fields = {
        "name": row.name, "description": row.description, "created_at": row.created_at, "status": status,
        "auto_resolve_timeout": row.auto_resolve_timeout, "acknowledgement_timeout": row.acknowledgement_timeout,
        "last_incident_timestamp": facts.get("last_incident_timestamp", row.last_incident_at),
        "escalation_policy": policy, "teams": list(teams),
        "integrations": [integration_ref(one) for one in integrations], "addons": list(addons), "response_play": None,
        "incident_urgency_rule": row.incident_urgency_rule, "support_hours": _hours(row.support_hours),
        "scheduled_actions": row.scheduled_actions, "alert_creation": row.alert_creation,
        **_grouping(row.alert_grouping_parameters),
        "auto_pause_notifications_parameters": row.auto_pause_notifications_parameters or AutoPause().model_dump(),
    }  # fmt: skip
    return Thing("service", row.id, row.name, fields)


def _grouping(stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """Grouping as it is written today and as it was before."""
    kind, config = (stored["type"], stored["config"] or {}) if stored else (None, {})
    older = kind if kind in ("time", "intelligent") else None
    timeout = config.get("timeout") if kind == "time" else None
    return {"alert_grouping": older, "alert_grouping_timeout": timeout, "alert_grouping_parameters": stored}


def integration_ref(row: Row[Any]) -> Ref:
    """A reference to an integration."""
    path = f"/services/{row.service_id}/integrations/{row.id}"
    return Ref(row.type, row.id, row.name, path, page=path)


def vendor_ref(id: str) -> Ref:
    """A reference to a vendor."""
    return Ref("vendor", id, VENDORS[id].name if id in VENDORS else None, page=None)


def integration(row: Row[Any], service: Ref) -> Thing:
    """An integration in full; the keys stay present with null."""
    fields: dict[str, Any] = {
        "name": row.name, "service": service, "created_at": row.created_at,
        "vendor": vendor_ref(row.vendor_id) if row.vendor_id else None,
        "integration_key": row.integration_key, "integration_email": row.integration_email, **row.config,
    }  # fmt: skip
    ref = integration_ref(row)
    return Thing(row.type, row.id, row.name, fields, ref.path, ref.page)


def vendor(one: Vendor) -> Thing:
    """A vendor in full."""
    kind = f"{one.integration}_inbound_integration"
    fields = {
        "name": one.name, "website_url": one.site, "logo_url": None, "thumbnail_url": None,
        "description": None, "integration_guide_url": None, "generic_service_type": kind,
    }  # fmt: skip
    return Thing("vendor", one.id, one.name, fields)
