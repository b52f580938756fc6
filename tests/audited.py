"""Watches that no command changes an audited table without an audit record in the same transaction (SPINE 6).

Triggers in the scratch database note (transaction, table) for every real change, and for every record written.
"""

from sqlalchemy import Connection, Engine, text

# table -> columns whose change alone is no change of the thing
AUDITED: dict[str, tuple[str, ...]] = {
    "account": ("held",),
    "users": (),
    "contact_methods": (),
    "notification_rules": (),
    "status_update_notification_rules": (),
    "templates": (),
    "handoff_rules": (),
    "feature_enablements": (),
    "teams": (),
    "team_members": (),
    "api_keys": ("last_used_at",),
    "oauth_apps": (),
    "oauth_delegations": (),
    "escalation_policies": (),
    "escalation_rules": (),
    "services": ("last_incident_at", "maintenance"),
    "maintenance_windows": (),
    "integrations": (),
    "tags": (),
    "taggings": (),
    "addons": (),
    "addon_services": (),
    "business_services": (),
    "service_dependencies": (),
    "schedules": ("version",),
    "schedule_layers": (),
    "schedule_overrides": (),
    "schedule_teams": (),
    "session_limits": (),
    "sign_in_providers": (),
    "incident_types": (),
    "custom_fields": (),
    "custom_field_options": (),
    "service_field_values": (),
    "identities": ("last_used_at", "email", "role"),
    "webhook_subscriptions": (),
    "webhook_secrets": (),
    "webhook_oauth_clients": ("token", "token_until", "status"),
    "extensions": (),
}

_NOTE = """
CREATE TABLE IF NOT EXISTS audit_watch (xid xid8, name text);
CREATE OR REPLACE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - coalesce(TG_ARGV, '{}') = to_jsonb(OLD) - coalesce(TG_ARGV, '{}') THEN
    RETURN NULL;
  END IF;
  INSERT INTO audit_watch VALUES (pg_current_xact_id(), TG_TABLE_NAME);
  RETURN NULL;
END $$;
"""

_UNRECORDED = """
SELECT DISTINCT name FROM audit_watch w WHERE name <> 'audit_records'
AND NOT EXISTS (SELECT 1 FROM audit_watch r WHERE r.xid = w.xid AND r.name = 'audit_records') ORDER BY name
"""


def watch(engine: Engine) -> None:
    """Put the triggers in place."""
    with engine.begin() as conn:
        conn.execute(text(_NOTE))
        for table, ignored in [*AUDITED.items(), ("audit_records", ())]:
            given = ", ".join(f"'{name}'" for name in ignored)
            conn.execute(
                text(
                    f"CREATE OR REPLACE TRIGGER watch AFTER INSERT OR UPDATE OR DELETE ON {table} "
                    f"FOR EACH ROW EXECUTE FUNCTION note_change({given})"
                )
            )


def forget(engine: Engine) -> None:
    """What has happened so far (a test's furniture) is not looked at."""
    with engine.begin() as conn:
        conn.execute(text("DELETE FROM audit_watch"))


def unrecorded(conn: Connection) -> list[str]:
    """Tables changed by a transaction that wrote no record."""
    return list(conn.scalars(text(_UNRECORDED)))
