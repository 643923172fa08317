"""AWS's service models and endpoints as botocore ships them, read once in a process and by a quick reader.

moto and boto3 make a loader for each session, each of which reads megabytes of JSON anew: half of the time in which a
lab came up, and a second of the first deployment.
"""

from __future__ import annotations

import functools
import gzip
from pathlib import Path
from typing import Any

import botocore.loaders
import botocore.session
import msgspec


class Files(botocore.loaders.JSONFileLoader):
    """Reads the files that botocore's own reader reads."""

    def load_file(self, file_path: str) -> Any:
        """Give what stands in a file, named without its ending; None where there is none."""
        for ending, unpacked in ((".json", bytes), (".json.gz", gzip.decompress)):
            file = Path(file_path + ending)
            if file.is_file():
                return msgspec.json.decode(unpacked(file.read_bytes()))
        return None


@functools.cache
def loader() -> botocore.loaders.Loader:
    """Give this process's loader."""
    return botocore.loaders.Loader(file_loader=Files())


def share() -> None:
    """Have every session of this process use the one loader, and moto's the quick reader; before moto is read."""
    botocore.loaders.Loader.FILE_LOADER_CLASS = Files
    botocore.loaders.create_loader = botocore.session.create_loader = _shared


def _shared(search_path_string: str | None = None) -> botocore.loaders.Loader:
    """Give the one loader where botocore asks for one of a search path: the lab has no path of its own."""
    del search_path_string
    return loader()
