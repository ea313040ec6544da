"""`openfirst rules`: what a check would test, without running it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from openfirst.cli.exits import said_plainly
from openfirst.cli.options import overlays, page_width
from openfirst_conformance.reports.rule_pages import explain, list_rules
from openfirst_conformance.verdicts.judge import check_rules
from openfirst_reference.contract.load import load_contract
from openfirst_reference.contract.model import Contract


@click.command()
@click.argument("rule", required=False)
@overlays
def rules(rule: str | None, overlays: tuple[Path, ...]) -> None:
    """List the rules, with level and tiers; or say what one RULE demands and what breaks it. Nothing is run."""
    with said_plainly():
        click.echo(said(load_contract(overlays=overlays), rule, (), "rules"), nl=rule is None)


def said(contract: Contract, rule: str | None, only: Sequence[str], option: str) -> str:
    """One rule explained, or the list of all (or of `only` some). Raises ValueError for what is no rule."""
    check_rules(contract, only, "--rule")
    check_rules(contract, [rule] if rule else [], option)
    return explain(contract, rule, page_width()) if rule else list_rules(contract, only, page_width())
