"""Telling people of hand-offs: due by timers, one for each schedule, at its next interesting instant (core:N31, G-58).

1. A change of a schedule, or of a person's rules, asks for a look (`LOOK_…`); a look tells what is due and sets the
   schedule's own timer (`DUE`) to the next telling. Nothing is computed while nothing is due. The two kinds are two
   timers: a look that is asked for while another is under way is never overwritten by its end.
2. What was told stands in a ledger, so that an edit that leaves a hand-off where it was tells nobody twice, and one
   that makes a hand-off too late for its advance still tells it at once. A new or changed rule tells nothing that was
   due before it: its person's look writes all of that into the ledger, and marks the rule as met.
3. A telling goes to the rule's own address when that is a mail address in use, else to the person's mail: a notice is
   never silent for want of a channel.
4. A hand-off that is more than `LATE` over is told no more (an install that was held, a worker that was away).
5. Whether the schedule counts is looked up when the telling is due; one that does not count yet is looked at again
   with the next look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from tocsin.accounts.commands.handoff_rules import LOOK_AT_PERSON
from tocsin.accounts.store import handoff_rules
from tocsin.core import timers, zones
from tocsin.core.db import Tx
from tocsin.core.timers import Timer
from tocsin.notifications.commands.planning import mail_addresses
from tocsin.notifications.store import handoffs as stored
from tocsin.notifications.store import sends
from tocsin.schedules.logic import HandoffRule, Telling, handoffs, shift_at, tellings
from tocsin.schedules.model import Schedule
from tocsin.schedules.store import finding
from tocsin.schedules.store.loading import absent, people_of, ready
from tocsin.schedules.store.saving import LOOK_AT_HANDOFFS, look_at_handoffs

DUE = "handoff.due"
OF_PEOPLE, OF_SCHEDULES = (LOOK_AT_PERSON,), (LOOK_AT_HANDOFFS, DUE)
LATE = timedelta(hours=1)
WINDOWS = (timedelta(days=2), timedelta(days=35))


@dataclass(frozen=True, slots=True)
class World:
    """What a look at one schedule knows. `rules` of people by their ids; `rows` the stored rules by theirs."""

    schedule: Schedule
    gone: frozenset[str]
    rules: Mapping[str, Sequence[HandoffRule]]
    rows: Mapping[str, Any]
    told: set[stored.Key]

    @property
    def longest(self) -> timedelta:
        """The longest advance that anybody wants."""
        return max(rule.advance for rules in self.rules.values() for rule in rules)

    def has_met(self, rule: HandoffRule, now: datetime) -> bool:
        """Whether what was due before this rule is dealt with, or long over."""
        return stored.mark(rule) in self.told or rule.since < now - stored.KEPT

    def means(self, telling: Telling, now: datetime) -> bool:
        """Whether it is still to be told."""
        waits = telling.due < telling.rule.since and not self.has_met(telling.rule, now)
        return not waits and stored.key(self.schedule.id, telling) not in self.told


def fire_person(tx: Tx, due: Sequence[Timer]) -> int:
    """Somebody's rules changed: look at the schedules that count on them."""
    taken = timers.take(tx.conn, due)
    of = {row.id for timer in taken for row in finding.counting_on(tx.conn, timer.subject, tx.now)}
    people = {timer.subject for timer in taken}
    worlds = _worlds(tx, sorted(of))
    met = [stored.mark(rule) for rule in _by_rule(handoff_rules.of_users(tx.conn, people))]
    stored.note_told(tx.conn, [*met, *(key for world in worlds for key in _before(world, people, tx.now))], tx.now)
    look_at_handoffs(tx, of)
    return len(taken)


def _before(world: World, people: set[str], now: datetime) -> list[stored.Key]:
    """What was due before the rules of these people that were not met yet."""
    fresh = {
        user: [rule for rule in rules if not world.has_met(rule, now)]
        for user, rules in world.rules.items()
        if user in people
    }
    found = handoffs(world.schedule, now - LATE, now + world.longest, world.gone)
    return [stored.key(world.schedule.id, one) for one in tellings(found, fresh) if one.due < one.rule.since]


def fire(tx: Tx, due: Sequence[Timer]) -> int:
    """Look at the schedules whose timers are due; how many were taken. Those that are being edited wait."""
    locked = set(stored.lock(tx.conn, {timer.subject for timer in due}))
    taken = timers.take(tx.conn, [timer for timer in due if timer.subject in locked])
    look(tx, sorted({timer.subject for timer in taken}))
    return len(taken)


def look(tx: Tx, schedule_ids: Sequence[str]) -> None:
    """Tell what is due on these schedules, and set the timers of what comes next."""
    worlds = _worlds(tx, schedule_ids)
    if not worlds:
        return
    due: list[tuple[World, Telling]] = []
    coming: list[Timer] = []
    for world in worlds:
        now, next_at = _sorted_out(world, tx.now)
        due += [(world, telling) for telling in now]
        coming.append(Timer(world.schedule.id, DUE, next_at, int(tx.now.timestamp() * 1_000_000)))
    _tell(tx, due)
    timers.put(tx.conn, coming)


