"""An app, a code and a token as Authlib's grants see them: rows of ours behind the questions that it asks."""

import hmac
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin
from sqlalchemy import Row

from tocsin.accounts.commands.keys import digest
from tocsin.oauth import logic
from tocsin.oauth.model import Kind

CODE, REFRESH, CREDENTIALS = "authorization_code", "refresh_token", "client_credentials"


class Client(ClientMixin):  # type: ignore[misc]
    """A registered app."""

    def __init__(self, app: Row[Any]):
        self.app = app

    def get_client_id(self) -> str:
        return str(self.app.client_id)

    def get_default_redirect_uri(self) -> str | None:
        """The one registered URL; with several the request must say which."""
        return self.app.redirect_uris[0] if len(self.app.redirect_uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(logic.granted(scope, self.app.scopes))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return logic.may_return_to(redirect_uri, self.app.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        return self.app.sha256 is not None and hmac.compare_digest(digest(client_secret), bytes(self.app.sha256))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method != "none") if self.app.confidential else (method == "none")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """A classic app acts for people alone (core:O3, core:O4)."""
        if grant_type == CREDENTIALS:
            return bool(self.app.kind == Kind.SCOPED)
        return grant_type in (CODE, REFRESH)

    @property
    def needs_pkce(self) -> bool:
        """Scoped apps, and all that keep no secret (core:O3)."""
        return bool(self.app.kind == Kind.SCOPED or not self.app.confidential)


class Code(AuthorizationCodeMixin):  # type: ignore[misc]
    """An authorization code that counts."""

    def __init__(self, row: Row[Any]):
        self.row = row
        self.code_challenge = row.code_challenge
        self.code_challenge_method = "S256"

    def get_redirect_uri(self) -> str | None:
        """What the token request must repeat: nothing where the authorization request named none."""
        return self.row.redirect_uri if self.row.redirect_given else None

    def get_scope(self) -> str:
        return " ".join(self.row.scopes)


class Token(TokenMixin):  # type: ignore[misc]
    """A refresh or access token of ours."""

    def __init__(self, row: Row[Any]):
        self.row = row

    def check_client(self, client: Client) -> bool:
        return bool(self.row.app_id == client.app.id)

    def get_scope(self) -> str:
        return " ".join(self.row.scopes)
