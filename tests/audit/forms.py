"""One successful use of every form that changes something configured."""

from typing import Any

from sqlalchemy import select

from tests import audited
from tests.web.pages import PASSWORD, Pages
from tests.web.test_other_pages import on_schedule
from tocsin.accounts.store import people
from tocsin.core.audit import audit_records
from tocsin.incidents.store.priorities import first_priorities, in_order

# how the path of a POST page begins -> why no record is expected of it here
UNAUDITED = {
    "/app/theme": "the look of one browser",
    "/app/incidents/": "the incident's own ledger",
    "/app/answer/": "the incident's own ledger",
    "/app/unsubscribe/": "what one person hears of one incident",
    "/app/services/{id}/test-event": "an event, kept in the intake log",
    "/app/services/{id}/fields": "tests/web/test_field_pages.py, watched",
    "/app/sign-in/": "a code or a mail: what comes of it is recorded (tests/web/test_ways_in.py)",
    "/app/password/": "tests/web/test_ways_in.py",
    "/app/security/second-factor/": "tests/accounts/test_second_factor.py",
    "/app/security/recovery-codes": "tests/accounts/test_second_factor.py",
    "/app/users/{id}/second-factor/": "tests/accounts/test_second_factor.py",
    "/app/settings/sign-in": "needs a provider: tests/sign_on, watched",
    "/app/webhooks/{id}/ping": "stands in the delivery log",
    "/app/webhooks/{id}/deliveries/": "stands in the delivery log",
    "/app/extensions/{id}/deliveries/": "stands in the delivery log",
    "/app/webhooks/{id}/secrets/{secret}/retire": "tried in `_webhooks`: its path has two ids",
    "/app/allowed-apps/": "needs an app that was allowed: tests/oauth, watched",
    "/oauth/authorize": "tests/oauth, watched",
    "/install/integration": "tests/connect, watched",
}
APP = {"name": "Reviews", "kind": "scoped", "scope": "users.read", "redirect_urls": "https://app.example.com/cb"}
HOOK = {"url": "https://hooks.example.com/", "filter": "account", "event": "incident.triggered", "active": "1"}
EXTENSION = {"name": "Hook", "schema": "PJFWPEP", "endpoint_url": "https://hooks.example.com/"}
NEW = "another password of twelve and more"
LIMITS = {"kind": "mobile", "idle": "5", "idle_unit": "hours", "longest": "2", "longest_unit": "days"}


def newest(site: Pages, type: str) -> Any:
    """The newest record of this type of thing."""
    with site.database.begin() as tx:
        found = select(audit_records).where(audit_records.c.resource_type == type)
        return tx.conn.execute(found.order_by(audit_records.c.id.desc()).limit(1)).one()


def answered(site: Pages) -> dict[str, Any]:
    """By the path of a page, the answer to its form; Eve, the owner, sends them all."""
    answers = {"/app/sign-in": site.try_password("eve@example.com", PASSWORD)}

    def send(path: str, data: dict[str, str] | None = None, id: str = "") -> None:
        answers[path] = site.post(path.replace("{id}", id), data)

    _people(site, send)
    _teams(site, send)
    _maintenance(site, send)
    _apps(site, send)
    _webhooks(site, send)
    _keys(site, send)
    _fields(site, send)
    _graph(site, send)
    _templates(site, send)
    _own(site, send)
    _security(site, send)
    send("/app/account/second-factor", {"required": "yes"})
    send("/app/account/session-limits", LIMITS)
    send("/app/account/owner", {"password": NEW, "to": site.seeded.people["alice"]})
    send("/app/sign-out")
    return answers


def _people(site: Pages, send: Any) -> None:
    bob = site.seeded.people["bob"]
    send("/app/people", {"name": "Nina", "email": "nina@example.com", "role": "user"})
    nina = newest(site, "user").resource_id
    send("/app/users/{id}/invite", id=nina)
    send("/app/users/{id}/role", {"role": "observer"}, bob)
    site.sign_in("bob", site.visitor())
    send("/app/users/{id}/sessions/end", id=bob)
    send("/app/users/{id}/leave", {"sure": "1"}, nina)


def _teams(site: Pages, send: Any) -> None:
    member = {"user": site.seeded.people["bob"], "role": "observer"}
    send("/app/teams", {"name": "Platform", "default_role": "manager"})
    id = newest(site, "team").resource_id
    send("/app/teams/{id}", {"name": "Core", "default_role": "manager"}, id)
    send("/app/teams/{id}/members", member, id)
    send("/app/teams/{id}/members/remove", member, id)
    send("/app/teams/{id}/remove", id=id)


def _maintenance(site: Pages, send: Any) -> None:
    window = {
        "description": "Deploy", "start": "2090-01-01T00:00", "end": "2090-01-02T00:00", "service": site.seeded.service,
    }  # fmt: skip
    send("/app/maintenance-windows", window)
    id = newest(site, "maintenance_window").resource_id
    send("/app/maintenance-windows/{id}", window | {"description": "Later"}, id)
    send("/app/maintenance-windows/{id}/end", id=id)
    send("/app/services/{id}/quiet", {"for": "30"}, site.seeded.service)


