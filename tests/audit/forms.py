"""One successful use of every form that changes something configured."""

from typing import Any

from sqlalchemy import select

from tests.web.pages import PASSWORD, Pages
from tocsin.core.audit import audit_records

# how the path of a POST page begins -> why no record is expected of it here
UNAUDITED = {
    "/app/theme": "the look of one browser",
    "/app/incidents/": "the incident's own ledger",
    "/app/answer/": "the incident's own ledger",
    "/app/services/{id}/test-event": "an event, kept in the intake log",
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
    _apps(site, send)
    _webhooks(site, send)
    _keys(site, send)
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


def _apps(site: Pages, send: Any) -> None:
    send("/app/apps", APP)
    id = newest(site, "app").resource_id
    send("/app/apps/{id}", APP | {"name": "Looks"}, id)
    send("/app/apps/{id}/secret", id=id)
    send("/app/apps/{id}/delete", id=id)
    send("/app/apps/account", {"region": "eu", "subdomain": "acme-eu"})


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


def _security(site: Pages, send: Any) -> None:
    site.sign_in("eve", site.visitor())
    send("/app/security/sessions/{id}/end", id=newest(site, "session").resource_id)
    site.sign_in("eve", site.visitor())
    send("/app/security/sessions/end-others")
    send("/app/security/password", {"old": PASSWORD, "new": NEW})
