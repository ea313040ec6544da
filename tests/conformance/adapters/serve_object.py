"""Serves the class of `adapter_objects` that is its argument."""

import importlib
import sys

from openfirst_conformance.adapters.authoring.serve import serve

serve(getattr(importlib.import_module("adapter_objects"), sys.argv[1])())
