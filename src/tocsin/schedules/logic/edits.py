"""What a request makes of layers and overrides.

1. Layers cannot be removed: those that a request leaves out stay as they are (core:S6).
2. A known layer keeps its place whatever the order of the request; new ones go on top in that order (core:S7).
3. A start in the past means now (core:S6). Sent back for a layer that has begun, it asks for no change.
4. History stands: a change to who is on call when cuts a running layer at now, and the layer goes on from there
   under its id; a new name or end needs no cut; an end in the past ends the layer now (core:S6, G-63). One to come
   that is ended so never begins: the Terraform provider ends layers that leave its configuration with the present time.
5. After a cut the person whose turn it is keeps it if still listed, else the first user has it; a new
   rotation_virtual_start overrules that, for it asks for a phase outright (core:G-63, G-61).
6. A new time zone cuts every running layer, listed or not, and what was before is read in the old zone (core:S6).
7. Deleting an override: one to come is removed, a running one ends now, a past one stays (core:S44).
8. Somebody leaves: who takes over has their turns from now on, and nobody else's turn moves (core:P62).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.core.zones import Zone, micros, zone_clock
from tocsin.schedules.logic.turns import Term
from tocsin.schedules.model import Cut, Layer, Override

_NOBODY: frozenset[str] = frozenset()


def edited(
    before: Sequence[Layer], asked: Sequence[Layer], now: datetime, time_zone: str, new_time_zone: str | None = None
) -> tuple[Layer, ...]:
    """The layers after a request, the lowest precedence first.

    ``asked`` is in the order of the request body; a layer whose id is not among ``before`` is new (the caller has
    given it a fresh id). Its ``phase``, ``past`` and ``time_zone`` are not read. ``new_time_zone`` is the schedule's
    zone after the request, where the request changes it.
    """
    wanted = {layer.id: layer for layer in asked}
    edit = _Edit(now, zone_clock(time_zone), zone_clock(new_time_zone or time_zone))
    kept = [edit.layer(layer, wanted.get(layer.id, layer)) for layer in before]
    known = {layer.id for layer in before}
    return (*kept, *(edit.fresh(layer) for layer in asked if layer.id not in known))


def stood_in(layers: Sequence[Layer], leaver: str, other: str, now: datetime, time_zone: str) -> tuple[Layer, ...]:
    """The layers with another person in the place of one who leaves, from now on (core:P62).

    Nobody else's turn moves: the turns keep their phase, and what was before now stands as it was.
    """
    edit = _Edit(now, zone_clock(time_zone), zone_clock(time_zone))
    return tuple(edit.stood_in(layer, leaver, other) for layer in layers)


@dataclass(frozen=True, slots=True)
class _Edit:
    """The instant of a request, and the zones before and after it."""

    now: datetime
    old_zone: Zone
    new_zone: Zone

    def fresh(self, asked: Layer) -> Layer:
        return _from(replace(asked, phase=0, past=(), time_zone=None), max(asked.start, self.now))

    def layer(self, old: Layer, asked: Layer) -> Layer:
        begun, over = old.start <= self.now, old.end is not None and old.end <= self.now
        start = old.start if begun and asked.start <= self.now else max(asked.start, self.now)
        if asked.end is not None and asked.end <= self.now:
            closed = self._closed(old) if begun else replace(old, start=self.now, end=self.now)
            return replace(closed, name=asked.name, past=old.past)
        if start == old.start and _turns(asked) == _turns(old) and not over and not (begun and self._rezoned):
            return replace(old, name=asked.name, end=asked.end)
        start = max(start, self.now)
        phase = self._phase(old, asked, start) if begun and not over else _kept_phase(old, asked)
        past = (*old.past, self._closed(old)) if old.start < self.now else old.past
        return _from(replace(asked, phase=phase, past=past, time_zone=None), start)

    def stood_in(self, old: Layer, leaver: str, other: str) -> Layer:
        if leaver not in old.users or (old.end is not None and old.end <= self.now):
            return old
        new = replace(old, users=tuple(other if user == leaver else user for user in old.users))
        if old.start >= self.now:
            return new
        return _from(replace(new, past=(*old.past, self._closed(old)), time_zone=None), self.now)

    @property
    def _rezoned(self) -> bool:
        return self.old_zone.name != self.new_zone.name

    def _closed(self, old: Layer) -> Layer:
        """What a layer was, ended now at the latest and bound to the zone it was read in."""
        end = self.now if old.end is None else min(old.end, self.now)
        return replace(old, end=end, past=(), time_zone=old.time_zone or self.old_zone.name)

    def _phase(self, old: Layer, asked: Layer, start: datetime) -> int:
        """The phase with which the person whose turn it is at the cut goes on."""
        if old.rotation_virtual_start != asked.rotation_virtual_start:
            return 0
        at = micros(start)
        place = (Term(old, self.old_zone, _NOBODY).turn(at) + old.phase) % len(old.users)
        user = old.users[place]
        if asked.users[place : place + 1] != (user,):
            place = asked.users.index(user) if user in asked.users else 0
        return (place - Term(asked, self.new_zone, _NOBODY).turn(at)) % len(asked.users)


def _turns(layer: Layer) -> tuple[object, ...]:
    """All that decides who is on call when, apart from start and end."""
    return layer.rotation_virtual_start, layer.rotation_turn_length_seconds, layer.users, layer.restrictions


def _from(layer: Layer, start: datetime) -> Layer:
    return replace(layer, start=start, end=None if layer.end is None else max(layer.end, start))


def _kept_phase(old: Layer, asked: Layer) -> int:
    same = old.rotation_virtual_start == asked.rotation_virtual_start and old.users == asked.users
    return old.phase if same else 0


def override_start(start: datetime, now: datetime) -> datetime:
    """When an override asked for now begins: never in the past (core:S42)."""
    return max(start, now)


def override_cut(override: Override, now: datetime) -> tuple[Cut, Override | None]:
    """What deleting an override comes to, and what is left of it (core:S44)."""
    if override.start > now:
        return Cut.REMOVED, None
    if override.end > now:
        return Cut.TRUNCATED, replace(override, end=now)
    return Cut.PAST, override
