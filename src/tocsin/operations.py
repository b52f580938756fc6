"""Every operation of every package, with the ports between them: what the REST API and the pages serve."""

from tocsin.accounts import ports as accounts_ports
from tocsin.accounts.api import (
    account,
    audit,
    calendars,
    handoffs,
    licenses,
    sessions,
    sign_in,
    status_update_rules,
    teams,
    users,
)
from tocsin.accounts.keyring import Keyring
from tocsin.accounts.oidc.discovery import directory
from tocsin.accounts.store import standing
from tocsin.core.db import Database
from tocsin.core.outbound import Outbound
from tocsin.core.settings import Settings
from tocsin.core.signing import Signer
from tocsin.escalation import api as escalation_api
from tocsin.escalation import api_oncalls, schedule_facts
from tocsin.escalation import commands as escalation_commands
from tocsin.escalation import ports as escalation_ports
from tocsin.escalation.store import policies
from tocsin.events import api as events_api
from tocsin.events import store as events_store
from tocsin.impact import api as impact_api
from tocsin.incidents import ports as incidents_ports
from tocsin.incidents.api import below as incidents_below
from tocsin.incidents.api import entries as incidents_entries
from tocsin.incidents.api import fields as incident_fields
from tocsin.incidents.api import incidents as incidents_api
from tocsin.incidents.api import responders as responders_api
from tocsin.incidents.api import triage as incidents_triage
from tocsin.incidents.api import types as incident_types
from tocsin.incidents.store import queries as incident_queries
from tocsin.incidents.store import uses as incident_uses
from tocsin.notifications import api as notifications_api
from tocsin.oauth import api as oauth_api
from tocsin.oauth import delegations
from tocsin.oauth.bearer import bearer
from tocsin.oauth.http import OAuthDoor
from tocsin.rest.app import RestApp, build
from tocsin.rest.call import Facts, Move, Use
from tocsin.rest.operations import Table
from tocsin.rest.rights import Standings
from tocsin.schedules import api as schedules_api
from tocsin.schedules import api_overrides
from tocsin.schedules import commands as schedules_commands
from tocsin.schedules import ports as schedules_ports
from tocsin.schedules.http import FeedDoor
from tocsin.schedules.store import finding as schedules_finding
from tocsin.services import api as services_api
from tocsin.services import (
    api_addons,
    api_business,
    api_dependencies,
    api_enablements,
    api_windows,
    commands_business,
)
from tocsin.services import api_fields as service_fields
from tocsin.services import ports as services_ports
from tocsin.services.store import business, catalog, windows
from tocsin.status_pages.api import subscriptions, updates
from tocsin.status_pages.api import templates as templates_api
from tocsin.tags import api as tags_api
from tocsin.web import app as web
from tocsin.webhooks.api import clients as webhook_clients
from tocsin.webhooks.api import extensions as extensions_api
from tocsin.webhooks.api import subscriptions as subscriptions_api
from tocsin.webhooks.store import receivers

TABLES: tuple[Table, ...] = (
    users.TABLE,
    handoffs.TABLE,
    calendars.TABLE,
    teams.TABLE,
    audit.TABLE,
    account.TABLE,
    licenses.TABLE,
    oauth_api.APPS,
    delegations.TABLE,
    sessions.TABLE,
    sign_in.TABLE,
    schedules_api.TABLE,
    api_overrides.TABLE,
    escalation_api.TABLE,
    api_oncalls.TABLE,
    tags_api.TABLE,
    services_api.TABLE,
    service_fields.TABLE,
    api_windows.TABLE,
    incidents_api.TABLE,
    incidents_below.TABLE,
    incident_types.TABLE,
    incident_fields.TABLE,
    api_addons.TABLE,
    api_business.TABLE,
    api_dependencies.TABLE,
    responders_api.TABLE,
    impact_api.TABLE,
    api_enablements.TABLE,
    incidents_entries.TABLE,
    incidents_triage.TABLE,
    events_api.TABLE,
    notifications_api.TABLE,
    status_update_rules.TABLE,
    subscriptions.TABLE,
    updates.TABLE,
    templates_api.TABLE,
    subscriptions_api.TABLE,
    webhook_clients.TABLE,
    extensions_api.TABLE,
)

FACTS: dict[str, Facts] = {
    "account": accounts_ports.account,
    "schedule": schedule_facts.facts_of_schedules,
    "escalation_policy": services_ports.facts_of_policies,
    "service": incidents_ports.service,
    "service_dependencies": services_ports.dependencies,
}

USES: dict[str, tuple[Use, ...]] = {
    "user": (escalation_ports.uses_of_user, schedules_ports.uses_of_user, incident_uses.uses_of_user),
    "schedule": (escalation_ports.uses_of_schedule, incident_uses.uses_of_schedule),
    "team": (escalation_ports.uses_of_team, schedules_ports.uses_of_team, services_ports.uses_of_team),
    "team_member": (escalation_ports.uses_of_member,),
    "escalation_policy": (services_ports.uses_of_policy,),
}

MOVES: dict[str, tuple[Move, ...]] = {
    "team": (escalation_commands.move_team, schedules_commands.move_to_team, commands_business.move_team),
}


STANDINGS: Standings = {
    "user": standing.of_users,
    "team": standing.of_teams,
    "schedule": schedules_finding.standings,
    "escalation_policy": policies.standings,
    "service": catalog.standings,
    "business_service": business.standings,
    "maintenance_window": windows.standings,
    "incident": incident_queries.standings,
    "log_entry": incident_queries.standings_of_entries,
    "change_event": events_store.standings,
    "webhook_subscription": receivers.standings,
    "extension": receivers.standings_of_extensions,
}


def rest_app(database: Database, settings: Settings) -> RestApp:
    """The REST API over this database."""
    keys = Keyring(database, bearer if settings.oauth else None)
    tables = TABLES if settings.oauth else [table for table in TABLES if table is not oauth_api.APPS]
    parts = [directory(settings.outbound_allow), Outbound.allowing(settings.outbound_allow)]
    return build(tables, database, settings, keys.authenticate, FACTS, USES, MOVES, STANDINGS, parts)


def oauth_door(database: Database, settings: Settings) -> OAuthDoor | None:
    """The paths of the OAuth server; None where it is switched off (core:O13)."""
    return OAuthDoor(database, settings) if settings.oauth else None


def feed_door(database: Database, settings: Settings) -> FeedDoor:
    """The paths of calendar feeds."""
    return FeedDoor(database, settings)


def web_pages(database: Database, settings: Settings, signer: Signer) -> web.WebApp:
    """The pages under /app."""
    mailbox = settings.data_dir / "mailbox"
    return web.build(database, settings, signer, mailbox, STANDINGS, USES["team_member"], FACTS)
