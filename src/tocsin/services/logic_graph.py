"""The graph of which service supports which (core:C15, ei:SD1), as pure functions over its edges.

1. Nothing supports itself, directly or through others; no chain is longer than 100 edges.
2. A service has at most 2,000 others that it depends on, and at most 2,000 that depend on it.
3. What is true of a service is carried to everything that depends on it (`carried`), in one pass over the edges.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

Node = str
"""`service/ID` or `business_service/ID`."""
Edge = tuple[Node, Node]
"""(what supports, what depends on it)"""

DEEPEST, MOST = 100, 2_000


def fault(edges: Collection[Edge], names: Mapping[Node, str]) -> str | None:
    """Why these edges cannot stand together, with the names of services; None when they can."""
    if itself := next((one for one, other in edges if one == other), None):
        return f"{_said(itself, names)} cannot depend on itself"
    order = in_order(edges)
    if order is None:
        return "This would make a circle: " + " supports ".join(_said(node, names) for node in circle(edges))
    if (deep := _depth(order, edges)) > DEEPEST:
        return f"Dependencies may be {DEEPEST} levels deep, and these would be {deep}"
    return _crowd(edges, names)


def _crowd(edges: Collection[Edge], names: Mapping[Node, str]) -> str | None:
    supports, needs = Counter(one for one, _ in edges), Counter(other for _, other in edges)
    for node, count in [*needs.most_common(1), *supports.most_common(1)]:
        if count > MOST:
            return f"{_said(node, names)} may have {MOST:,} dependencies, and would have {count:,}"
    return None


def in_order(edges: Iterable[Edge]) -> list[Node] | None:
    """All nodes, each after everything that supports it; None when they run in a circle."""
    return _ordered(*_above(edges))


def _ordered(above: Mapping[Node, Sequence[Node]], waits: Counter[Node]) -> list[Node] | None:
    ready, order = [node for node in above if not waits[node]], list[Node]()
    while ready:
        node = ready.pop()
        order.append(node)
        for other in above.get(node, ()):
            waits[other] -= 1
            if not waits[other]:
                ready.append(other)
    return order if all(count == 0 for count in waits.values()) else None


def _above(edges: Iterable[Edge]) -> tuple[dict[Node, list[Node]], Counter[Node]]:
    above: defaultdict[Node, list[Node]] = defaultdict(list)
    waits: Counter[Node] = Counter()
    for one, other in edges:
        above[one].append(other)
        waits[other] += 1
    return above, waits


def circle(edges: Iterable[Edge]) -> list[Node]:
    """One circle among edges that have one: each supports the next, the last is the first again."""
    below: defaultdict[Node, set[Node]] = defaultdict(set)
    for one, other in edges:
        below[other].add(one)
    while free := {node for ones in below.values() for node in ones} - {node for node, ones in below.items() if ones}:
        for ones in below.values():
            ones -= free
    path = [next(node for node, ones in below.items() if ones)]
    while (following := min(below[path[-1]])) not in path:
        path.append(following)
    return [following, *reversed(path[path.index(following) :])]


def _depth(order: Iterable[Node], edges: Iterable[Edge]) -> int:
    above, _ = _above(edges)
    depth: Counter[Node] = Counter()
    for node in order:
        for other in above.get(node, ()):
            depth[other] = max(depth[other], depth[node] + 1)
    return max(depth.values(), default=0)


def carried(edges: Collection[Edge], marks: Mapping[Node, int]) -> dict[Node, int]:
    """Bit sets of nodes, united with those of everything that supports them; edges in a circle carry nothing."""
    above, waits = _above(edges)
    found = dict(marks)
    for node in _ordered(above, waits) or ():
        mark = found.get(node, 0)
        for other in above.get(node, ()) if mark else ():
            found[other] = found.get(other, 0) | mark
    return found


def supporters(edges: Iterable[Edge], node: Node) -> set[Node]:
    """Everything that a node depends on, directly or through others."""
    below: defaultdict[Node, list[Node]] = defaultdict(list)
    for one, other in edges:
        below[other].append(one)
    found, ahead = set[Node](), [node]
    while ahead:
        new = [one for one in below[ahead.pop()] if one not in found]
        found.update(new)
        ahead.extend(new)
    return found


def _said(node: Node, names: Mapping[Node, str]) -> str:
    id = node.partition("/")[2]
    return f"{names[node]} ({id})" if node in names else id
