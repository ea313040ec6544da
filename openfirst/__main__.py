"""The command `openfirst`: what it takes is brought in where Ctrl-C is heard already."""

from __future__ import annotations

from openfirst.stopped import stopped


def main() -> None:
    """Run the command line."""
    try:
        from openfirst.cli import main as command

        command()
    except KeyboardInterrupt:
        stopped()


if __name__ == "__main__":
    main()
