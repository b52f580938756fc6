"""Every operation, tried by everybody, on everybody's things: none passes that the table does not allow.

What is allowed is said here a second time, in letters, and not asked of the code under test. Each request is real and
taken back (`Undone`). A hidden thing's id must not stand anywhere in an answer that one may read.
"""

import re
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from tests.databases import TestServer
from tests.outsiders.town import FLEXIBLE, QUARTERS, ROLES, TEAM_ROLES, Quarter, Town, Undone, built
from tocsin.accounts.keyring import Keyring
from tocsin.core.db import Database
from tocsin.core.settings import Settings
from tocsin.operations import FACTS, MOVES, STANDINGS, TABLES, USES
from tocsin.rest.app import RestApp, build
from tocsin.rest.operations import Operation
from tocsin.rest.permissions import Permission
from tocsin.rest.request import Request

# r read, i incidents, c cover shifts, s set things up, t teams, p people, a account
LETTERS = {
    Permission.READ: "r", Permission.RESPOND: "i", Permission.COVER: "c", Permission.CONFIGURE: "s",
    Permission.MANAGE_TEAM: "t", Permission.MANAGE_PEOPLE: "p", Permission.OWN_PROFILE: "p", Permission.ACCOUNT: "a",
}  # fmt: skip
ANYWHERE = {
    "owner": "ricstpa", "admin": "ricstpa", "user": "ricstp", "limited_user": "ric", "observer": "r",
    "restricted_access": "r", "read_only_user": "r", "read_only_limited_user": "r",
}  # fmt: skip
ON_OWN_TEAM = {"manager": "ricst", "responder": "ric", "observer": "r"}
SEES_PRIVATE = ("owner", "admin")
VISITORS = [(role, on) for role in ROLES for on in ("", *(TEAM_ROLES if role in FLEXIBLE else ()))]
OPERATIONS = [operation for table in TABLES for operation in table.operations]
COUNTED: Counter[str] = Counter()


@dataclass
class Site:
    """The API over a town."""

    town: Town
    app: RestApp

    def asks(self, operation: Operation, path: str, key: str | None, body: Any = None, query: str = "") -> Any:
        """(status, body as text)."""
        COUNTED[operation.key] += 1
        headers = {"from": "owner@example.com"} | ({"authorization": f"Token token={key}"} if key else {})
        sent = msgspec.json.encode(body) if body is not None else b""
        request = Request(operation.method, path, query, headers, sent, "http://x", "127.0.0.1", uuid.uuid4().hex)
        got = self.app.dispatcher.answer(request)
        return got.status, got.body.decode()


@pytest.fixture(scope="module")
def site(pg_server: TestServer) -> Iterator[Site]:
    name = pg_server.new()
    url = pg_server.database(name)
    plain = Database(url, pool=2)
    town = built(plain)
    plain.close()
    undone = Undone(url, pool=2)
    keyring = Keyring(undone)
    app = build(TABLES, undone, Settings(api_rate_limit=0), keyring.authenticate, FACTS, USES, MOVES, STANDINGS)
    yield Site(town, app)
    undone.close()
    pg_server.drop(name)


@pytest.fixture(scope="module", autouse=True)
def told() -> Iterator[None]:
    yield
    print(f"\noutsiders: {sum(COUNTED.values())} requests to {len(COUNTED)} operations")


PARAMS = {
    "users": "user", "teams": "team", "schedules": "schedule", "escalation_policies": "escalation_policy",
    "services": "service", "incidents": "incident", "log_entries": "log_entry", "change_events": "change_event",
    "integrations": "integration", "alerts": "alert", "notes": "note", "overrides": "override",
    "contact_methods": "contact_method", "notification_rules": "notification_rule",
    "status_update_notification_rules": "status_update_notification_rule",
    "business_services": "business_service", "technical_services": "service",
}  # fmt: skip
ELSEWHERE = {"abilities": "teams", "vendors": "PZQ6AUS", "priorities": "P1"}
PERSONAL = ("user", "contact_method", "notification_rule", "status_update_notification_rule")
MADE_UP = {
    "apps": "PNONE", "sign_in_providers": "PNONE", "identities": "PNONE", "oauth_delegations": "PNONE",
    "sessions": "browser", "{type}": "PNONE", "tags": "PNONE", "addons": "PNONE", "templates": "PNONE",
}  # fmt: skip
"""Things that belong to no quarter: whoever is let in hears 404, whoever is not, 403."""


