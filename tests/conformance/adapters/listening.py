"""Serves the class of `implementations_for_judge` that is its argument at a free port, which it names on standard error."""

import importlib
import sys

from openfirst_conformance.adapters.authoring.serve import serve

serve(getattr(importlib.import_module("implementations_for_judge"), sys.argv[1])(), port=0)
