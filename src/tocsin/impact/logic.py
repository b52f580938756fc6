"""Who is impacted (ei:BS4).

1. An open incident whose priority reaches the account's threshold impacts every business service that its service
   supports, directly or through others. Without a threshold any priority counts; no priority never does.
2. What was said by hand of an incident and a business service wins, for exactly these two: it is carried nowhere.
3. Causes are bits of one integer a node, so that ten thousand edges are walked once however many incidents are open;
   each cause has two, one in the order of severity and, above these, one in the order of youth.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import or_

from tocsin.impact.model import Cause, Impact, Relation
from tocsin.services.logic_graph import Edge, carried

_KIND = "business_service/"


def impacts(causes: Sequence[Cause], edges: Collection[Edge]) -> dict[str, Impact]:
    """Impacted business services by id; `causes` come the most severe first, `edges` are those above their services."""
    youth = sorted(range(len(causes)), key=lambda n: causes[n].created_at, reverse=True)
    bits = [1 << n for n in range(len(causes))]
    for rank, n in enumerate(youth):
        bits[n] |= 1 << len(causes) + rank
    said = _said(causes, bits)
    return {
        id: Impact(
            mask & (1 << len(causes)) - 1,
            _since(causes[youth[_first(mask >> len(causes))]], said[id]),
            causes[_first(mask)].priority,
        )
        for id, mask in _reached(causes, bits, edges, said).items()
    }


def behind(causes: Sequence[Cause], impacted: Iterable[Impact]) -> list[Cause]:
    """The causes of any of these impacts, the most severe first."""
    mask = reduce(or_, (impact.causes for impact in impacted), 0)
    return [cause for n, cause in enumerate(causes) if mask >> n & 1]


class _Hand:
    """What was said of one business service: bits of causes either way, and when it was last said to be impacted."""

    def __init__(self) -> None:
        self.impacted = self.spared = 0
        self.last: datetime | None = None


def _said(causes: Sequence[Cause], bits: Sequence[int]) -> defaultdict[str, _Hand]:
    found: defaultdict[str, _Hand] = defaultdict(_Hand)
    for cause, bit in zip(causes, bits, strict=True):
        for id, (relation, at) in cause.said.items():
            hand = found[id]
            if relation is Relation.IMPACTED:
                hand.impacted |= bit
                hand.last = max(hand.last or at, at)
            else:
                hand.spared |= bit
    return found


def _reached(
    causes: Sequence[Cause], bits: Sequence[int], edges: Collection[Edge], said: Mapping[str, _Hand]
) -> dict[str, int]:
    marks: defaultdict[str, int] = defaultdict(int)
    for cause, bit in zip(causes, bits, strict=True):
        if cause.counts:
            marks[f"service/{cause.service_id}"] |= bit
    derived = {node.removeprefix(_KIND): mark for node, mark in carried(edges, marks).items() if node.startswith(_KIND)}
    hands = {id: derived.get(id, 0) & ~hand.spared | hand.impacted for id, hand in said.items()}
    return {id: mask for id, mask in (derived | hands).items() if mask}


def _since(newest: Cause, hand: _Hand) -> datetime:
    return max(newest.created_at, hand.last or newest.created_at)


def _first(mask: int) -> int:
    return (mask & -mask).bit_length() - 1