def path_of(operation: Operation, quarter: Quarter) -> str | None:
    """The operation's path with this quarter's things; None where the quarter has no such thing."""
    said = operation.path.split("/")
    parts = list(said)
    for n, part in enumerate(said):
        if part.startswith("{"):
            found = (ELSEWHERE | MADE_UP).get(said[n - 1]) or quarter.ids.get(PARAMS[said[n - 1]])
            if found is None:
                return None
            parts[n] = found
    return "/".join(parts)


def body_of(operation: Operation, quarter: Quarter) -> Any:
    """A body that names this quarter's things where the operation takes its rights from its body."""
    ids = {**quarter.ids, "other": quarter.ids["incident"]}
    ref = {kind: {"id": id, "type": f"{kind}_reference"} for kind, id in ids.items()}
    teams = [ref["team"]] if "team" in ref else []
    target = {"id": ids["user"], "type": "user_reference"}
    rules = [{"escalation_delay_in_minutes": 5, "targets": [target]}]
    service = {"type": "service", "name": "new", "escalation_policy": ref["escalation_policy"]}
    edge = {"supporting_service": ref["service"], "dependent_service": ref["business_service"]}
    return {
        "POST /services": {"service": service},
        "POST /escalation_policies": {"escalation_policy": {
            "type": "escalation_policy", "name": "new", "escalation_rules": rules, "teams": teams}},
        "POST /schedules": {"schedule": {
            "type": "schedule", "name": "new", "time_zone": "UTC", "schedule_layers": [], "teams": teams}},
        "POST /incidents": {"incident": {"type": "incident", "title": "new", "service": ref["service"]}},
        "POST /business_services": {"business_service": {"name": "new", "team": ref.get("team")}},
        "POST /service_dependencies/associate": {"relationships": [edge]},
        "POST /service_dependencies/disassociate": {"relationships": [edge]},
        "POST /templates/{id}/render": {"incident_id": ids["incident"]},
        "POST /addons": {"addon": {
            "type": "full_page_addon", "name": "new", "src": "https://example.com", "services": [ref["service"]]}},
        "PUT /incidents": {"incidents": [{**ref["incident"], "status": "acknowledged"}]},
    }.get(operation.key)  # fmt: skip


def letters(visitor: tuple[str, str], quarter: str) -> str:
    """What a visitor may do in a quarter; empty: its things are not there for him."""
    role, on = visitor
    if quarter == "private" and role not in SEES_PRIVATE:
        return ""
    own = ON_OWN_TEAM[on] if quarter == "mine" and on else ""
    if role == "restricted_access":
        return own
    return "".join(sorted({*ANYWHERE[role], *own}))


def _made_up(operation: Operation) -> bool:
    parts = operation.path.split("/")
    if operation.path == "/session_configurations":  # 404 until one is set
        return True
    return any(part in MADE_UP and below.startswith("{") for part, below in pairwise(parts))


def things(operation: Operation) -> list[str]:
    """Kinds of the things in the path that lie in a quarter."""
    return [PARAMS[above] for above, part in zip(operation.path.split("/"), operation.path.split("/")[1:], strict=False)
            if part.startswith("{") and above in PARAMS]  # fmt: skip


def allowed(operation: Operation, visitor: tuple[str, str], quarter: str) -> bool:
    """Whether the table lets this visitor do this with the things of this quarter."""
    if operation.subject == "me":
        return True
    letter = LETTERS[operation.permission]
    in_path = things(operation)
    if in_path[:1] == ["user"]:
        return _allowed_person(letter, visitor, quarter)
    if in_path or operation.in_body:
        if quarter == "free" and visitor[0] == "restricted_access":
            return False
        return letter in letters(visitor, quarter)
    if letter == "r":
        return True
    return letter in ANYWHERE[visitor[0]]


def _allowed_person(letter: str, visitor: tuple[str, str], quarter: str) -> bool:
    role, on = visitor
    if role == "restricted_access":
        return letter == "r" and quarter == "mine" and on != ""
    return letter in ANYWHERE[role]


