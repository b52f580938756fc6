"""Writes docs/permissions.md from the role table and the operations; `--check` only tells whether it is up to date.

Usage: python scripts/document_permissions.py [--check]
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tocsin.operations import TABLES
from tocsin.rest.operations import Operation
from tocsin.rest.permissions import BASE, FIXED, MEANING, NAMES, ON_TEAM, Permission

TARGET = Path(__file__).resolve().parent.parent / "docs" / "permissions.md"
HEAD = """\
# Who may do what

<!-- Written by scripts/document_permissions.py from src/tocsin/rest/permissions.py and the operations; edit there. -->

What somebody may do with a thing is what the role of the account allows **or** what the role on one of the thing's
teams allows. A schedule and an escalation policy belong to the teams that they name, a service to the team of its
policy, a maintenance window to those of its services (it is changed by whoever may configure them all), an incident to
the team of the policy it follows. Whoever is asked to answer an incident may see and answer it,
whatever the role.

"""
SIGHT = """
## Who sees what

Everybody sees everything, with two exceptions:

- A **private team** (`default_role: none`) and what belongs to it are seen by its members, the Account Owner and Global
  Admins alone. What belongs to several teams is seen by whoever sees one of them.
- **Restricted Access** sees what belongs to the person's own teams, the people on them, and incidents that the person
  is asked to answer.

What one may not see is not there: 404 by its id, left out of every list. What one sees and may not do is 403.

## Keys and tokens

| Sent as | Acts with |
|---|---|
| account key | everything that the Account Owner may; `From` names the person it acts for |
| read-only account key | the same, GET alone |
| a person's key | that person's rights; a read-only one GET alone |
| token of an app | the rights of its scopes: each operation needs its own, and `write` does not imply `read` |
| token that a person granted to an app | its scopes, and no more than the person may |

"""


def document() -> str:
    """The page as it must be."""
    return HEAD + _roles() + _on_teams() + SIGHT + _operations()


def _matrix(rows: Mapping[str, tuple[str, Iterable[Permission]]]) -> str:
    head = "| Role | On the wire | " + " | ".join(_words(p) for p in Permission) + " |\n"
    rule = "|---|---|" + ":-:|" * len(Permission) + "\n"
    return head + rule + "".join(_row(name, wire, granted) for name, (wire, granted) in rows.items())


def _row(name: str, wire: str, granted: Iterable[Permission]) -> str:
    has = set(granted)
    return f"| {name} | `{wire}` | " + " | ".join("yes" if one in has else "" for one in Permission) + " |\n"


def _words(permission: Permission) -> str:
    return permission.value.replace("_", " ")


def _roles() -> str:
    meanings = "".join(f"- **{_words(one)}**: {MEANING[one]}\n" for one in Permission)
    fixed = ", ".join(NAMES[role] for role in NAMES if role in FIXED)
    table = _matrix({NAMES[role]: (role, granted) for role, granted in BASE.items()})
    return f"{meanings}\n## Roles of the account\n\n{table}\n{fixed} are fixed: no team gives them more.\n"


def _on_teams() -> str:
    table = _matrix({f"{role.capitalize()} of the team": (role, granted) for role, granted in ON_TEAM.items()})
    return f"\n## Roles on a team, for what belongs to it\n\n{table}"


def _operations() -> str:
    rows = sorted((o for table in TABLES for o in table.operations), key=lambda o: (o.path, o.method))
    head = "## Operations\n\n| Operation | Scope | Needs |\n|---|---|---|\n"
    return head + "".join(f"| `{o.key}` | {f'`{o.scope}`' if o.scope else ''} | {_needs(o)} |\n" for o in rows)


def _needs(operation: Operation) -> str:
    return _words(operation.permission) + (" of what its body names" if operation.in_body else "")


def main(arguments: list[str]) -> int:
    """Write, or check."""
    wanted = document()
    if "--check" not in arguments:
        TARGET.write_text(wanted, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == wanted:
        return 0
    print("docs/permissions.md is not up to date: run python scripts/document_permissions.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
