"""Schemathesis over our own OpenAPI: no request is answered with a fault, and none that is refused leaves a trace.

    python -m tests.proof.fuzzing --requests 20000 [--seed N]

Requests come out of the document at /docs: two thirds that fit it, one third that do not. Ids in paths and bodies are
mostly those of things that are or were there, and now and then a value is exchanged for a nasty one. Triggers note
every change of every table, so that a refused request is seen to have changed none.
"""

import argparse
import json
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from rich.console import Console
from schemathesis import GenerationMode
from sqlalchemy import Engine, text

from tocsin.accounts.commands.bootstrap import bootstrap
from tocsin.core import postgres, schema
from tocsin.core.db import Database
from tocsin.core.sealing import Sealer
from tocsin.core.settings import Settings
from tocsin.operations import TABLES, rest_app
from tocsin.rest.docs import openapi

ANYTHING_ELSE = 0.1  # how often an id is one of another kind, or no id at all
NASTY = 0.08  # how often a value of a body is exchanged
AT_ONCE = 5  # examples of one operation in a row
OWNER = "owner@example.com"
console = Console()

#: Values that break careless servers. A text of a megabyte is under the limit of a body.
VALUES: tuple[Any, ...] = (
    None, "", " ", "\x00", "a\x00b", "\ud800", "x" * 1_000_000, "𝓣ö\u202e", 0, -1, 1.5, 10**30, -(10**19), 2**31, 2**63,
    True, [], {}, [[]], [None], [{}], [{"id": None}], {"id": "\x00"}, {"type": [], "id": {}}, "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00", "2026-02-30T00:00:00Z", "PT0S", "Europe/Nowhere", float("nan"), float("inf"),
)  # fmt: skip
_DEEP = b'{"a":' * 3000 + b"1" + b"}" * 3000
BODIES = (b"", b"\x00", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, _DEEP, b'{"a":1e999999}', b'"text"')
QUERIES = ({"limit": "-1"}, {"offset": str(2**63)}, {"limit": "1" * 50}, {"offset": "\x00"}, {"time_zone": "\x00"},
           {"since": "9999-12-31", "until": "0001-01-01"}, {"cursor": "AAAA"}, {"query": "\x00%_'\""},
           {"ids[]": ["\x00", "x" * 5000]}, {"sort_by": "id;--"}, {"include[]": ["\x00"]})  # fmt: skip
#: Changes that are no state of the account: when a key was used.
_NOISE = {"api_keys": "last_used_at", "identities": "last_used_at"}

_TABLES = """
SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
AND relnamespace = current_schema()::regnamespace
"""
_WATCH = """
CREATE TABLE fuzz_watch (id bigserial PRIMARY KEY, name text);
CREATE FUNCTION note_fuzz() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'UPDATE' OR to_jsonb(NEW) - TG_ARGV[0] <> to_jsonb(OLD) - TG_ARGV[0] THEN
    INSERT INTO fuzz_watch (name) VALUES (TG_TABLE_NAME);
  END IF;
  RETURN NULL;
END $$;
"""


def watch(engine: Engine) -> None:
    """Note every change of every table of the account."""
    with engine.begin() as conn:
        tables = list(conn.scalars(text(_TABLES)))
        conn.execute(text(_WATCH))
        for name in tables:
            conn.execute(
                text(
                    f'CREATE TRIGGER fuzz AFTER INSERT OR UPDATE OR DELETE ON "{name}" FOR EACH ROW '
                    f"EXECUTE FUNCTION note_fuzz('{_NOISE.get(name, '')}')"
                )
            )