@pytest.mark.parametrize("visitor", VISITORS, ids="-".join)
def test_nobody_does_what_the_table_does_not_allow(site: Site, visitor: tuple[str, str]) -> None:
    key = site.town.keys[visitor]
    wrong = []
    for operation, name in ((o, q) for o in OPERATIONS for q in QUARTERS):
        quarter = site.town.quarters[name]
        path = path_of(operation, quarter)
        if path is None:
            continue
        status, answer = site.asks(operation, path, key, body_of(operation, quarter))
        expected = allowed(operation, visitor, name)
        refused = status == 403 or (status == 404 and not (expected and _made_up(operation)))
        if refused == expected or status in (401, 500):
            wrong.append((operation.key, name, status, answer[:160]))
    assert not wrong


@pytest.mark.parametrize("visitor", [v for v in VISITORS if v[0] not in SEES_PRIVATE], ids="-".join)
def test_no_answer_names_what_is_hidden(site: Site, visitor: tuple[str, str]) -> None:
    hidden = {id: f"{kind} of {name}" for name in QUARTERS for kind, id in site.town.quarters[name].ids.items()
              if kind not in PERSONAL and _hides(visitor, name)}  # fmt: skip
    leaks = []
    for operation in OPERATIONS:
        if operation.method != "GET":
            continue
        for name in QUARTERS:
            path = path_of(operation, site.town.quarters[name])
            if path is None or (_hides(visitor, name) and things(operation)[:1] not in ([], ["user"])):
                continue
            query = "date_range=all&limit=100&" + "&".join(f"include[]={one}" for one in operation.includes)
            if operation.path == "/notifications":
                query = "since=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z"
            status, answer = site.asks(operation, path, site.town.keys[visitor], query=query)
            found = {hidden[id] for id in re.findall(r'"([A-Z0-9]{10,26})"', answer) if id in hidden}
            leaks += [(operation.key, name, sorted(found))] if found and status == 200 else []
    assert not leaks


def _hides(visitor: tuple[str, str], name: str) -> bool:
    return letters(visitor, name) == "" or (visitor[0] == "restricted_access" and name == "free")


def test_lists_show_all_that_one_may_see(site: Site) -> None:
    for visitor in VISITORS:
        for collection in (
            "services",
            "escalation_policies",
            "schedules",
            "incidents",
            "teams",
            "change_events",
            "business_services",
        ):
            operation = next(o for o in OPERATIONS if o.key == f"GET /{collection}")
            _, answer = site.asks(operation, f"/{collection}", site.town.keys[visitor], query="date_range=all")
            for name in QUARTERS:
                id = site.town.quarters[name].ids.get(PARAMS[collection])
                if id and not _hides(visitor, name):
                    assert id in answer, (visitor, collection, name)


def test_a_read_only_key_reads_everything_and_changes_nothing(site: Site) -> None:
    for operation, path in _everywhere(site):
        status, answer = site.asks(operation, path, site.town.read_only_key)
        assert (status == 403) == (operation.method != "GET"), (operation.key, status, answer)


@pytest.mark.parametrize("key", ["revoked", "unknown", None])
def test_without_a_live_key_nothing_answers(site: Site, key: str | None) -> None:
    given = site.town.revoked_key if key == "revoked" else key
    for operation, path in _everywhere(site):
        assert site.asks(operation, path, given)[0] == 401, operation.key


def test_a_token_reaches_as_far_as_its_scopes(site: Site) -> None:
    """Tokens as the port hands them over: each operation with its own scope alone, and with all but its own."""
    owner = replace(_actor(site, site.town.account_key), scopes=frozenset())
    every = {o.scope for o in OPERATIONS if o.scope}
    for operation, path in _everywhere(site):
        if operation.scope is not None:
            assert _with_scopes(site, owner, operation, path, {operation.scope}) != 403, operation.key
            assert _with_scopes(site, owner, operation, path, every - {operation.scope}) == 403, operation.key


def _with_scopes(site: Site, owner: Any, operation: Operation, path: str, scopes: set[str]) -> int:
    COUNTED[operation.key] += 1
    token = replace(site.app.dispatcher, authenticate=lambda _: replace(owner, scopes=frozenset(scopes)))
    return token.answer(Request(operation.method, path, "", {}, b"", "http://x", None, uuid.uuid4().hex)).status


def _actor(site: Site, key: str) -> Any:
    headers = {"authorization": f"Token token={key}"}
    return site.app.dispatcher.authenticate(Request("GET", "/", "", headers, b"", "http://x", None, "r"))


def _everywhere(site: Site) -> Sequence[tuple[Operation, str]]:
    quarter = site.town.quarters["mine"]
    found = [(operation, path_of(operation, quarter)) for operation in OPERATIONS]
    return [(operation, path) for operation, path in found if path is not None]
