"""The contract as data: YAML, JSON Schema and OpenAPI files, and the one function that reads them."""

import pkgutil
from importlib import resources


def resource(path: str) -> str:
    """Give the text of a file of this package, by its path inside it, such as `protocol/call.schema.json`."""
    # Every command begins with this: `resources.files` would import what reads archives.
    text = pkgutil.get_data(__name__, path)
    if text is None:
        raise FileNotFoundError(path)
    return text.decode()


def names(folder: str) -> list[str]:
    """Give the names of the files in a folder of this package, sorted."""
    return sorted(entry.name for entry in resources.files(__name__).joinpath(folder).iterdir() if entry.is_file())
