"""Tables of single sign-on: the providers, who is linked to an account of theirs, and states that were used up.

1. `kind` says which protocol a provider speaks; today all are `oidc`.
2. An identity is (provider, subject): the subject is the provider's own, unchanging name of an account. A removed
   person's identity stays, so that the account behind it does not come back as somebody new.
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, Table, UniqueConstraint
from sqlalchemy import text as sql

from tocsin.core.metadata import document, instant, metadata, sealed, text

PURPOSE = "sign_in_provider"

sign_in_providers = Table(
    "sign_in_providers",
    metadata,
    text("id", primary_key=True),
    text("kind"),  # oidc
    text("name"),
    text("issuer", unique=True),
    text("client_id"),
    sealed("client_secret", PURPOSE),
    document("scopes"),  # ["openid", …]
    document("claims"),  # {"email": …, "name": …, "groups": …}
    document("email_domains"),  # ["example.com", …]; ["*"]: any; []: those who are here already
    Column("make_people", Boolean, nullable=False),
    text("default_role"),
    document("roles"),  # [{"group", "role"}, …]: the first that fits decides
    document("teams"),  # [{"group", "team_id", "role"}, …]: for each team the first that fits decides
    Column("trust_unverified_email", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    instant("checked_at"),  # when its discovery document was last fetched and found right
    instant("created_at"),
    Index("uq_sign_in_providers_name", sql("lower(name)"), unique=True),
)

identities = Table(
    "identities",
    metadata,
    text("id", primary_key=True),
    text("provider_id", ForeignKey("sign_in_providers.id", ondelete="CASCADE")),
    text("subject"),
    text("user_id", ForeignKey("users.id"), index=True),
    text("email", null=True),
    text("role", null=True),  # the role that a group gave at the last sign-in
    instant("created_at"),
    instant("last_used_at"),
    UniqueConstraint("provider_id", "subject"),
)

used_states = Table(
    "used_states",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    instant("at", index=True),
)
