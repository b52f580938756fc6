"""Licences (core:R7): Tocsin sells none, so there are two without end, and a person's role says which is theirs.

Ids never change: clients keep them.
"""

from dataclasses import dataclass

STAKEHOLDERS = ("read_only_user", "read_only_limited_user")


@dataclass(frozen=True, slots=True)
class License:
    """What a role needs."""

    id: str
    name: str
    group: str
    roles: tuple[str, ...]


FULL = License(
    "PL1FULL", "Tocsin (Full User)", "FullUser",
    ("owner", "admin", "user", "limited_user", "observer", "restricted_access"),
)  # fmt: skip
STAKEHOLDER = License("PL1STAK", "Tocsin (Stakeholder)", "Stakeholder", STAKEHOLDERS)
LICENSES = {license.id: license for license in (FULL, STAKEHOLDER)}


def license_of(role: str) -> License:
    """The licence that goes with a role."""
    return STAKEHOLDER if role in STAKEHOLDERS else FULL
