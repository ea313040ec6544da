"""The library that evaluates expressions, without the command line that comes with it, and one of it only."""

import subprocess
import sys

import pytest

OURS = "import openfirst_reference.contract.expressions as ours"
SAME = "assert isinstance(cel.Context({}), ours.Context) and ours.expression('a + 1')({'a': 1}) == 2"


@pytest.mark.parametrize(
    "program",
    [
        f"{OURS}; import sys; assert 'cel.cli' not in sys.modules",
        f"{OURS}; import cel; {SAME}",
        f"import cel; {OURS}; {SAME}",
    ],
)
def test_it_is_loaded_once_whoever_comes_first(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
