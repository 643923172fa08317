"""`natless init`: a natless.toml for what is there."""

from __future__ import annotations

import os
import re

import msgspec

from natless.cli.arguments import Arguments, Command, UsageError
from natless.cli.saying import say
from natless.cli.source import SPEC_NAME, text_of
from natless.spec.schema import schema as json_schema
from natless.spec.starter import starter

DOCKERFILE_LIMIT = 1_000_000


def _takes(arguments: Arguments) -> None:
    arguments.path("folder")
    arguments.flag("--schema", "Print the JSON Schema of natless.toml, for editors, and write nothing.")
    arguments.add_argument("--name", help="The application's name [the folder's].")
    arguments.add_argument("--region", help="The region [AWS_REGION, else left to the profile].")


def init(folder: str, name: str | None, region: str | None, *, schema: bool) -> None:
    """Write a natless.toml for FOLDER, from the Dockerfile in it. Nothing that stands is overwritten."""
    if schema:
        say(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode())
        return
    target = os.path.join(folder, SPEC_NAME)
    dockerfile = os.path.join(folder, "Dockerfile")
    if not os.path.isdir(folder):
        raise UsageError(f"{folder} is no folder")
    if os.path.exists(target):
        raise UsageError(f"{target} stands already: edit it, or remove it first")
    text = text_of(dockerfile, DOCKERFILE_LIMIT) if os.path.isfile(dockerfile) else None
    chosen = name or name_from(os.path.basename(os.path.abspath(folder)))
    region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    content = starter(chosen, text, region)
    try:
        with open(target, "x", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}") from error
    say(target)
    if text is None:
        say(f"{dockerfile} does not exist: write one, or give image = in {target}", aside=True)
    say(f"next: natless check {folder}", aside=True)


command = Command(init, _takes)


def name_from(folder: str) -> str:
    """Give a valid application name that is nearest to a folder's name."""
    plain = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")
    return re.sub(r"^[^a-z]+", "", plain)[:20].strip("-") or "app"
