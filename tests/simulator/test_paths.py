"""Whether a path with stars is that of any request: what `fnmatch` says of one that a route takes is the measure."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openfirst_simulator.paths import is_met

TEMPLATE = "/a/{name}/b"
PIECES = st.sampled_from(
    ["/", "a", "b", "ab", "é", "*", "**", "?", "[a]", "[!a]", "[/]", "[", "]", "/a/", "/b", "{name}"]
)
PARTS = st.text(alphabet="ab*?[]é!{}", min_size=1, max_size=3)


@given(pattern=st.lists(PIECES, max_size=6).map("".join), part=PARTS)
def test_a_pattern_that_fits_a_path_of_the_route_is_met(pattern: str, part: str) -> None:
    if fnmatchcase(f"/a/{part}/b", pattern):
        assert is_met(pattern, TEMPLATE)


@given(part=PARTS, data=st.data())
def test_a_path_of_the_route_is_met_with_stars_anywhere(part: str, data: st.DataObject) -> None:
    path = f"/a/{part}/b"
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(path)), st.integers(0, len(path)))))
    pattern = "".join(f"[{each}]" if each in "*?[" else each for each in path[:start]) + "*"
    pattern += "".join(f"[{each}]" if each in "*?[" else each for each in path[end:])
    assert fnmatchcase(path, pattern)
    assert is_met(pattern, TEMPLATE)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "/a",
        "/a/b",
        "/a//b",
        "/a/x/y/b",
        "/a/x/b/",
        "/a/?",
        "*/c",
        "/a/[/]/b",
        "/[!a]/x/b",
        "a/x/b",
        "/a/x/B",
        "/A*",
    ],
)
def test_a_pattern_that_fits_no_path_of_the_route_is_not(pattern: str) -> None:
    assert not is_met(pattern, TEMPLATE)
