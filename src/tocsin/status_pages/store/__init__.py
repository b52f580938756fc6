"""The SQL of stakeholder updates."""