def _apps(site: Pages, send: Any) -> None:
    send("/app/apps", APP)
    id = newest(site, "app").resource_id
    send("/app/apps/{id}", APP | {"name": "Looks"}, id)
    send("/app/apps/{id}/secret", id=id)
    send("/app/apps/{id}/delete", id=id)
    send("/app/apps/account", {"region": "eu", "subdomain": "acme-eu"})


def _own(site: Pages, send: Any) -> None:
    with site.database.begin() as tx:
        method = people.methods_of(tx.conn, [site.seeded.people["eve"]])[0].id
    send("/app/me/hand-offs", {"kind": "both", "advance": "1", "unit": "hours", "method": method})
    send("/app/me/hand-offs/{id}/remove", id=newest(site, "oncall_handoff_notification_rule").resource_id)
    send("/app/me/calendar")
    schedule = on_schedule(site, None)
    audited.forget(site.database.engine)
    send("/app/schedules/{id}/calendar", id=schedule)


def _webhooks(site: Pages, send: Any) -> None:
    send("/app/webhooks", HOOK)
    id = newest(site, "webhook_subscription").resource_id
    send("/app/webhooks/{id}", HOOK | {"description": "Another"}, id)
    send("/app/webhooks/{id}/enable", id=id)
    send("/app/webhooks/{id}/secrets", id=id)
    secret = newest(site, "webhook_secret").resource_id
    answer = site.post(f"/app/webhooks/{id}/secrets/{secret}/retire")
    assert answer.status_code == 303
    send("/app/webhooks/{id}/delete", id=id)
    send("/app/extensions", EXTENSION | {"service": site.seeded.service})
    id = newest(site, "extension").resource_id
    send("/app/extensions/{id}", EXTENSION | {"service": site.seeded.service, "name": "Other"}, id)
    send("/app/extensions/{id}/enable", id=id)
    send("/app/extensions/{id}/delete", id=id)


def _keys(site: Pages, send: Any) -> None:
    for path in ("/app/keys", "/app/account/keys"):
        send(path, {"description": "For a script"})
        send(f"{path}/{{id}}/revoke", id=newest(site, "api_key").resource_id)


def _fields(site: Pages, send: Any) -> None:
    types, field = "/app/settings/incident-types", "/app/settings/fields/{id}"
    new = {"name": "tier", "display_name": "Tier", "data_type": "string", "field_type": "single_value"}
    send("/app/settings/service-fields", new)
    send(field, {"display_name": "Rank"}, newest(site, "custom_field").resource_id)
    send(f"{field}/remove", id=newest(site, "custom_field").resource_id)
    send(types, {"name": "fraud", "display_name": "Fraud", "parent_type": "incident_default"})
    type = newest(site, "incident_type").resource_id
    send(f"{types}/{{id}}/fields", new, type)
    send(f"{types}/{{id}}", {"display_name": "Theft"}, type)


def _templates(site: Pages, send: Any) -> None:
    send("/app/status-templates", {"name": "First"})
    id = newest(site, "template").resource_id
    send("/app/status-templates/{id}", {"name": "Second"}, id)
    send("/app/status-templates/{id}/remove", id=id)


def _graph(site: Pages, send: Any) -> None:
    send("/app/business-services", {"name": "Shop"})
    id, service = newest(site, "business_service").resource_id, site.seeded.service
    send("/app/business-services/{id}", {"name": "Till"}, id)
    for verb in ("", "/remove"):
        send(f"/app/business-services/{{id}}/dependencies{verb}", {"supporting": f"service/{service}"}, id)
    send("/app/services/{id}/dependencies", {"supporting": f"business_service/{id}"}, service)
    send("/app/services/{id}/dependencies/remove", {"supporting": f"business_service/{id}"}, service)
    send("/app/business-services/{id}/remove", id=id)
    with site.database.begin() as tx:
        first_priorities(tx.conn)
        priority = tx.conn.execute(in_order()).all()[0].id
    send("/app/priorities", {"threshold": priority})
    send("/app/tags", {"label": "night"})
    tag, thing = newest(site, "tag").resource_id, {"kind": "user", "thing": site.seeded.people["bob"]}
    send("/app/tags/{id}/things", thing, tag)
    send("/app/tags/{id}/things/remove", thing, tag)
    send("/app/tags/{id}/remove", id=tag)
    send("/app/addons", {"name": "Board", "src": "https://x.example.com", "type": "full_page_addon"})
    send("/app/addons/{id}/remove", id=newest(site, "addon").resource_id)


def _security(site: Pages, send: Any) -> None:
    site.sign_in("eve", site.visitor())
    send("/app/security/sessions/{id}/end", id=newest(site, "session").resource_id)
    site.sign_in("eve", site.visitor())
    send("/app/security/sessions/end-others")
    send("/app/security/password", {"old": PASSWORD, "new": NEW})
