"""Nothing stands open: a crawl of every page and form with hostile contents stored everywhere (`tests/web/crawl`)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Text, insert, select, update
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.web.crawl.crawler import Crawler
from tests.web.crawl.reading import CANARY, HERE
from tests.web.pages import HASH, Pages, pages
from tests.web.test_incidents import alert
from tests.web.test_other_pages import on_schedule
from tocsin import main
from tocsin.accounts.commands import sessions
from tocsin.accounts.store.tables import team_members, teams, users
from tocsin.core.clock import real_now
from tocsin.core.settings import Settings
from tocsin.fields.commands import definitions
from tocsin.fields.wire import FieldBody
from tocsin.impact.model import Relation
from tocsin.impact.store import say
from tocsin.incidents.commands import requesting
from tocsin.incidents.model import Asks
from tocsin.incidents.store import types
from tocsin.incidents.store.tables import FIELDS as INCIDENTS
from tocsin.incidents.store.tables import incidents
from tocsin.notifications.channels.email.sink import keep_letter
from tocsin.services.store.addons import addons
from tocsin.services.store.graph_tables import business_services, service_dependencies
from tocsin.services.store.tables import EVERY_SERVICE
from tocsin.services.store.tables import FIELDS as SERVICES
from tocsin.status_pages.commands import updating
from tocsin.status_pages.store.subscriptions import put
from tocsin.status_pages.store.tables import templates
from tocsin.status_pages.wire import UpdateBody
from tocsin.tables import metadata
from tocsin.tags.store import put_on, tags
from tocsin.web.app import PAGES
from tocsin.webhooks.commands.telling import new_delivery
from tocsin.webhooks.store import tables as hooks

WORDS = ("name", "title", "summary", "description", "label", "content", "job_title", "message", "note", "why", "body")
#: Pages that the crawl cannot reach by itself, each with its reason; they are asked for as they are.
ALONE: dict[str, str] = {"/app/apps": "linked from the menu alone", "/app/apps/new": "", "/app/allowed-apps": ""}
LINKS = (
    "/app/unsubscribe/not-a-token",
    "/app/password/not-a-token",
    "/install/integration?app_id=none",
    "/oauth/authorize?client_id=none",
)
LETTER = (
    b"Subject: %s\r\nFrom: %s\r\nContent-Type: text/html\r\n\r\n<a href=https://testserver/app>%s</a><script>1</script>"
)


@pytest.fixture
def acme(pg_url: str, tmp_path: Path) -> Iterator[Pages]:
    """The cast, incidents in every state, letters; every text that people may write is hostile."""
    site = pages(pg_url, tmp_path, smtp_url=None)
    evil = {CANARY: CANARY}
    leads = {"type": "link", "href": "javascript:alert(1)", "text": CANARY}
    image = {"type": "image", "src": "https://evil.example/x.png", "href": "javascript:x", "alt": CANARY}
    for _ in range(3):
        incident = site.incident(CANARY, body={"type": "incident_body", "details": CANARY})
        alert(site, incident, details=evil, client=CANARY, client_url="javascript:x", contexts=[leads, image])
    on_schedule(site, None)
    team(site)
    fields(site)
    graph(site)
    stakeholders(site)
    webhooks(site)
    poison(site)
    letter = CANARY.encode()
    (tmp_path / "mailbox").mkdir()
    keep_letter(tmp_path / "mailbox", LETTER % (letter, letter, letter))
    yield site
    site.app.close()
    site.database.close()


def team(site: Pages) -> None:
    """A team with Alice on it."""
    row = {"id": "PTEAM", "name": "Team", "default_role": "manager", "created_at": real_now()}
    member = {"team_id": "PTEAM", "user_id": site.seeded.people["alice"], "role": "manager"}
    with site.database.begin() as tx:
        tx.conn.execute(insert(teams).values(row))
        tx.conn.execute(insert(team_members).values(member))


def fields(site: Pages) -> None:
    """A field of incidents and one of services, with options and values, all hostile."""
    by, text = site.person("eve"), CANARY[:40]
    option = {"data": {"data_type": "string", "value": text}}
    given = {"display_name": text, "data_type": "string", "field_type": "single_value_fixed", "default_value": text}
    with site.database.begin() as tx:
        root = types.root(tx.conn).id
        for kind, scope in ((INCIDENTS, root), (SERVICES, EVERY_SERVICE)):
            body = FieldBody.model_validate(given | {"name": "x", "field_options": [option]})
            definitions.add(tx, by, kind, scope, body)
            body = FieldBody.model_validate(
                {"name": "at", "display_name": "At", "data_type": "url", "field_type": "single_value"}
            )
            definitions.add(tx, by, kind, scope, body)
    site.incident(CANARY)


def graph(site: Pages) -> None:
    """A business service that is impacted, a tag that somebody bears, an add-on."""
    kept = {"created_at": real_now()}
    pair = {"supporting": f"service/{site.seeded.service}", "dependent": "business_service/PSHOP"}
    with site.database.begin() as tx:
        incident = tx.conn.execute(select(incidents.c.id)).scalars().first()
        tx.conn.execute(insert(business_services).values(id="PSHOP", name="Shop", team_id="PTEAM", **kept))
        tx.conn.execute(insert(service_dependencies).values(id="D1", **pair, **kept))
        say(tx, str(incident), "PSHOP", Relation.IMPACTED)
        tx.conn.execute(insert(tags).values(id="PTAG", label=CANARY, **kept))
        put_on(tx.conn, ["PTAG"], "user", site.seeded.people["alice"])
        board = {"id": "PBOARD", "type": "full_page_addon", "name": "Board", "src": "https://testserver/x"}
        tx.conn.execute(insert(addons).values(**board, **kept))


def stakeholders(site: Pages) -> None:
    """Somebody asked for help, an update with a mail of its own, a template, subscribers."""
    kept, alice = {"created_at": real_now()}, site.seeded.people["alice"]
    parts = {"message": CANARY, "email_subject": CANARY, "email_body": CANARY}
    made = {"id": "PTEMPLATE", "template_type": "status_update", "name": CANARY, "templated_fields": parts, **kept}
    with site.database.begin() as tx:
        for incident in tx.conn.execute(select(incidents.c.id)).scalars().all():
            who = [(Asks.USER, site.seeded.people["eve"]), (Asks.POLICY, site.seeded.policy)]
            requesting.ask(tx, site.person("alice"), incident, alice, CANARY, who)
            told = {"message": CANARY, "subject": CANARY, "html_message": CANARY}
            updating.publish(tx, site.person("alice"), incident, UpdateBody(**told))
            put(tx.conn, [(("incident", incident), who) for who in (("user", alice), ("team", "PTEAM"))], False, tx.now)
        tx.conn.execute(insert(templates).values(**made, updated_at=real_now()))


def webhooks(site: Pages) -> None:
    """A subscription with a secret and a delivery, and an extension."""
    made = real_now()
    about = {"id": "PHOOK1", "events": ["incident.triggered"], "scope": "account", "active": True, "method_id": "PM"}
    hook = about | {"url": "https://hooks.example.com/", "description": "x", "created_at": made}
    button = {"id": "PBUTTON1", "name": "x", "schema_id": "PCUSTOM", "service_ids": [site.seeded.service]}
    with site.database.begin() as tx:
        secret = tx.sealer.seal(hooks.SECRET, b"s")
        rows = {
            hooks.subscriptions: hook,
            hooks.extensions: button | {"created_at": made},
            hooks.secrets: {"id": "PS", "subscription_id": "PHOOK1", "secret": secret, "tail": "s", "created_at": made},
        }  # fmt: skip
        for table, row in rows.items():
            tx.conn.execute(insert(table).values(row))
        for id, type in (("PHOOK1", "webhook_subscription"), ("PBUTTON1", "extension")):
            tx.conn.execute(insert(hooks.endpoints).values(id=id, type=type, failing=True, disabled_why=CANARY))
            sent = new_delivery(made, id, "s", "e", CANARY, f'{{"a": "{id}"}}') | {"answer": CANARY, "why": CANARY}
            tx.conn.execute(insert(hooks.deliveries).values(sent | {"id": f"01{id}", "state": "dropped"}))


def poison(site: Pages) -> None:
    """Hostile text into every column of words of every table; hostile addresses into every column of addresses."""
    with site.database.begin() as tx:
        for table in metadata.tables.values():
            if table.name.startswith(("audit", "toy_")) or "id" not in table.c or not isinstance(table.c.id.type, Text):
                continue
            for column in table.columns:
                if not isinstance(column.type, Text) or column.foreign_keys:
                    continue
                if column.name in WORDS:
                    tx.conn.execute(update(table).values({column: CANARY + table.c.id}))
                elif column.name.endswith(("_url", "href", "uri")):
                    tx.conn.execute(update(table).where(column.is_not(None)).values({column: "javascript:alert(1)"}))


def healer(site: Pages, client: TestClient) -> Callable[[], None]:
    """Makes the owner an owner again, signed in."""

    def heal() -> None:
        eve = {"role": "owner", "deleted_at": None, "password_hash": HASH, "email": "eve@example.com"}
        with site.database.begin() as tx:
            tx.conn.execute(update(users).where(users.c.id == site.seeded.people["eve"]).values(eve))
            token = client.cookies.get("__Host-tocsin_session") or ""
            if not sessions.find(tx, token, real_now()):
                client.cookies.clear()
                fresh = sessions.start(tx, site.seeded.people["eve"], real_now())
                client.cookies.set("__Host-tocsin_session", fresh.token, domain="testserver.local")

    return heal


def test_a_crawl_of_every_page_and_form_finds_nothing_open(
    acme: Pages, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    settings = Settings(database_url=acme.database.url, data_dir=tmp_path, secret_key="s" * 32)
    app, end = main.http_app(settings, acme.database)
    with TestClient(app, base_url=HERE, follow_redirects=False, raise_server_exceptions=False) as client:
        plain = sorted({page.path for page in PAGES if page.method == "GET" and "{" not in page.path})
        crawler = Crawler(client, healer(acme, client)).run(["/app", *plain, "/docs", "/docs/openapi.json", *ALONE])
        stranger = Crawler(client, client.cookies.clear).run([*plain, link(acme), *LINKS, "/", "/readyz", "/incidents"])
    end()
    counts = crawler.counts + stranger.counts
    crawler.faults += stranger.faults
    crawler.places |= stranger.places
    record_property("crawl", f"{counts['pages']} pages, {counts['forms']} forms, {counts['checks']} checks")
    assert not crawler.faults, "\n".join(crawler.faults[:40])
    assert (counts["pages"] > 20, counts["forms"] > 8, counts["checks"] > 1000) == (True, True, True), counts
    assert unseen(crawler) == []


def link(site: Pages) -> str:
    """A link out of a mail."""
    return site.link(site.incident(CANARY))


def unseen(crawler: Crawler) -> list[str]:
    """Pages of the table that no link led to."""
    places = [Route(page.path, lambda _: None) for page in PAGES if page.method == "GET"]
    return sorted(p.path for p in places if not any(p.path_regex.match(seen) for seen in crawler.places))
