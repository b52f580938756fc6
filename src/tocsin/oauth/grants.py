"""The grants (RFC 6749, 7636, 7009): Authlib's state machines, with our commands where they ask for storage.

1. An error that has no proven redirect URL never redirects; once client and URL are proven, every error does.
2. PKCE is S256 or nothing.
3. What the refused side is told names the parameter, never a value that was sent: descriptions are plain ASCII.
"""

import logging
from typing import Any

from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
)
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge

from tocsin.oauth import logic
from tocsin.oauth.client import Client, Code, Token
from tocsin.oauth.commands import granting
from tocsin.oauth.store import tokens

# Authlib writes the tokens that it issues at this level.
logging.getLogger("authlib").setLevel(logging.INFO)

AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]
GONE = "The code is unknown, used, expired or of another app"


class UnsupportedResponseType(OAuth2Error):  # type: ignore[misc]
    """`response_type` is not code."""

    error = "unsupported_response_type"


class Pkce(CodeChallenge):  # type: ignore[misc]
    """S256 alone; demanded of every app that must use it."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def check(self, grant: Any, client: Client) -> None:
        """The challenge of an authorization request."""
        given = grant.request.payload.data
        if client.needs_pkce and not given.get("code_challenge"):
            raise InvalidRequestError("code_challenge is required (PKCE with S256)")
        if given.get("code_challenge") and given.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge_method must be S256")
        self.validate_code_challenge(grant, None)


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """From the consent page to tokens."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def validate_authorization_request(self) -> str:
        """Client and redirect URL first; from there on errors go back to the app."""
        asked = self.request.payload
        client = self.server.query_client(asked.client_id) if asked.client_id else None
        if client is None:
            raise InvalidClientError("client_id is missing or names no app of this account")
        redirect_uri = self._proven(client)
        try:
            self._check(client)
        except OAuth2Error as error:
            error.redirect_uri = redirect_uri
            raise
        self.request.client = client
        return redirect_uri

    def _proven(self, client: Client) -> str:
        given = self.request.payload.redirect_uri
        if given and not client.check_redirect_uri(given):
            raise InvalidRequestError("redirect_uri is not one of the URLs registered for this app")
        found = given or client.get_default_redirect_uri()
        if not found:
            raise InvalidRequestError("redirect_uri is required: the app has no URL, or several")
        return str(found)

    def _check(self, client: Client) -> None:
        asked = self.request.payload
        if self.request.repeated:
            raise InvalidRequestError("A parameter stands in the request twice")
        if not asked.response_type:
            raise InvalidRequestError("response_type is required")
        if not client.check_response_type(asked.response_type):
            raise UnsupportedResponseType("response_type must be code")
        self.request.scope = client.get_allowed_scope(asked.scope)
        if not self.request.scope:
            raise InvalidScopeError("None of the scopes asked for is registered for this app")
        Pkce().check(self, client)

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Nothing: `generate_authorization_code` has stored it."""

    def generate_authorization_code(self) -> str:
        """A new code, stored."""
        asked = self.request.payload
        allowed = granting.Allowed(
            self.request.user, self.redirect_uri, bool(asked.redirect_uri), self.request.scope.split(),
            asked.data.get("code_challenge"), asked.data.get("nonce"),
        )  # fmt: skip
        return granting.code(self.server.tx, self.request.client.app, allowed)

    def query_authorization_code(self, code: str, client: Client) -> Code:
        """The code, of this client, and of a person who is still there."""
        row = granting.find_code(self.server.tx, client.app, code)
        if row is None or self.server.person(row.user_id) is None:
            raise InvalidGrantError(GONE)
        return Code(row)

    def authenticate_user(self, authorization_code: Code) -> Any:
        return self.server.person(authorization_code.row.user_id)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Nothing: `save_token` marks it used, and it stays to be recognized."""

    def create_token_response(self) -> Any:
        """With an id token where `openid` was allowed (core:O6)."""
        status, body, headers = super().create_token_response()
        code = self.request.authorization_code
        return status, body | self.server.identity(code.row, self.request.client), headers


class RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
    """A refresh token for a new pair."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Token:
        row = granting.find_refresh(self.server.tx, self.request.client.app, refresh_token)
        if row is None or self.server.person(row.user_id) is None:
            raise InvalidGrantError("The refresh token is unknown, used, expired or revoked")
        return Token(row)

    def _validate_token_scope(self, token: Token) -> None:
        asked = self.request.payload.scope
        narrowed = logic.granted(asked, token.row.scopes) if asked else token.row.scopes
        if not narrowed:
            raise InvalidScopeError("None of the scopes asked for was granted before")
        self.request.scope = " ".join(narrowed)

    def issue_token(self, user: Any, refresh_token: Token) -> Any:
        return self.generate_token(user=user, scope=self.request.scope, include_refresh_token=True)

    def authenticate_user(self, refresh_token: Token) -> Any:
        return self.server.person(refresh_token.row.user_id)

    def revoke_old_credential(self, refresh_token: Token) -> None:
        """It was turned in; it stays, to be recognized if it comes again."""
        tokens.rotate(self.server.tx.conn, refresh_token.row.id, self.server.tx.now)


class CredentialsGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]
    """An app for the account itself (core:O4)."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def validate_requested_scope(self) -> None:
        """The account must be named, and be this one; the rest is what the app may have."""
        accounts, asked = logic.account_named(self.request.payload.scope)
        place = self.server.place
        if not accounts:
            raise InvalidScopeError("The scope must name the account: as_account-{region}.{subdomain}")
        if any(named != f"{place['region']}.{place['subdomain']}".lower() for named in accounts):
            raise InvalidScopeError("as_account names another account: check the region and the subdomain")
        granted = logic.granted(asked, self.request.client.app.scopes)
        self.request.scopes_granted = [scope for scope in granted if scope != "openid"]
        if not self.request.scopes_granted:
            raise InvalidScopeError("None of the scopes asked for is registered for this app")

    def create_token_response(self) -> Any:
        named = logic.as_account(**self.server.place)
        scope = " ".join([named, *self.request.scopes_granted])
        token = self.generate_token(scope=scope, include_refresh_token=False)
        self.save_token(token)
        return 200, token, self.TOKEN_RESPONSE_HEADER


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """An app gives a token back: a refresh token ends all that came from it, an access token itself alone."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        found = granting.known(self.server.tx, token_string)
        return Token(found) if found is not None else None

    def revoke_token(self, token: Token, request: Any) -> None:
        granting.give_back(self.server.tx, request.client.app, token.row)
