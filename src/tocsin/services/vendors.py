"""The vendors that every account knows, with ids that never change (clients look them up by name or id).

`integration` is the kind that an integration gets when only its vendor is named.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vendor:
    """A product that sends events."""

    id: str
    name: str
    site: str
    integration: str = "events_api_v2"


VENDORS: dict[str, Vendor] = {
    vendor.id: vendor
    for vendor in (
        Vendor("PZQ6AUS", "Amazon CloudWatch", "https://aws.amazon.com/cloudwatch/", "aws_cloudwatch"),
        Vendor("PRO19CT", "Backstage", "https://backstage.io"),
        Vendor("PAM4FGS", "Datadog", "https://www.datadoghq.com"),
        Vendor("PEMA1L0", "Email", "https://www.rfc-editor.org/rfc/rfc5322", "generic_email"),
        Vendor("PGRAFAN", "Grafana", "https://grafana.com"),
        Vendor("PLDARKL", "LaunchDarkly", "https://launchdarkly.com"),
        Vendor("PNAGIOS", "Nagios", "https://www.nagios.org", "nagios"),
        Vendor("PPR0MTH", "Prometheus", "https://prometheus.io"),
        Vendor("PSENTRY", "Sentry", "https://sentry.io"),
        Vendor("PTH0EYE", "ThousandEyes", "https://www.thousandeyes.com"),
        Vendor("PZABB1X", "Zabbix", "https://www.zabbix.com"),
    )
}
