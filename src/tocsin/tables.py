"""Every table of every package, so that migrations and tests see the whole schema."""

import tocsin.accounts.store.sign_in_tables
import tocsin.accounts.store.tables
import tocsin.core.audit
import tocsin.core.clock
import tocsin.core.effects
import tocsin.core.heartbeats
import tocsin.core.intake_log
import tocsin.core.timers
import tocsin.escalation.store.tables
import tocsin.events.store
import tocsin.fields.store.tables
import tocsin.impact.store
import tocsin.incidents.store.tables
import tocsin.notifications.store.tables
import tocsin.oauth.store.tables
import tocsin.schedules.store.tables
import tocsin.services.store.addons
import tocsin.services.store.graph_tables
import tocsin.services.store.tables
import tocsin.status_pages.store.tables
import tocsin.tags.store
import tocsin.webhooks.store.tables  # noqa: F401
from tocsin.core.metadata import metadata

__all__ = ["metadata"]
