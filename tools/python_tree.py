"""Write a folder with this machine's Python and boto3, whole enough for a container: tools/python_tree.py FOLDER.

For examples whose images are built with no network. The interpreter keeps its path, from which it finds its library;
/python3 leads to it, and boto3 lies in /site.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")
LEFT_OUT = ("site-packages", "dist-packages", "test", "idlelib", "tkinter", "ensurepip", "lib2to3", "pydoc_data")
MODELS = ("dynamodb", "s3", "sns", "sqs", "sts", "endpoints.json", "partitions.json", "_retry.json")
DEFAULTS = "sdk-default-configuration.json"
_LIBRARY = re.compile(r"(/\S+) \(0x")


def main() -> None:
    """Write the folder; one that stands is left as it is."""
    root = Path(sys.argv[1])
    if root.exists():
        return
    made = root.with_suffix(".new")
    shutil.rmtree(made, ignore_errors=True)
    interpreter = Path(sys.executable).resolve()
    library, site = Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))
    modules = Path(sysconfig.get_config_var("DESTSHARED") or library / "lib-dynload")
    shutil.copytree(library, under(made, library), ignore=shutil.ignore_patterns(*LEFT_OUT, "config-*", "__pycache__"))
    for file in (interpreter, *libraries([interpreter, *modules.glob("*.so")])):
        place = under(made, file)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    (made / "python3").symlink_to(interpreter)
    for package in PACKAGES:
        if (site / package).is_dir():
            shutil.copytree(site / package, made / "site" / package, ignore=unused)
        else:
            shutil.copy(site / package, made / "site" / package)
    made.rename(root)


def under(root: Path, path: Path) -> Path:
    """Give the place of an absolute path below a folder."""
    return root / path.relative_to("/")


def libraries(programs: list[Path]) -> set[Path]:
    """Give the shared libraries that programs are linked with, the loader included."""
    told = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, check=True).stdout
    return set(map(Path, _LIBRARY.findall(told)))


def unused(folder: str, names: list[str]) -> list[str]:
    """Give what no container needs of a package: the models of most AWS services are by far its largest part."""
    inside = folder.endswith("botocore/data")
    return [name for name in names if name == "__pycache__" or (inside and name not in (*MODELS, DEFAULTS))]


if __name__ == "__main__":
    main()
