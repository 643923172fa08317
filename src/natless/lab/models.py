"""What botocore and moto ship as data, read once in a process, by a quick reader, and for the lab's region alone.

moto and boto3 make a loader for each session, each of which reads megabytes of service models anew, and moto reads for
every region which instance types it offers: half of the time in which a lab came up, and a second of the first
deployment.
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


def share(region: str) -> None:
    """Have every session of this process use the one loader, and moto's the quick reader; before moto is read.

    moto gets what `region` offers, and nothing of other regions: a lab has one.
    """
    import moto  # noqa: PLC0415 - moto is read by the lab's own process alone
    from moto.utilities import utils  # noqa: PLC0415 - as above

    utils.load_resource = functools.partial(_resource, Path(*moto.__path__), region)
    botocore.loaders.Loader.FILE_LOADER_CLASS = Files
    botocore.loaders.create_loader = botocore.session.create_loader = _shared


def _resource(folder: Path, region: str, name: str) -> Any:
    """Give the data file `name` of moto's `folder`, packed or not, as `moto.utilities.utils.load_resource` does."""
    file = folder / name
    if file.parent.parent.name == "instance_type_offerings" and file.name.partition(".")[0] != region:
        return []
    return Files().load_file(str(file).removesuffix(".gz").removesuffix(".json"))


def _shared(search_path_string: str | None = None) -> botocore.loaders.Loader:
    """Give the one loader where botocore asks for one of a search path: the lab has no path of its own."""
    del search_path_string
    return loader()