def _worlds(tx: Tx, schedule_ids: Sequence[str]) -> list[World]:
    """The schedules that anybody wants to be told of."""
    found = ready(tx.conn, schedule_ids, tx.now - 2 * LATE)
    people = people_of(found.values())
    rows = handoff_rules.of_users(tx.conn, people) if people else ()
    if not rows:
        return []
    told = stored.told(tx.conn, list(found), tx.now)
    gone, rules = absent(tx.conn, people), _by_user(rows)
    by_id = {row.id: row for row in rows}
    return [World(s, gone, rules, by_id, told) for s in found.values() if people_of([s]) & rules.keys()]


def _by_user(rows: Sequence[Any]) -> dict[str, list[HandoffRule]]:
    found: dict[str, list[HandoffRule]] = {}
    for rule in _by_rule(rows):
        found.setdefault(rule.user, []).append(rule)
    return found


def _by_rule(rows: Sequence[Any]) -> list[HandoffRule]:
    return [
        HandoffRule(row.id, row.user_id, row.handoff_type, timedelta(minutes=row.notify_advance_in_minutes), row.since)
        for row in rows
    ]


def _sorted_out(world: World, now: datetime) -> tuple[list[Telling], datetime]:
    """What is due now, and when to look again: at the next telling, else at the end of what was looked through."""
    due: list[Telling] = []
    for reach in WINDOWS:
        found = handoffs(world.schedule, now - LATE, now + world.longest + reach, world.gone)
        meant = [one for one in tellings(found, world.rules) if world.means(one, now)]
        due = [one for one in meant if one.due <= now]
        if later := [one.due for one in meant if now < one.due < now + reach]:
            return due, min(later)
    return due, now + WINDOWS[-1]


def _tell(tx: Tx, due: Sequence[tuple[World, Telling]]) -> None:
    counting = stored.counting(tx.conn, sorted({world.schedule.id for world, _ in due})) if due else set()
    meant = [(world, telling) for world, telling in due if world.schedule.id in counting]
    if not meant:
        return
    mail = mail_addresses(tx, {telling.rule.user for _, telling in meant})
    others = {id for _, one in meant for id in (one.handoff.off, one.handoff.on) if id}
    names = {id: row.name for id, row in finding.names_of(tx.conn, others).items()}
    rows = [
        sends.new_send("email", one.rule.user, method, to, "high", "notice", tx.now, tx.now, said)
        for world, one in meant
        for said in [_words(world, one, names, tx.now)]
        for method, to in _reach(world.rows[one.rule.id], mail.get(one.rule.user, []))
    ]
    sends.add(tx.conn, rows)
    stored.note_told(tx.conn, (stored.key(world.schedule.id, one) for world, one in meant), tx.now)
    tx.conn.execute(text("SELECT pg_notify('tocsin_send', '')"))


def _reach(row: Any, mail: list[tuple[str | None, str]]) -> list[tuple[str | None, str]]:
    usable = row.method_type == "email" and row.enabled and not row.blacklisted
    return [(row.contact_method_id, row.address)] if usable else mail


def _words(world: World, telling: Telling, names: Mapping[str, str], now: datetime) -> dict[str, Any]:
    name, at = world.schedule.name, telling.handoff.at
    zone = ZoneInfo(zones.zone(world.rows[telling.rule.id].time_zone))
    when, passed = moment(at, zone), at <= now
    if telling.kind == "oncall":
        subject = f"You are on call for {name} since {when}" if passed else f"You go on call for {name} on {when}"
        told = [f"{subject}.", _taking_over(names.get(telling.handoff.off or "")), _until(world, at, zone)]
    else:
        subject = f"Your shift on {name} ended on {when}" if passed else f"Your shift on {name} ends on {when}"
        told = [f"{subject}.", _handing_over(names.get(telling.handoff.on or ""), passed)]
    why = "You are told because of a hand-off notification rule of yours."
    body = "\n\n".join([*filter(None, told), why])
    return {"subject": subject, "text": body, "button": "See the schedule", "page": f"/schedules/{world.schedule.id}"}


def _taking_over(name: str | None) -> str:
    return f"{name} has the shift before you." if name else "Nobody has the shift before you."


def _handing_over(name: str | None, passed: bool) -> str:
    if name:
        return f"{name} has taken over." if passed else f"{name} takes over."
    return "NOBODY is on call on this schedule now." if passed else "NOBODY is on call on this schedule after you."


def _until(world: World, at: datetime, zone: ZoneInfo) -> str:
    shift = shift_at(world.schedule, at, absent=world.gone)
    return f"Your shift lasts until {moment(shift.end, zone)}." if shift else ""


def moment(at: datetime, zone: ZoneInfo) -> str:
    """An instant on the person's own clock: `Saturday 21 November at 09:00 (Europe/Berlin)`."""
    local = at.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B} at {local:%H:%M} ({zone.key})"
