"""Which edges may stand together, and what is carried over them (core:C15)."""

from itertools import pairwise

import pytest

from tocsin.services.logic_graph import DEEPEST, MOST, carried, fault

CHAIN = [(f"service/{n}", f"service/{n + 1}") for n in range(DEEPEST)]


def test_a_tree_and_a_diamond_stand() -> None:
    assert fault([], {}) is None
    assert fault([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], {}) is None


def test_nothing_depends_on_itself() -> None:
    assert fault([("service/P1", "service/P1")], {"service/P1": "Web"}) == "Web (P1) cannot depend on itself"


@pytest.mark.parametrize("length", [2, 3, 50])
def test_a_circle_is_refused_and_told_in_its_own_order(length: int) -> None:
    ring = [(f"service/{n:02}", f"service/{(n + 1) % length:02}") for n in range(length)]
    dead_ends = [("service/before", "service/00"), ("service/00", "service/after")]
    said = fault(ring + dead_ends, {})
    assert said is not None
    told = said.removeprefix("This would make a circle: ").split(" supports ")
    assert told[0] == told[-1]
    assert len(told) == length + 1
    assert all((f"service/{one}", f"service/{other}") in ring for one, other in pairwise(told))


def test_a_chain_has_a_hundred_levels_at_most() -> None:
    assert fault(CHAIN, {}) is None
    assert "100 levels deep, and these would be 101" in str(fault([*CHAIN, ("service/x", "service/0")], {}))


def test_a_service_has_so_many_dependencies_at_most() -> None:
    fan = [(f"service/{n}", "business_service/P") for n in range(MOST)]
    assert fault(fan, {}) is None
    assert "may have 2,000 dependencies" in str(fault([*fan, ("service/x", "business_service/P")], {}))
    assert "may have 2,000 dependencies" in str(fault([(b, a) for a, b in [*fan, ("service/x", fan[0][1])]], {}))


def test_marks_are_carried_to_everything_above() -> None:
    edges = [("a", "b"), ("b", "d"), ("c", "d"), ("d", "e"), ("x", "y")]
    assert carried(edges, {"a": 1, "c": 2}) == {"a": 1, "b": 1, "c": 2, "d": 3, "e": 3}
