"""Tags: labels on people, teams and escalation policies, for finding them (core:X1)."""
