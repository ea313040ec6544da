"""The front door: what people import and run; everything else lives in the rooms behind it."""

from __future__ import annotations

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("openfirst")
