"""A search gives what is nearest first and knows the way there; a refinement parts what differs, sooner or later."""

from __future__ import annotations

import pytest

from openfirst_reference.machine.search import Search, Towards, refined, way

ROADS = {
    "a": {"left": "b", "right": "c"},
    "b": {"on": "d", "back": "a"},
    "c": {"on": "d", "far": "e"},
    "d": {"on": "e"},
    "e": {"on": "f"},
    "f": {},
    "island": {},
}


def searched(search: Search[str, str]) -> list[str]:
    given = []
    for node in search:
        given.append(node)
        for edge, after in ROADS[node].items():
            search.found(node, edge, after)
    return given


def test_what_is_reached_is_given_once_and_nearest_first() -> None:
    assert searched(Search(["a"])) == ["a", "b", "c", "d", "e", "f"]


def test_the_way_to_a_node_is_a_shortest_one_and_of_those_the_one_found_first() -> None:
    search = Search[str, str](["a"])
    searched(search)
    assert search.way("a") == ()
    assert search.way("d") == ("left", "on")
    assert search.way("f") == ("right", "far", "on")


def test_there_is_no_way_to_what_was_not_found() -> None:
    search = Search[str, str](["a"])
    searched(search)
    with pytest.raises(KeyError):
        search.way("island")


def test_several_starts_are_given_once_each_in_their_order() -> None:
    assert searched(Search(["e", "island", "e", "d"])) == ["e", "island", "d", "f"]


def test_a_start_that_is_further_away_has_its_turn_then_before_what_is_found_there() -> None:
    search = Search[str, str](["c"])
    search.begin("island", 1)
    search.begin("b", 4)
    assert searched(search) == ["c", "island", "d", "e", "f", "b", "a"]
    assert search.way("b") == ()


def test_a_search_ends_when_it_has_found_too_much() -> None:
    search = Search[str, str](["a"], limit=3)
    assert searched(search) == ["a", "b"]
    assert set(search.parents) == {"a", "b", "c", "d"}


def test_a_search_goes_round_what_is_known_and_ways_lead_through_it() -> None:
    search = Search[str, str](parents={"a": None, "c": ("a", "right")})
    search.found("c", "far", "e")
    assert searched(search) == ["e", "f"]
    assert way(search.parents, "f") == ("right", "far", "on")


def test_a_search_for_a_goal_takes_what_may_be_nearest_to_it_first() -> None:
    left = {"a": 3, "b": 3, "c": 2, "d": 2, "e": 1, "f": 0}
    search = Towards[str, str]("a", left.__getitem__)
    assert searched(search) == ["a", "c", "e", "f", "d", "b"]
    assert search.way("f") == ("right", "far", "on")


def test_a_way_that_is_found_later_and_is_shorter_is_the_way() -> None:
    roads = {
        "start": {"slow": "fork", "quick": "bridge"},
        "fork": {"on": "lane"},
        "lane": {"on": "town"},
        "bridge": {"on": "town"},
        "town": {"on": "goal"},
        "goal": {},
    }
    left = {"start": 0, "fork": 0, "lane": 0, "bridge": 1, "town": 0, "goal": 0}
    search = Towards[str, str]("start", left.__getitem__)
    given = []
    for node in search:
        given.append(node)
        for edge, after in roads[node].items():
            search.found(node, edge, after)
    assert given == ["start", "fork", "lane", "bridge", "town", "goal"]
    assert search.way("goal") == ("quick", "on", "on")


def test_a_search_for_a_goal_ends_when_it_has_found_too_much() -> None:
    search = Towards[str, str]("a", lambda node: 0, limit=3)
    assert searched(search) == ["a", "c"]


def test_a_refinement_parts_what_differs_at_once() -> None:
    assert refined(range(6), lambda node, _: node % 3) == {0: 0, 1: 1, 2: 2, 3: 0, 4: 1, 5: 2}


def test_a_refinement_parts_what_differs_after_many_steps() -> None:
    chain = {1: 2, 2: 3, 3: 4, 4: 4, 11: 12, 12: 13, 13: 4}
    shown = {4: "the end"}
    number = refined(chain, lambda node, numbers: (shown.get(node), numbers[chain[node]]))
    assert [number[node] == number[node + 10] for node in (1, 2, 3)] == [True] * 3
    assert len({number[node] for node in (1, 2, 3, 4)}) == 4


def test_a_refinement_keeps_together_what_never_differs() -> None:
    ring = {0: 1, 1: 2, 2: 0}
    assert set(refined(ring, lambda node, numbers: numbers[ring[node]]).values()) == {0}