@dataclass
class Fuzzing:
    """One run against a server: what is known of it, and what was found."""

    url: str
    engine: Engine
    key: str
    dice: random.Random
    requests: int
    at_once: int = AT_ONCE
    ids: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    answers: Counter[int] = field(default_factory=Counter)
    reached: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    _seen: int = 0
    _session: requests.Session = field(default_factory=requests.Session)

    def run(self) -> None:
        """Rounds over every operation, each in another order, until enough was asked."""
        self._begin()
        document = schemathesis.openapi.from_dict(_ordinary(openapi([o for table in TABLES for o in table.operations])))
        operations = [found.ok() for found in document.get_all_operations()]
        while True:
            self.dice.shuffle(operations)
            for operation in operations:
                if self.answers.total() >= self.requests:
                    return
                mode = GenerationMode.NEGATIVE if self.dice.random() < 1 / 3 else GenerationMode.POSITIVE
                left = self.requests - self.answers.total()
                self._play(operation.as_strategy(generation_mode=mode), min(self.at_once, left))

    def _play(self, strategy: Any, examples: int) -> None:
        @seeded(self.dice.getrandbits(32))
        @settings(
            max_examples=examples, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=strategy)
        def play(case: Any) -> None:
            self._send(case)

        try:
            play()
        except Exception as error:  # a schema that schemathesis cannot contradict: the other kind is tried next time
            if "Unsatisfiable" not in type(error).__name__:
                raise

    def _send(self, case: Any) -> None:
        case.path_parameters = {name: self._id(case.path, name) for name in case.path_parameters or {}}
        asked = case.as_transport_kwargs(base_url=self.url)
        headers = {name: value for name, value in (asked.get("headers") or {}).items() if name.lower() != "from"}
        asked["headers"] = headers | {"Authorization": f"Token token={self.key}", "From": OWNER}
        if self.dice.random() < NASTY / 2:
            asked["params"] = (asked.get("params") or {}) | self.dice.choice(QUERIES)
        if case.method in ("POST", "PUT", "PATCH"):
            asked = {name: value for name, value in asked.items() if name not in ("json", "data", "files")} | {
                "data": self._body(case.body)
            }
            asked["headers"]["Content-Type"] = "application/json"
        self.ask(**asked)

    def ask(self, **asked: Any) -> requests.Response:
        """One request, and what must be true of its answer."""
        answer = self._session.request(timeout=60, allow_redirects=False, **asked)
        self.answers[answer.status_code] += 1
        if self.answers.total() % 1000 == 0:
            console.print(f"{self.answers.total()} requests, {len(self.wrong)} wrong")
        changed = self._changed()
        if answer.status_code >= 500:
            self._note("a fault", asked, answer, [])
        elif answer.status_code >= 400 and not _tells(answer, head=asked["method"] == "HEAD"):
            self._note("refused without an error object", asked, answer, [])
        elif 300 <= answer.status_code < 400:
            self._note("a redirect", asked, answer, [])
        elif answer.status_code >= 400 and changed:
            self._note("refused, and yet changed", asked, answer, changed)
        elif asked["method"] in ("GET", "HEAD") and changed:
            self._note("read, and yet changed", asked, answer, changed)
        if answer.ok:
            self.reached.add(f"{asked['method']} {asked['url'].removeprefix(self.url)}")
            self._learn(answer)
        return answer

    def _note(self, what: str, asked: dict[str, Any], answer: requests.Response, changed: list[str]) -> None:
        sent = {name: str(value)[:1500] for name, value in asked.items() if name in ("params", "data")}
        self.wrong.append(
            f"{what}: {asked['method']} {asked['url']} {sent} -> {answer.status_code} {answer.text[:300]} {changed}"
        )

    def _changed(self) -> list[str]:
        with self.engine.begin() as conn:
            rows = conn.execute(text("SELECT id, name FROM fuzz_watch WHERE id > :seen"), {"seen": self._seen}).all()
        self._seen = max([self._seen, *(row.id for row in rows)])
        return sorted({row.name for row in rows})

    def _learn(self, answer: requests.Response) -> None:
        if answer.content and "json" in answer.headers.get("content-type", ""):
            for thing in _things(answer.json()):
                known = self.ids[str(thing.get("type")).removesuffix("_reference")]
                if thing["id"] not in known:
                    known.append(thing["id"])

    def _id(self, path: str, name: str) -> str:
        """An id for this place: mostly of the kind that the path speaks of."""
        if self.dice.random() < ANYTHING_ELSE / 3:
            return self.dice.choice(["P000000", "%00", "a%00b", "%F0%9F%92%A9", "x" * 300, "me", "0", "%ff", "'"])
        before = path.partition(f"{{{name}}}")[0].rstrip("/").rpartition("/")[2]
        singular = before.removesuffix("ies") + "y" if before.endswith("ies") else before.removesuffix("s")
        return self._known(name.removesuffix("_id") if name != "id" else singular)

    def _known(self, kind: str) -> str:
        fitting = [id for known, ids in self.ids.items() if kind in known or known in kind for id in ids]
        if not fitting or self.dice.random() < ANYTHING_ELSE:
            fitting = [id for ids in self.ids.values() for id in ids]
        return self.dice.choice(fitting[-40:] if self.dice.random() < 0.7 else fitting)

    def _body(self, body: Any) -> bytes:
        if self.dice.random() < NASTY / 2:
            return self.dice.choice(BODIES)
        if not isinstance(body, (dict, list, str, int, float, bool, type(None))):
            return b"{}"  # schemathesis' mark for a body that is not there
        return json.dumps(self._real(body)).encode()

    def _real(self, value: Any) -> Any:
        """The value with ids of things that are there, and now and then with something nasty."""
        if self.dice.random() < NASTY / 4:
            return self.dice.choice(VALUES)
        if isinstance(value, list):
            return [self._real(one) for one in value]
        if not isinstance(value, dict):
            return value
        real = {name: self._real(inner) for name, inner in value.items()}
        if isinstance(value.get("id"), str) or str(value.get("type")).endswith("_reference"):
            real["id"] = self._known(str(value.get("type") or "").removesuffix("_reference"))
        return real

    def _begin(self) -> None:
        """A small account to play with."""
        self.ask(method="GET", url=f"{self.url}/users")
        person = {"type": "user_reference", "id": self.ids["user"][0]}
        rule = {"escalation_delay_in_minutes": 5, "targets": [person]}
        policy = self._make("escalation_policies", name="Ops", escalation_rules=[rule])
        service = self._make("services", name="Web", escalation_policy={**policy, "type": "escalation_policy"})
        self._make(f"services/{service['id']}/integrations", type="events_api_v2_inbound_integration", name="In")
        self._make("teams", name="Sailors")
        self._make("users", name="Bob", email="bob@example.com")
        layer = {"start": "2026-01-01T00:00:00Z", "rotation_virtual_start": "2026-01-01T00:00:00Z",
                 "rotation_turn_length_seconds": 86400, "users": [{"user": person}]}  # fmt: skip
        self._make("schedules", name="Watch", time_zone="UTC", schedule_layers=[layer])
        for title in ("It burns", "It leaks"):
            self._make("incidents", title=title, service={"type": "service_reference", "id": service["id"]})
        for path in ("log_entries", f"users/{person['id']}/contact_methods", "oncalls", "priorities"):
            self.ask(method="GET", url=f"{self.url}/{path}")

    def _make(self, path: str, **members: Any) -> dict[str, Any]:
        name = path.rpartition("/")[2]
        wrapper = name.removesuffix("ies") + "y" if name.endswith("ies") else name.removesuffix("s")
        made = self.ask(method="POST", url=f"{self.url}/{path}", json={wrapper: members}).json()
        return dict(made[wrapper])


