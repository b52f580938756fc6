"""Where Tocsin's answers differ from the published document on purpose, each with its reason."""

import re
from typing import Any

# The schema of a type whose name is not simply the type in camel case.
SCHEMAS = {
    "assignment_notification_rule": "NotificationRule",
    "sms_contact_method": "PhoneContactMethod",
    "whatsapp_contact_method": "PhoneContactMethod",
    "push_notification_contact_method": "PushContactMethod",
    "events_api_v2_inbound_integration": "Integration",
    "generic_events_api_inbound_integration": "Integration",
}

# Operations that clients use although nobody published them.
OUTSIDE = [
    r"[A-Z]+ /tocsin/.*",  # our own extensions (CONTRACT)
    r"DELETE /services/[^/]+/integrations/[^/]+",  # the Terraform provider removes integrations
    r"[A-Z]+ /tocsin/.*",  # our own extensions (CONTRACT)
]

# Error statuses that any operation may answer: a key, a body or a server can be wrong anywhere (core:I131).
ERRORS = {400, 401, 403, 404, 405, 409, 413, 429, 500, 501, 503}

# Operations that leave no audit record: incidents keep log entries instead, a preview changes nothing.
UNAUDITED = ("/incidents", "/schedules/preview", "/log_entries")

# Members of an error beyond the published three: the official client looks for these words in the object.
ERROR_MEMBERS = {"account-level access token"}
# (operation, our status): the published status whose answer it is.
STATUSES: dict[tuple[str, int], int] = {
    ("GET /schedules/{id}/overrides", 200): 201,  # nothing is created by reading (core:S40)
}

# Operations whose document names no answer of success at all.
SILENT = {"GET /oauth_delegations/revocation_requests/status"}

# Published in every list's envelope, but optional there.
ENVELOPE: set[str] = {"response_metadata"}

# Parameters that clients send although nobody published them for the operation.
PARAMETERS: dict[str, set[str]] = {
    "GET /vendors": {"query"},  # the Terraform provider looks a vendor up by its name
    "GET /services": {"id[]"},  # the Terraform provider asks for services by id
}

# (where, value): enum values beyond the published ones.
_VALUES = [
    # Clients compare it with the method's own type: a notification rule names it without `_reference`.
    (r".*notification_rules?(\[\])?\.contact_method\.type", r".*_contact_method"),
    # A published type without a published schema: the five kinds are listed, WhatsApp has no members of its own.
    (r".*contact_methods?(\[\])?\.type", r"whatsapp_contact_method"),
    # See _TYPES: this enum's text stands inside an object.
    (r".*\.escalation_rule_assignment_strategy", r"\{'type': '(round_robin|assign_to_everyone)'\}"),
    # The document spells this one `acknowledgement_log_entry` in one place only, against its own enum (core:L1).
    (r".*log_entr(ies\[\]|y)\.type", r"acknowledge_log_entry"),
]

# (where, type in our answer): types other than the published one.
_TYPES = [
    (r".*\.incidents?(\[\])?\.body\.details", "str"),  # a text to every client, an object in the document (clients.md)
    # A text by its schema, an object in the examples and in PagerDuty's Go client, which decodes nothing else.
    (r".*\.escalation_rules\[\]\.escalation_rule_assignment_strategy", "dict"),
    (r"GET /vendors/\{id\}\.vendor", "dict"),  # published as an array, but the document's own example is an object
]

# (where, member): members beyond the published ones.
_EXTRA: list[tuple[str, str]] = [
    (r".*\.incidents?(\[\])?\.body", "type"),  # core:I41: clients send and read it
    (r".*\.priorit(ies\[\]|y)", "color|order"),  # core:X4
    (r"PUT /incidents/\{id\}/alerts request\.alerts\[\]", "id"),  # without it nobody knows which alert is meant
    (r".*\.alerts?(\[\])?", "resolved_at"),  # core:I1
    (r".*\.alerts?(\[\])?\.body", "cef_details"),  # core:E55; clients of the Events API read it
    (r".*log_entr(ies\[\]|y)", "user|assignees|changed_actions|acknowledgement_timeout"),  # core:L3
    (r".*log_entr(ies\[\]|y)\.channel", "cef_details|client|client_url|notification|incident_key"),  # core:L4, core:N53
    (r"GET .*/change_events", "limit|offset|more|total"),  # pages like any other list (core:K4)
    (r".*\.integrations?(\[\])?\.email_(filters|parsers)\[\]", "id"),  # the Terraform provider reads them back
    (r".*\.email_parsers\[\]\.value_extractors\[\]", "ends_before"),  # so; the document calls it `ends_with`
    (r".*\.integrations?(\[\])?", "integration_key"),  # core:C12; every client reads it
    (r".*\.vendors?(\[\])?", "generic_service_type"),  # the Terraform provider reads it
    (r"GET /oncalls\.oncalls\[\]\.schedule", ".*"),  # include[] expands one of two published references (core:S62)
    (r"GET /users/\{id\}/oauth_delegations/\{delegation_id\}", "oauth_delegation"),  # wrapped in the example alone
    (r".*\.teams?(\[\])?", "parent"),  # core:T1; clients that manage teams read it back
]

# (where, member): published as required, yet absent.
_OPTIONAL: list[tuple[str, str]] = [
    (r"GET /schedules/\{id\}/overrides\.overrides\[\]", "start|end|user"),  # `editable` tells ids alone (core:S40)
]


def _match(rows: list[tuple[str, str]], where: str, value: Any) -> bool:
    return any(re.fullmatch(place, where) and re.fullmatch(form, str(value)) for place, form in rows)


def allows(where: str, value: Any) -> bool:
    """Whether this enum value is waived."""
    return _match(_VALUES, where, value)


def typed(where: str, value: Any) -> bool:
    """Whether this type is waived."""
    return _match(_TYPES, where, type(value).__name__)


def extra(where: str, member: str) -> bool:
    """Whether this undocumented member is waived."""
    return _match(_EXTRA, where, member)


def optional(where: str, member: str) -> bool:
    """Whether this missing member is waived."""
    return _match(_OPTIONAL, where, member)
