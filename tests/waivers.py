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
    r"GET /service_dependencies",  # clients list all edges (clients.md)
    r"PATCH /business_services/[^/]+",  # published in the words of PUT (ei:BS1)
    r"GET /users/[^/]+/log_entries",  # clients.md 5
]

# Error statuses that any operation may answer: a key, a body or a server can be wrong anywhere (core:I131).
ERRORS = {400, 401, 403, 404, 405, 409, 413, 429, 500, 501, 503}

# Operations that leave no audit record: incidents keep log entries instead, a preview changes nothing,
# change events are data that came in, not configuration; a ping and a second delivery stand in the delivery log.
UNAUDITED = re.compile(
    r"(/tocsin)?/incidents($|/\{id\})|/schedules/preview|/log_entries|/templates/\{id\}/render|/change_events"
    r"|/webhook_subscriptions/\{id\}/ping|/tocsin/webhook_subscriptions/\{id\}/deliveries"
)
# Members of an error beyond the published three: the official client looks for these words in the object.
ERROR_MEMBERS = {"account-level access token"}
# (operation, our status): the published status whose answer it is.
STATUSES: dict[tuple[str, int], int] = {
    ("GET /schedules/{id}/overrides", 200): 201,  # nothing is created by reading (core:S40)
}

# Operations whose document names no answer of success at all.
SILENT = {"GET /oauth_delegations/revocation_requests/status"}

# Operations that answer a body where the document shows none: POST /change_events refers to the Events API (ei:CE2).
BODIES = {"POST /change_events"}

# Published in every list's envelope, but optional there.
ENVELOPE: set[str] = {"response_metadata"}

# Envelopes that the document writes in one for several paths.
ENVELOPES: dict[str, set[str]] = {
    "GET /tags/{id}/{entity_type}": {"users", "teams", "escalation_policies"},  # the one that was asked for
}

# Parameters that clients send although nobody published them for the operation.
PARAMETERS: dict[str, set[str]] = {
    "GET /vendors": {"query"},  # the Terraform provider looks a vendor up by its name
    "GET /incidents": {"incident_type_ids[]"},  # core:I33
    "GET /services": {"id[]"},  # the Terraform provider asks for services by id
}

# (where, value): enum values beyond the published ones.
_VALUES = [
    # Clients compare it with the method's own type: a notification rule names it without `_reference`.
    # Of a hand-off rule it is named as the client named it: Terraform's provider compares it with its configuration.
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
    # Wrapped in the schemas, plain in every example and to every client (core:I122).
    (r".*/custom_fields.*\.default_value", ".*"),
    (r".*custom_fields\[\]\.value", ".*"),
    (r"POST /templates/\{id\}/render\.warnings", "list"),  # published as an object, an array in the example (ei:SU2)
    # A text by its schema, an object in the examples and in PagerDuty's Go client, which decodes nothing else.
    (r".*\.escalation_rules\[\]\.escalation_rule_assignment_strategy", "dict"),
    (r"GET /vendors/\{id\}\.vendor", "dict"),  # published as an array, but the document's own example is an object
]

# (where, member): members beyond the published ones.
_EXTRA: list[tuple[str, str]] = [
    (r".*\.incidents?(\[\])?\.body", "type"),  # core:I41: clients send and read it
    (r"GET /incidents.*\.incidents?(\[\])?", "custom_fields"),  # in the example alone (core:I33)
    (r".*\.priorit(ies\[\]|y)", "color|order"),  # core:X4
    (r"PUT /incidents/\{id\}/alerts request\.alerts\[\]", "id"),  # without it nobody knows which alert is meant
    (r".*\.alerts?(\[\])?", "resolved_at"),  # core:I1
    (r".*\.alerts?(\[\])?\.body", "cef_details"),  # core:E55; clients of the Events API read it
    (r".*log_entr(ies\[\]|y)", "user|assignees|changed_actions|acknowledgement_timeout"),  # core:L3
    (r".*log_entr(ies\[\]|y)\.channel", "cef_details|client|client_url|notification|incident_key"),  # core:L4, core:N53
    (r"GET .*change_events", "limit|offset|more|total"),  # pages like any other list (core:K4)
    (r".*\.integrations?(\[\])?\.email_(filters|parsers)\[\]", "id"),  # the Terraform provider reads them back
    (r".*\.email_parsers\[\]\.value_extractors\[\]", "ends_before"),  # so; the document calls it `ends_with`
    (r".*\.integrations?(\[\])?", "integration_key"),  # core:C12; every client reads it
    (r".*\.vendors?(\[\])?", "generic_service_type"),  # the Terraform provider reads it
    (r"GET /oncalls\.oncalls\[\]\.schedule", ".*"),  # include[] expands one of two published references (core:S62)
    (r"GET /users/\{id\}/oauth_delegations/\{delegation_id\}", "oauth_delegation"),  # wrapped in the example alone
    (r"[A-Z]+ /services/custom_fields.*\.fields?(\[\])?", "default_value"),  # the Terraform provider sets and reads it
    (r"[A-Z]+ /incidents/custom_fields.*\.fields?(\[\])?", "enabled"),  # PUT sets it
    (r"PUT /incidents/custom_fields/\{field_id\}\.field", "field_options"),  # as POST answers it
    (r".*\.business_services?(\[\])?\.team", "summary|html_url"),  # a whole reference, as everywhere (core:K7)
    # Clients read a target inside this wrapper, as the document's own examples have it (go-pagerduty).
    (r".*\.responder_request_targets\[\]", "responder_request_target"),
    (r"PUT .*/responder_requests/cancel\.responder_request_targets\[\]", "result"),  # published; its type misleads
    # The document's schema has another name for the envelope of one than its own example.
    (
        r"(GET|PUT) .*/status_update_notification_rules/\{status_update_notification_rule_id\}",
        "status_update_notification_rule",
    ),
    (r".*\.subscribed_via\[\]", "type"),  # the example has it instead of the schema's name
    (r".*/notification_subscriptions\.subscriptions\[\]\.subscription", "subscribable_name"),  # as its example has it
    (r".*\.templates?(\[\])?", "created_at|updated_at"),  # in the examples alone
    (r"GET /templates/fields\.fields\[\]", "domain"),  # the examples' name of the schema's domain_name
    (r".*\.status_update_notification_rules?(\[\])?", "id|type|summary|self|html_url|created_at"),  # in the examples
    (r".*\.addons?(\[\])?", "services"),  # in the examples alone; include[]=services expands them
    (r"GET /schedules/\{id\}\.schedule", "http_cal_url|web_cal_url"),  # core:S50
    (r"GET /incidents/\{id\}/past_incidents.*\.incident", "type"),  # ei:T1
    (r"GET /incidents/\{id\}/outlier_incident.*\.incident", "occurrence"),  # in the document's example alone
    (r".*extension_schema(s\[\])?", "id|type|summary|self|html_url"),  # the document's own examples have them
    (r".*\.teams?(\[\])?", "parent"),  # core:T1; clients that manage teams read it back
]

# (where, member): published as required, yet absent.
_OPTIONAL: list[tuple[str, str]] = [
    (r".*/incidents/custom_fields.*\.fields?(\[\])?", "namespace"),  # required, and described nowhere
    (r"(GET|PUT) .*/status_update_notification_rules/\{status_update_notification_rule_id\}", "notification_rule"),
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
