"""Tables of the account and its people. (Functions follow below the tables, by noun, in files beside this one.)"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table
from sqlalchemy import text as sql

from tocsin.core.metadata import document, instant, metadata, sealed, text

account = Table(
    "account",
    metadata,
    text("id", primary_key=True),
    text("subdomain"),
    text("name"),
    text("region"),
    text("time_zone"),
    instant("created_at"),
    Column("held", Boolean, nullable=False, server_default=sql("false")),
    document("settings", server_default=sql("'{}'::jsonb")),
)

users = Table(
    "users",
    metadata,
    text("id", primary_key=True),
    text("name"),
    text("email"),
    text("role"),
    text("time_zone"),
    text("color"),
    text("job_title", null=True),
    text("description", null=True),
    text("avatar_url", null=True),
    text("password_hash", null=True),
    Column("invitation_sent", Boolean, nullable=False, server_default=sql("false")),
    instant("created_at"),
    instant("deleted_at", null=True),
    Index("uq_users_email", sql("lower(email)"), unique=True, postgresql_where=sql("deleted_at IS NULL")),
)

contact_methods = Table(
    "contact_methods",
    metadata,
    text("id", primary_key=True),
    text("user_id", ForeignKey("users.id")),
    text("type"),  # email | phone | sms | whatsapp | push_notification
    text("address"),
    text("label"),
    Column("country_code", Integer),
    Column("enabled", Boolean, nullable=False, server_default=sql("true")),
    Column("blacklisted", Boolean, nullable=False, server_default=sql("false")),
    Column("send_short_email", Boolean, nullable=False, server_default=sql("false")),
    text("device_type", null=True),
    document("sounds", null=True),
    instant("created_at"),
    Index(
        "uq_contact_methods_address",
        "user_id",
        "type",
        "address",
        sql("coalesce(country_code, 0)"),
        unique=True,
    ),
)

notification_rules = Table(
    "notification_rules",
    metadata,
    text("id", primary_key=True),
    text("user_id", ForeignKey("users.id"), index=True),
    text("contact_method_id", ForeignKey("contact_methods.id", ondelete="CASCADE"), index=True),
    text("urgency"),  # high | low
    Column("start_delay_in_minutes", Integer, nullable=False),
    instant("created_at"),
)

status_update_rules = Table(
    "status_update_notification_rules",
    metadata,
    text("id", primary_key=True),
    text("user_id", ForeignKey("users.id"), index=True),
    text("contact_method_id", ForeignKey("contact_methods.id", ondelete="CASCADE"), index=True),
    instant("created_at"),
)

handoff_rules = Table(
    "handoff_rules",
    metadata,
    text("id", primary_key=True),
    text("user_id", ForeignKey("users.id"), index=True),
    text("contact_method_id", ForeignKey("contact_methods.id", ondelete="CASCADE"), index=True),
    text("handoff_type"),  # both | oncall | offcall
    Column("notify_advance_in_minutes", Integer, nullable=False),
    Column("as_reference", Boolean, nullable=False),  # whether the client called its method's type `…_reference`
    instant("created_at"),
    instant("since"),  # of its last change: what was due before is not told by it
)

# Secret addresses of calendars: made when first shown. The hash finds, the sealed token is shown again.
calendar_feeds = Table(
    "calendar_feeds",
    metadata,
    text("kind", primary_key=True),  # user | schedule
    text("subject_id", primary_key=True),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    sealed("token", "calendar"),
    instant("made_at"),
)

teams = Table(
    "teams",
    metadata,
    text("id", primary_key=True),
    text("name"),
    text("description", null=True),
    text("default_role"),  # manager | none
    text("parent_id", null=True),
    instant("created_at"),
    instant("deleted_at", null=True),
    Index("uq_teams_name", sql("lower(name)"), unique=True, postgresql_where=sql("deleted_at IS NULL")),
)

team_members = Table(
    "team_members",
    metadata,
    text("team_id", ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    text("user_id", ForeignKey("users.id"), primary_key=True, index=True),
    text("role"),  # observer | responder | manager
    # The provider whose groups gave it; null: by hand, which a provider never touches.
    text("given_by", ForeignKey("sign_in_providers.id", ondelete="SET NULL"), null=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    text("id", primary_key=True),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    text("tail"),
    text("user_id", ForeignKey("users.id"), null=True),  # null: an account key
    Column("read_only", Boolean, nullable=False, server_default=sql("false")),
    text("description"),
    text("created_by", null=True),
    instant("created_at"),
    instant("last_used_at", null=True),
    instant("revoked_at", null=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    text("id"),
    text("user_id", ForeignKey("users.id"), index=True),
    text("csrf"),
    text("address", null=True),
    text("user_agent", null=True),
    text("method", server_default="password"),  # password | identity_provider | link
    instant("created_at"),
    instant("last_seen_at"),
    instant("expires_at"),
    text("kind", server_default=sql("'web'")),  # web | mobile: which of the account's limits it was begun under
    Column("idle_seconds", Integer, nullable=False, server_default=sql("604800")),
)

session_limits = Table(
    "session_limits",
    metadata,
    text("type", primary_key=True),  # web | mobile
    Column("idle_seconds", Integer, nullable=False),
    Column("absolute_seconds", Integer, nullable=False),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("id", BigInteger, primary_key=True),
    text("kind", server_default=sql("'password'")),  # password | code | reset
    text("email", index=True),  # of a code: the person's id
    text("address", null=True),  # of IPv6: the network
    text("device", null=True),  # the mark of the person's own browser, when it was one
    instant("at"),
)

second_factors = Table(
    "second_factors",
    metadata,
    text("user_id", ForeignKey("users.id"), primary_key=True),
    sealed("secret", "totp"),
    Column("last_step", BigInteger),  # of the newest code that was taken: none is taken twice
    instant("created_at"),
    instant("confirmed_at", null=True),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    text("user_id", ForeignKey("users.id"), index=True),
    instant("used_at", null=True),
)

account_links = Table(
    "account_links",
    metadata,
    text("id", primary_key=True),
    text("user_id", ForeignKey("users.id"), index=True),
    text("kind"),  # invitation | password
    text("email"),
    instant("created_at"),
    instant("expires_at"),
    instant("used_at", null=True),
)
