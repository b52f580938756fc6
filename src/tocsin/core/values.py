"""Changing frozen values cheaply.

`dataclasses.replace` runs `__init__` again with every field through `object.__setattr__`; copying the slots by their
own descriptors costs less than half of that, and a storm changes two values an event.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, TypeVar

T = TypeVar("T")

_set = object.__setattr__


Read = Callable[[Any], tuple[Any, ...]]
Setters = tuple[Callable[[Any, Any], None], ...]
_known: dict[type, tuple[Read, Setters]] = {}


def _parts(kind: type) -> tuple[Read, Setters]:
    if kind not in _known:
        names: tuple[str, ...] = kind.__slots__  # type: ignore[attr-defined]
        _known[kind] = attrgetter(*names), tuple(getattr(kind, name).__set__ for name in names)
    return _known[kind]


def changed(value: T, **changes: Any) -> T:
    """`value` (a frozen dataclass with slots, two fields at least) with these fields changed."""
    read, setters = _parts(type(value))
    new: T = object.__new__(type(value))
    for setter, kept in zip(setters, read(value), strict=True):
        setter(new, kept)
    for name, given in changes.items():
        _set(new, name, given)
    return new


def differences(old: object, new: object) -> tuple[str, ...]:
    """Names of the fields that are not the very same object in both."""
    read, _ = _parts(type(old))
    names: tuple[str, ...] = type(old).__slots__  # type: ignore[attr-defined]
    return tuple(name for name, a, b in zip(names, read(old), read(new), strict=True) if a is not b)


def made(kind: type[T], values: Sequence[Any]) -> T:
    """A value of `kind` from all its fields in order, without running `__init__`."""
    new: T = object.__new__(kind)
    for setter, given in zip(_parts(kind)[1], values, strict=True):
        setter(new, given)
    return new