def _things(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(value.get("id"), str):
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _things(inner)


def _tells(answer: requests.Response, head: bool) -> bool:
    """Whether a refusal says why, in the wire's form."""
    if head:
        return not answer.content
    if answer.text == "Invalid HTTP request received.":  # no HTTP: the server's parser answers before anything of ours
        return True
    try:
        error = answer.json().get("error", {})
    except ValueError:
        return False
    return (
        isinstance(error.get("message"), str)
        and isinstance(error.get("code"), int)
        and isinstance(error.get("errors"), list)
    )


def _ordinary(document: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(document))


@contextmanager
def serving(database: Database) -> Iterator[str]:
    """The REST API of this database on a port of its own; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(rest_app(database, Settings(api_rate_limit=0)), lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


def fuzz(database: Database, seed: int, count: int) -> Fuzzing:
    """`count` requests to a fresh account in this empty database, and what they found."""
    owner = database.run(lambda tx: bootstrap(tx, OWNER, "Olga Owner", None))
    watch(database.engine)
    with serving(database) as url:
        dice = random.Random(seed)
        fuzzing = Fuzzing(url, database.engine, owner.api_key, dice, count)
        fuzzing._session.headers["Authorization"] = f"Token token={owner.api_key}"
        fuzzing._session.headers["From"] = OWNER
        fuzzing.run()
    return fuzzing


def main() -> int:
    """One run; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, postgres.start(Path(folder) / "pg") as embedded:
        schema.upgrade(embedded.url)
        database = Database(embedded.url, pool=20, sealer=Sealer(["a secret key for fuzzing all of Tocsin"]))
        found = fuzz(database, asked.seed, asked.requests)
        database.close()
    for wrong in found.wrong:
        print(wrong)
    answers = {status: found.answers[status] for status in sorted(found.answers)}
    console.print(f"seed {asked.seed}: {found.answers.total()} requests, answers {answers}; {len(found.wrong)} wrong")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
