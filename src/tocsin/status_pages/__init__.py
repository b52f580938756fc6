"""Status pages, dashboards, stakeholder updates: those who do not answer an incident, and want to know of it."""
