"""Who is next: pure decisions on a policy's snapshot.

1. Targets are resolved at the moment a level is entered; a person reached twice is assigned once (core:P12, core:P15).
2. Empty levels are skipped at once, at the start and on the way (core:P13, core:P25, core:G-46).
3. `num_loops` = repeats after the first pass (core:P5). A whole pass without anybody ends the climb (core:G-46).
4. Round robin: the ring is a queue outside the snapshot, shared by all incidents; whoever is assigned goes to the
   back, a schedule in a gap is skipped but keeps its place (core:P40-P45, core:G-48).
"""

from dataclasses import replace

from tocsin.escalation.model import (
    Entered,
    Exhausted,
    Level,
    OnCall,
    Position,
    Queue,
    Rings,
    Snapshot,
    Step,
    Strategy,
    Target,
    TargetKind,
)


def standing_in(snapshot: Snapshot, leaver: str, stand_in: str) -> Snapshot:
    """The same snapshot with another person in the place of one who goes; levels, delays and order stay (core:P62)."""

    def other(target: Target) -> Target:
        return Target(target.kind, stand_in) if target == Target(TargetKind.USER, leaver) else target

    levels = tuple(replace(level, targets=tuple(dict.fromkeys(map(other, level.targets)))) for level in snapshot.levels)
    return snapshot if levels == snapshot.levels else replace(snapshot, levels=levels)


def people_of(level: Level, oncall: OnCall) -> tuple[str, ...]:
    """Everybody a level means now, each once, in target order."""
    found: dict[str, None] = {}
    for target in level.targets:
        found.update(dict.fromkeys(oncall.get(target, ())))
    return tuple(found)


def queue_of(level: Level, kept: Queue) -> Queue:
    """The ring's queue: as kept, or from the first target on when the level has got new ones (core:P43).

    Targets that only other snapshots of the policy have keep their places: the ring is shared.
    """
    own = [target.id for target in level.targets]
    if all(id in kept for id in own):
        return kept
    return (*own, *(id for id in kept if id not in own))


def ring_turn(level: Level, oncall: OnCall, queue: Queue) -> tuple[tuple[str, ...], Queue]:
    """The people of the first ring member that has any, who goes to the back; a member in a gap keeps its place."""
    targets = {target.id: target for target in level.targets}
    for id in queue:
        if id in targets and (people := oncall.get(targets[id], ())):
            return people, (*(other for other in queue if other != id), id)
    return (), queue


def at_level(snapshot: Snapshot, position: Position, oncall: OnCall, rings: Rings) -> Entered | None:
    """Whom the level at `position` gives the incident to now; None when nobody is on call there."""
    level = snapshot.levels[position.level]
    if level.strategy is not Strategy.ROUND_ROBIN:
        people = people_of(level, oncall)
        return Entered(position, people) if people else None
    key = (snapshot.policy_id, level.rule_id)
    people, queue = ring_turn(level, oncall, queue_of(level, rings.get(key, ())))
    return Entered(position, people, ring=(key, queue)) if people else None


def enter(snapshot: Snapshot, at: Position, oncall: OnCall, rings: Rings) -> Step:
    """Enter the first level with anybody on call, from `at` on."""
    skipped: list[int] = []
    position, repeated = at, False
    for _ in range(len(snapshot.levels)):
        if position.level >= len(snapshot.levels):
            if position.pass_no >= snapshot.num_loops:
                return Exhausted(nobody=False)
            position, repeated = Position(0, position.pass_no + 1), True
        if entered := at_level(snapshot, position, oncall, rings):
            return Entered(entered.position, entered.users, tuple(skipped), repeated, entered.ring)
        skipped.append(position.level)
        position = Position(position.level + 1, position.pass_no)
    return Exhausted(nobody=True)


def start(snapshot: Snapshot, oncall: OnCall, rings: Rings) -> Step:
    """Where an incident begins: the first level that has anybody (core:P13)."""
    return enter(snapshot, Position(), oncall, rings)


def onward(snapshot: Snapshot, at: Position, oncall: OnCall, rings: Rings) -> Step:
    """Where an incident goes when nobody at `at` answered in time (core:P23, core:P26)."""
    return enter(snapshot, Position(at.level + 1, at.pass_no), oncall, rings)
