"""`openfirst contract`: read, check and prove the contract."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from openfirst.cli.exits import said_plainly
from openfirst.cli.options import overlays, page_width
from openfirst_reference.contract.build import build_contract
from openfirst_reference.contract.document import read_file
from openfirst_reference.contract.findings import count
from openfirst_reference.contract.load import load_contract, load_document
from openfirst_reference.contract.model import Contract


@click.group()
def contract() -> None:
    """Read, check and prove the contract."""


@contract.command("show")
@click.argument("what", required=False, metavar="[ID]")
@click.option("--format", "format_", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
@overlays
def contract_show(what: str | None, format_: str, overlays: tuple[Path, ...]) -> None:
    """The contract for people: all of it, or the rule, operation, choice, error or row with this ID."""
    from openfirst_reference.show.contract_pages import show as render

    with said_plainly():
        click.echo(render(load_contract(overlays=overlays), what, format_, page_width()))


@contract.command("lint")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@overlays
def contract_lint(file: Path | None, overlays: tuple[Path, ...]) -> None:
    """Check a contract: its form, its references, gaps and overlaps in the table, and what nothing uses.

    Exit status: 0 nothing is wrong, 1 something is, 2 usage.
    """
    from openfirst_reference.proof.lint import lint

    with said_plainly():
        document = load_document(file, overlays)
    findings = lint(document)
    for finding in findings:
        click.echo(f"{finding.severity}: {finding}" if finding.severity != "error" else str(finding))
    errors = sum(finding.severity == "error" for finding in findings)
    click.echo(f"{document.file}: {count(errors, 'error')}, {count(len(findings) - errors, 'remark')}.")
    sys.exit(1 if errors else 0)


@contract.command("prove")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@overlays
def contract_prove(file: Path | None, overlays: tuple[Path, ...]) -> None:
    """Prove every rule over every reachable step of the table, and show that no rule is idle.

    Exit status: 0 proved, 1 a rule does not hold or is vacuous, 2 usage.
    """
    from openfirst_reference.proof.prove import prove
    from openfirst_reference.show.blocks import fitted
    from openfirst_reference.show.proof_text import proof_text

    with said_plainly():
        proof = prove(build_contract(load_document(file, overlays)))
    click.echo(fitted(proof_text(proof, page_width()), page_width()))
    sys.exit(0 if proof.holds else 1)


@contract.command("diff")
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option(
    "--overlay-a",
    "old_overlays",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A patch on top of A.",
)
@click.option(
    "--overlay-b",
    "new_overlays",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A patch on top of B.",
)
def contract_diff(old: str, new: str, old_overlays: tuple[Path, ...], new_overlays: tuple[Path, ...]) -> None:
    """What differs between two contracts, and whether an implementation that keeps A can break B.

    A and B are files: contracts, or overlays of the packaged contract, which is called `packaged`. Tables are compared cell
    by cell: how rows are divided, named and written does not count.

    Exit status: 0 compared, whatever came of it, 2 usage.
    """
    from openfirst_reference.machine.machine import Machine
    from openfirst_reference.proof.difference import difference
    from openfirst_reference.proof.keeping import keeping
    from openfirst_reference.show.blocks import fitted
    from openfirst_reference.show.difference_text import difference_text, keeping_text

    with said_plainly():
        first, second = Machine(_named(old, old_overlays)), Machine(_named(new, new_overlays))
        found = difference(first, second)
        click.echo(fitted(difference_text(found), page_width()))
        if not found.is_empty:
            said = keeping_text(first, second, keeping(first, second), page_width())
            click.echo("\n" + fitted(said, page_width()))


def _named(name: str, overlays: tuple[Path, ...]) -> Contract:
    """The contract of a file, or that of the package under the overlay that the file is. Raises ContractError."""
    if name == "packaged":
        return load_contract(overlays=overlays)
    file = Path(name)
    if "contract" in read_file(file).data:
        return load_contract(file, overlays)
    return load_contract(overlays=[file, *overlays])
