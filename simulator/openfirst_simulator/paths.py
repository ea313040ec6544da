"""Whether a path with stars is that of any request that a route takes."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import lru_cache
from string import printable

_TOKEN = re.compile(r"\*+|\[!?\]?[^\]]*\]|.", re.DOTALL)
_STAR, _PART = "*", "{}"
_IN_A_PART = printable.replace("/", "")


def is_met(pattern: str, template: str) -> bool:
    """Whether some path fits both: a pattern (as `fnmatch` has it), and the template of a route, with `{name}` for a part of it.

    Walks both at once, from every place that is reached to those that one more character leads to.
    """
    wanted = [_STAR if token[0] == _STAR else token for token in _TOKEN.findall(pattern)]
    given = [_PART if token[0] == "{" else token for token in re.findall(r"\{[^}]*\}|.", template, re.DOTALL)]
    reached, seen = [(0, 0, False)], set[tuple[int, int, bool]]()
    while reached:
        place = reached.pop()
        if place in seen:
            continue
        seen.add(place)
        i, j, within = place  # `within`: a part of the path has begun, and may end here.
        if within:
            reached.append((i, j + 1, False))
        if i < len(wanted) and wanted[i] == _STAR:
            reached.append((i + 1, j, within))
        if (i, j) == (len(wanted), len(given)):
            return True
        if i < len(wanted) and j < len(given) and _share(wanted[i], given[j]):
            is_part = given[j] == _PART
            reached.append((i if wanted[i] == _STAR else i + 1, j if is_part else j + 1, is_part))
    return False


@lru_cache(maxsize=4096)
def _share(wanted: str, given: str) -> bool:
    """Whether one character is what both permit."""
    if wanted in (_STAR, "?"):
        return True
    if len(wanted) == 1:
        return wanted != "/" if given == _PART else wanted == given
    return any(fnmatchcase(character, wanted) for character in (_IN_A_PART if given == _PART else given))
