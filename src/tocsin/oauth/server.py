"""The authorization server: Authlib's, over one transaction of ours, fed by plain forms.

1. A request is method, form and headers; whether its transport is safe is judged where the socket is (SPINE 12).
2. `redirect_url` is read as `redirect_uri` (SPINE 12). A parameter that stands twice is an error (RFC 6749, 3.1).
3. Errors are answers: what they changed is committed.
4. Who cannot prove to be an app is told so with 401, whatever was wrong: neither a guess nor a client id is confirmed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from sqlalchemy import Row

from tocsin.accounts.store import people
from tocsin.accounts.store import tables as accounts
from tocsin.core.clock import real_now
from tocsin.core.db import Tx
from tocsin.core.recorded import live
from tocsin.oauth.client import Client
from tocsin.oauth.commands import granting, signing
from tocsin.oauth.grants import CodeGrant, CredentialsGrant, Pkce, RefreshGrant, Revocation
from tocsin.oauth.model import OPENID
from tocsin.oauth.store import apps, tokens

Values = Mapping[str, Sequence[str]]
_UNPROVEN = "The client id or the client secret is wrong, or the app must authenticate in another way"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a status, a document (or nothing) and headers."""

    status: int
    body: Any
    headers: list[tuple[str, str]]

    @property
    def location(self) -> str | None:
        """Where the browser is sent."""
        return next((value for name, value in self.headers if name.lower() == "location"), None)


class Asked(OAuth2Request):  # type: ignore[misc]
    """A request in Authlib's form. `user` is the id of the person who allowed it."""

    def __init__(self, method: str, values: Values, authorization: str | None = None):
        super().__init__(method, "https://here/", headers={"Authorization": authorization} if authorization else {})
        named = {("redirect_uri" if name == "redirect_url" else name): given for name, given in values.items()}
        self.repeated = any(len(given) > 1 for given in named.values()) or len(named) < len(values)
        self._form = {name: given[-1] for name, given in named.items() if given and given[-1]}
        self.payload = BasicOAuth2Payload(self._form)
        self.scopes_granted: list[str] = []

    @property
    def form(self) -> dict[str, str]:
        """The parameters; an empty one counts as absent (RFC 6749, 3.1)."""
        return self._form

    args = form


class Server(AuthorizationServer):  # type: ignore[misc]
    """One transaction's server. `base_url` is the address that the client used: it issues the id tokens."""

    def __init__(self, tx: Tx, base_url: str):
        super().__init__()
        self.tx, self.base_url = tx, base_url
        self.place = apps.place(tx.conn)
        self.register_grant(CodeGrant, [Pkce(required=True)])
        self.register_grant(RefreshGrant)
        self.register_grant(CredentialsGrant)
        self.register_endpoint(Revocation)

    def token(self, asked: Asked) -> Answer:
        """`POST /oauth/token`."""
        if asked.repeated:
            return self.refused(InvalidRequestError("A parameter stands in the request twice"))
        if not asked.payload.grant_type:
            return self.refused(InvalidRequestError("grant_type is required, in a form-encoded body"))
        answer: Answer = self.create_token_response(asked)
        return answer

    def revoke(self, asked: Asked) -> Answer:
        """`POST /oauth/revoke`."""
        answer: Answer = self.create_endpoint_response(Revocation.ENDPOINT_NAME, asked)
        return answer

    def consent(self, asked: Asked) -> CodeGrant:
        """The checked authorization request; `OAuth2Error` with `redirect_uri` where the app may be told."""
        grant = CodeGrant(asked, self)
        try:
            grant.redirect_uri = grant.validate_authorization_request()
        except OAuth2Error as error:
            error.state = asked.payload.state
            raise
        return grant

    def decide(self, grant: CodeGrant, user_id: str | None) -> Answer:
        """Send the browser back with a code, or with `access_denied` when nobody allowed it."""
        answer: Answer = self.create_authorization_response(grant.request, grant_user=user_id, grant=grant)
        return answer

    def refused(self, error: OAuth2Error) -> Answer:
        """An error as an answer."""
        return Answer(*error())

    def query_client(self, client_id: str) -> Client | None:
        row = apps.by_client_id(self.tx.conn, client_id)
        return Client(row) if row is not None else None

    def authenticate_client(self, request: Asked, methods: Sequence[str], endpoint: str = "token") -> Any:
        """The app that proved to be itself."""
        try:
            return super().authenticate_client(request, methods, endpoint)
        except (InvalidClientError, UnicodeError):
            raise InvalidClientError(_UNPROVEN, status_code=401) from None

    def person(self, id: str | None) -> Row[Any] | None:
        """A living person."""
        return live(self.tx.conn, accounts.users, id) if id else None

    def generate_token(
        self, grant_type: str, client: Client, user: Row[Any] | None = None, scope: str | None = None,
        expires_in: int | None = None, include_refresh_token: bool = True,
    ) -> dict[str, Any]:  # fmt: skip
        """The shape of the answer; `save_token` fills it, when it knows whose the tokens are."""
        shape = {"token_type": "bearer", "scope": scope}
        return shape | ({"refresh_token": None} if include_refresh_token else {})

    def save_token(self, token: dict[str, Any], request: Asked) -> None:
        """Mint and keep them."""
        app, region = request.client.app, self.place["region"]
        scopes = request.scopes_granted or token["scope"].split()
        whole, delegation = self._delegated(request, scopes)
        access = granting.mint(self.tx, app, delegation, scopes, "access", region)
        if "refresh_token" in token:
            token["refresh_token"] = granting.mint(self.tx, app, delegation, whole, "refresh", region).secret
        token |= {"access_token": access.secret, "expires_in": access.seconds}

    def _delegated(self, request: Asked, scopes: list[str]) -> tuple[list[str], str]:
        """(the scopes that may be asked for again, the delegation that the tokens belong to)."""
        if request.refresh_token is not None:
            return request.refresh_token.row.scopes, request.refresh_token.row.delegation_id
        delegation = granting.delegate(self.tx, request.client.app, request.user, scopes)
        if request.authorization_code is not None:
            tokens.use_code(self.tx.conn, request.authorization_code.row.sha256, delegation)
        return scopes, delegation

    def identity(self, code: Row[Any], client: Client) -> dict[str, str]:
        """`id_token` where `openid` was allowed."""
        if OPENID not in code.scopes:
            return {}
        account = people.the_account(self.tx.conn)
        used = tokens.code(self.tx.conn, code.sha256, code.app_id)
        assert account is not None
        assert used is not None
        id = client.get_client_id()
        claims = {
            "iss": self.base_url, "sub": code.user_id, "aud": [self.base_url, id], "azp": id,
            "account_id": account.id, "user_id": code.user_id, "subdomain": account.subdomain,
            "region": account.region, "delegation_id": used.delegation_id,
        }  # fmt: skip
        nonce = {"nonce": code.nonce} if code.nonce else {}
        return {"id_token": signing.id_token(self.tx, claims | nonce, real_now())}

    def create_oauth2_request(self, request: Asked) -> Asked:
        return request

    def handle_response(self, status: int, body: Any, headers: Sequence[tuple[str, str]]) -> Answer:
        return Answer(status, body, list(headers))

    def send_signal(self, name: str, *args: Any, **more: Any) -> None:
        """Nobody listens: what follows is done in the commands."""
