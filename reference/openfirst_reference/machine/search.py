"""Breadth-first search, and refinement of a partition. Of nodes and edges it knows nothing: its users say what they are."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from heapq import heappop, heappush
from typing import Generic, TypeVar

N = TypeVar("N", bound=Hashable)
E = TypeVar("E")
Parents = dict[N, tuple[N, E] | None]
"""By which edge, from which node, each node was found first; None for a node that the search began with."""


class Search(Generic[N, E]):
    """Gives out nodes, nearest first.

    Whoever takes a node tells by `found` what its edges lead to:

        search = Search([start])
        for node in search:
            for edge, after in edges_of(node):
                search.found(node, edge, after)

    What was found before, or stands in the `parents` given, is not given out again. When more than `limit` nodes have
    been found, nothing is given out any more.
    """

    def __init__(
        self, starts: Iterable[N] = (), *, parents: Parents[N, E] | None = None, limit: int | None = None
    ) -> None:
        self.parents: Parents[N, E] = {} if parents is None else parents
        self._limit = limit
        self._distance = 0
        self._layers: defaultdict[int, list[N]] = defaultdict(list)
        for node in starts:
            self.begin(node)

    def begin(self, node: N, distance: int = 0) -> None:
        """Search from this node, too: as if it had been found this far from where the search began."""
        if node not in self.parents:
            self.parents[node] = None
            self._layers[distance].append(node)

    def found(self, before: N, edge: E, after: N) -> None:
        """An edge leads from one node to another."""
        if after not in self.parents:
            self.parents[after] = (before, edge)
            self._layers[self._distance + 1].append(after)

    def __iter__(self) -> Iterator[N]:
        while self._layers:
            for node in self._layers.get(self._distance, ()):
                if self._limit is not None and len(self.parents) > self._limit:
                    return
                yield node
            self._layers.pop(self._distance, None)
            self._distance += 1

    def way(self, node: N) -> tuple[E, ...]:
        """The edges of a shortest way to a node. Raises KeyError for a node that was not found."""
        return way(self.parents, node)


class Towards(Search[N, E]):
    """A search for a goal: nodes that may be nearest to it are given out first (A*), the last found of these first.

    `ahead` says how many edges it takes from a node to the goal, at least. The ways stay shortest if along an edge it falls
    by one at most. Of nodes as near as each other, those whose `cost` is least come first.
    """

    def __init__(
        self,
        start: N,
        ahead: Callable[[N], int],
        *,
        cost: Callable[[N], int] = lambda _: 0,
        limit: int | None = None,
    ) -> None:
        super().__init__(limit=limit)
        self._ahead, self._cost = ahead, cost
        self._lengths: dict[N, int] = {start: 0}
        self._waiting: list[tuple[int, int, int, N]] = []
        self._numbers = itertools.count()
        self.parents[start] = None
        self._wait(start)

    def found(self, before: N, edge: E, after: N) -> None:
        """An edge leads from one node to another; by a shorter way, maybe, than was known."""
        length = self._lengths[before] + 1
        if after not in self._lengths or length < self._lengths[after]:
            self._lengths[after] = length
            self.parents[after] = (before, edge)
            self._wait(after)

    def _wait(self, node: N) -> None:
        distance = self._lengths[node] + self._ahead(node)
        heappush(self._waiting, (distance, self._cost(node), -next(self._numbers), node))

    def __iter__(self) -> Iterator[N]:
        given: set[N] = set()
        while self._waiting:
            if self._limit is not None and len(self.parents) > self._limit:
                return
            *_, node = heappop(self._waiting)
            if node not in given:
                given.add(node)
                yield node


def way(parents: Mapping[N, tuple[N, E] | None], node: N) -> tuple[E, ...]:
    """The edges by which a node was found first, from the start on. Raises KeyError for a node that was not found."""
    edges: list[E] = []
    before = parents[node]
    while before is not None:
        node, edge = before
        edges.append(edge)
        before = parents[node]
    return tuple(reversed(edges))


def refined(nodes: Iterable[N], signature: Callable[[N, Mapping[N, int]], Hashable]) -> dict[N, int]:
    """A number for each node: the same for two whose signatures never differ.

    `signature` is asked of a node and of the numbers as they are: all the same at first, and then refined until
    nothing changes. Numbers count up in the order of the nodes.
    """
    number = dict.fromkeys(nodes, 0)
    while True:
        numbers: dict[Hashable, int] = {}
        finer = {node: numbers.setdefault((old, signature(node, number)), len(numbers)) for node, old in number.items()}
        if len(numbers) == len(set(number.values())):
            return number
        number = finer
