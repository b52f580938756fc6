"""Tables of the OAuth server. Secrets, codes and tokens are stored as SHA-256, the signing key sealed."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, Table
from sqlalchemy import text as sql

from tocsin.core.metadata import document, instant, metadata, sealed, text

oauth_apps = Table(
    "oauth_apps",
    metadata,
    text("id", primary_key=True),
    text("name"),
    text("description", null=True),
    text("kind"),  # classic | scoped
    text("client_id", unique=True),
    Column("sha256", LargeBinary),  # of the secret; null: a public client
    text("secret_tail", null=True),
    instant("secret_made_at", null=True),
    Column("confidential", Boolean, nullable=False),
    document("scopes"),
    document("redirect_uris"),
    text("setup_url", null=True),  # the Integration Setup URL of the Connect flow (core:O9)
    text("role"),  # admin | user: what an app token may do at most, besides its scopes
    text("created_by", ForeignKey("users.id"), null=True),
    instant("created_at"),
    instant("deleted_at", null=True),
    Index("uq_oauth_apps_name", sql("lower(name)"), unique=True, postgresql_where=sql("deleted_at IS NULL")),
)

oauth_delegations = Table(
    "oauth_delegations",
    metadata,
    text("id", primary_key=True),
    text("app_id", ForeignKey("oauth_apps.id"), index=True),
    text("user_id", ForeignKey("users.id"), null=True, index=True),  # null: the app acts for the account
    document("scopes"),
    instant("created_at"),
    instant("expires_at"),
    instant("revoked_at", null=True),
    text("revoked_why", null=True),
)

oauth_codes = Table(
    "oauth_codes",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    text("app_id", ForeignKey("oauth_apps.id"), index=True),
    text("user_id", ForeignKey("users.id")),
    text("redirect_uri"),
    Column("redirect_given", Boolean, nullable=False),
    document("scopes"),
    text("code_challenge", null=True),
    text("nonce", null=True),
    text("delegation_id", ForeignKey("oauth_delegations.id", ondelete="CASCADE"), null=True),  # null: not used yet
    instant("expires_at", index=True),
)

oauth_tokens = Table(
    "oauth_tokens",
    metadata,
    text("id", primary_key=True),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    text("tail"),
    text("use"),  # access | refresh
    text("delegation_id", ForeignKey("oauth_delegations.id", ondelete="CASCADE"), index=True),
    document("scopes"),
    instant("created_at"),
    instant("expires_at", index=True),
    instant("last_used_at", null=True),
    instant("rotated_at", null=True),  # a refresh token that has been turned in
)

oauth_signing_keys = Table(
    "oauth_signing_keys",
    metadata,
    text("id", primary_key=True),  # the key id in the JWKS
    sealed("sealed", "oauth signing key"),
    document("public"),
    instant("created_at"),
)
