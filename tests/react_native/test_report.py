"""What the judge says of the unmodified React Native SDK. The nox session `react_native` makes the report."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

REPORT = os.environ.get("OPENFIRST_RN_REPORT")


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """The report; without one there is nothing to say, and that is an error and not a skip."""
    assert REPORT, "OPENFIRST_RN_REPORT names no report: run `nox -s react_native`"
    loaded: dict[str, Any] = json.loads(Path(REPORT).read_text(encoding="utf-8"))
    return loaded


def test_it_is_the_sdk_that_was_judged(report: dict[str, Any]) -> None:
    """By its own name and version."""
    assert report["implementation"]["name"] == "@dolbyio/comms-sdk-react-native"
    assert report["implementation"]["version"] == "3.10.1"


def test_its_adapter_did_its_part(report: dict[str, Any]) -> None:
    """No crash, no hang, no noise; and more than a thousand calls were made."""
    assert report["adapterFaults"] == []
    assert report["promise"]["smoke"]["calls"] > 1000


def test_every_rule_was_put_to_the_test(report: dict[str, Any]) -> None:
    """Overlapping calls among them: the adapter takes four at a time."""
    assert {rule["id"] for rule in report["rules"] if rule["verdict"] not in ("pass", "fail")} == set()


def test_what_is_found_is_what_docs_say_is_found(report: dict[str, Any]) -> None:
    """The SDK keeps what was tested; the choices it makes are those of its native side's documentation."""
    assert {rule["id"] for rule in report["rules"] if rule["verdict"] == "fail"} == set()
    assert report["choices"]["no-participant"]["value"] == "error"
    assert report["choices"]["is-open-before-initialize"]["value"] == "false"
    assert report["choices"]["second-initialize"]["value"] == "replace"


def test_the_report_says_which_layer_answered(report: dict[str, Any]) -> None:
    """The SDK's own JavaScript only hands on; our stand-in for the native side, and the platform behind it, decide."""
    assert report["layers"]["open"]["stand-in"] > 0
    assert "sdk" in report["layers"]["use"]
