"""A real OpenID provider on the loopback, which can be told to lie: oidc-provider-mock behind a WSGI layer of ours."""

import json
import threading
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry, extract_compact
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Response

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the mock still imports authlib.jose
    import oidc_provider_mock

Change = Callable[[dict[str, Any]], dict[str, Any]]
NEW_KEY = RSAKey.generate_key(2048, {"kid": "new", "use": "sig"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "other", "use": "sig"})


@dataclass
class Provider:
    """The provider; `lies[path]` changes the JSON that it answers there. `OTHER_KEY` is always one of its keys."""

    app: Any
    port: int = 0
    lies: dict[str, Change] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.asked.append(path)
        answer = Response.from_app(self.app, environ)
        if path == "/jwks":
            answer.set_data(json.dumps({"keys": [*answer.get_json()["keys"], OTHER_KEY.as_dict(private=False)]}))
        if path in self.lies and answer.status_code == 200:
            answer.set_data(json.dumps(self.lies[path](json.loads(answer.get_data()))))
        return answer(environ, start)

    def knows(self, subject: str, **claims: Any) -> None:
        """Make or change an account; an e-mail is verified unless said."""
        whole = {"email": f"{subject}@example.com", "email_verified": True, "name": subject.title(), **claims}
        httpx2.put(f"{self.issuer}/users/{subject}", json=whole).raise_for_status()

    def grants(self, url: str, subject: str) -> str:
        """Somebody with this account consents at `url`; where the browser is sent then."""
        answer = httpx2.post(url, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    def says(self, alg: str = "RS256", key: Any = OTHER_KEY, kid: str | None = "other", **claims: Any) -> None:
        """From now on its id_tokens hold these claims (None: not at all), signed like this."""

        def lie(answer: dict[str, Any]) -> dict[str, Any]:
            said = json.loads(extract_compact(answer["id_token"].encode()).payload) | claims
            said = {name: value for name, value in said.items() if value is not None}
            header = {"alg": alg} | ({"kid": kid} if kid else {})
            registry = JWSRegistry(algorithms=[alg], strict_check_header=False)
            return answer | {"id_token": jwt.encode(header, said, key, registry=registry)}

        self.lies["/oauth2/token"] = lie


def serving(provider: Provider) -> tuple[BaseWSGIServer, threading.Thread]:
    """The provider behind a real server on a free port."""
    server = make_server("127.0.0.1", 0, provider, threaded=True)
    provider.port = server.server_port
    thread = threading.Thread(target=lambda: server.serve_forever(0.02))
    thread.start()
    return server, thread


def made() -> Provider:
    """A provider that takes any client."""
    return Provider(oidc_provider_mock.app())
