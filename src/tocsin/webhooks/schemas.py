"""The kinds of extensions that every account knows, with ids that never change (core:X3, clients.md).

`delivers`: what is sent to an extension of this kind; "" is kept for those who manage it by Terraform, and never sent.
"""

from dataclasses import dataclass

INCIDENT = ("trigger", "acknowledge", "resolve", "delegate", "escalate", "unacknowledge", "assign")


@dataclass(frozen=True, slots=True)
class Schema:
    """A kind of extension."""

    id: str
    key: str
    label: str
    description: str
    send_types: tuple[str, ...] = INCIDENT
    delivers: str = ""
    needs_url: bool = False


GENERIC = Schema(
    "PJFWPEP", "generic_v2_webhook", "Generic V2 Webhook",
    "Sends what happens to the incidents of its services to an address, in the form of version 2",
    delivers="v2", needs_url=True,
)  # fmt: skip
ACTION = Schema(
    "PCUSTOM", "custom_incident_action", "Custom Incident Action",
    "A button on the incidents of its services that sends the incident to an address",
    ("custom",), delivers="custom", needs_url=True,
)  # fmt: skip
SCHEMAS: dict[str, Schema] = {
    schema.id: schema
    for schema in (
        GENERIC,
        ACTION,
        Schema(
            "PSNOWV7", "service_now_v7", "ServiceNow (v7)",
            "Kept as it is configured; Tocsin does not speak with ServiceNow by it",
        ),
        Schema(
            "PSLACKL", "slack_legacy", "Slack to PagerDuty (Legacy)",
            "Kept as it is configured; Tocsin does not speak with Slack by it",
        ),
    )
}  # fmt: skip
