"""What `check` is given: a spec, a template, or a folder of describe JSON, each read into a Cloud."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from natless import design, load
from natless.cli.arguments import UsageError
from natless.cloud import Cloud
from natless.finding import Finding, Gap, Origin
from natless.spec import Spec
from natless.spec.read import read
from natless.spec.words import REGION_PATTERN

SPEC_NAME = "natless.toml"
TEMPLATE_LIMIT = 1_000_000
"""Bytes. CloudFormation takes at most 1 MB (speed.md section 5); more is no template."""


class Source(msgspec.Struct, frozen=True):
    """What was read. `places` leads from template places to spec lines, and only annotates."""

    name: str
    cloud: Cloud
    spec: Spec | None = None
    places: Mapping[str, int] = {}

    def place(self, finding: Finding) -> Finding:
        """Give the finding with its line in the person's own file, where the template was designed from one."""
        if self.spec is None:
            return finding
        line = self.places.get(finding.origin.resource) or self.places.get(finding.subject)
        return msgspec.structs.replace(finding, origin=Origin(self.spec.source, line, finding.origin.resource))

    def place_gap(self, gap: Gap) -> Gap:
        """Give the gap with its line in the person's own file, likewise."""
        if self.spec is None:
            return gap
        line = self.places.get(gap.origin.resource)
        return msgspec.structs.replace(gap, origin=Origin(self.spec.source, line, gap.origin.resource))


def text_of(path: str, limit: int = TEMPLATE_LIMIT) -> str:
    """Read a file as UTF-8 text; every failure is a usage error in words."""
    try:
        size = os.path.getsize(path)
        if size > limit:
            raise UsageError(f"{path} has {size:,} bytes: at most {limit:,} are read")
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text: byte {error.start} is not") from error


def spec_path(path: str) -> str:
    """Give the natless.toml that `path` means: itself, or the one in that folder."""
    return os.path.normpath(os.path.join(path, SPEC_NAME)) if os.path.isdir(path) else path


def spec_of(path: str) -> Spec:
    """Read the spec that `path` means."""
    found = spec_path(path)
    if not os.path.isfile(found):
        raise UsageError(f"{found} does not exist: `natless init` writes one for a folder with a Dockerfile")
    return read(text_of(found), spoken(found))


def source_of(path: str, parameters: Mapping[str, str], region: str | None, account: str | None) -> Source:
    """Read whatever `path` is. Raises SpecError or LoadError with every problem, or UsageError."""
    surrounding = _surrounding(region, account)
    if path.startswith(("aws:", "lab:")):
        return _standing(path, region or surrounding)
    if os.path.isdir(path) and not os.path.isfile(spec_path(path)):
        return _describe_folder(path)
    if path.endswith(".toml") or os.path.isdir(path):
        spec = spec_of(path)
        agree(spec, region)
        spec = msgspec.structs.replace(spec, region=region or spec.region or surrounding)
        return _designed(spec, parameters, account)
    if not os.path.exists(path):
        raise UsageError(
            f"{path} does not exist: give a folder with {SPEC_NAME}, a template, or a folder of describe JSON"
        )
    name = spoken(path)
    return Source(name, load.cloudformation(text_of(path), name, parameters, region or surrounding, account))


def sources_of(paths: Sequence[str], parameters: Mapping[str, str], region: str | None, account: str | None) -> Source:
    """Read what `paths` are: one as `source_of` does, several as the templates of stacks that are deployed together."""
    if len(paths) == 1:
        return source_of(paths[0], parameters, region, account)
    surrounding = _surrounding(region, account)
    texts: dict[str, str] = {}
    for path in paths:
        if path.startswith(("aws:", "lab:")) or path.endswith(".toml") or not os.path.isfile(path):
            raise UsageError(f"{path} is no template: several paths are the templates of stacks deployed together")
        if spoken(path) in texts:
            raise UsageError(f"{path} is given twice")
        texts[spoken(path)] = text_of(path)
    return Source(", ".join(texts), load.stacks(texts, parameters, region or surrounding, account))


def _surrounding(region: str | None, account: str | None) -> str | None:
    """Give the surroundings' region, the last word after --region and the file's own; misspelt values are refused."""
    surrounding = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    _form("--region", region, REGION_PATTERN, "a region's name has the form us-east-1")
    _form("AWS_REGION", surrounding, REGION_PATTERN, "a region's name has the form us-east-1")
    _form("--account", account, "[0-9]{12}", "an account's number has 12 digits")
    return surrounding


def spoken(path: str) -> str:
    """Give a path as it can be printed: a file's name may hold bytes that are no text."""
    return path.encode(errors="replace").decode()


def _form(name: str, value: str | None, pattern: str, wanted: str) -> None:
    """Refuse a misspelt value: in `us-east1` no endpoint would be of this region, and each need would seem blocked."""
    if value and not re.fullmatch(pattern, value):
        raise UsageError(f"{name} {value}: {wanted}")


def agree(spec: Spec, region: str | None) -> None:
    """Refuse a --region that is not the spec's, or not that of the image that it gives."""
    if region and spec.region and region != spec.region:
        line = spec.lines.get("region")
        whose = f"region {spec.region} (line {line})" if line else f"image's region {spec.region}"
        raise UsageError(f"--region {region} is not {spec.source}'s {whose}: leave one of them out")


def _designed(spec: Spec, given: Mapping[str, str], account: str | None) -> Source:
    designed = design.write(spec)
    parameters = {parameter.name: parameter.value for parameter in designed.parameters} | dict(given)
    cloud = load.cloudformation(
        design.text(designed.main), f"{spec.source} (template)", parameters, spec.region, account
    )
    return Source(spec.source, cloud, spec, designed.places)


def _standing(path: str, region: str | None) -> Source:
    """Read what stands around `aws:CLUSTER/SERVICE` or `lab:CLUSTER/SERVICE`; without a service, around all of them."""
    from natless.account.snapshot import Narrow, snapshot  # noqa: PLC0415 - boto3 costs a fifth of a second
    from natless.cli.world import failures_in_words, world  # noqa: PLC0415 - as above

    to, _, named = path.partition(":")
    cluster, _, service = named.partition("/")
    if not cluster:
        raise UsageError(f"{path} names no cluster: write {to}:CLUSTER or {to}:CLUSTER/SERVICE")
    # A lab has one region, and says it itself.
    where = world(to, None, region if to == "aws" else None)
    with failures_in_words():
        found = snapshot(where.connect, narrow=Narrow(cluster=cluster, service=service or None))
    return Source(path, load.describe(found, path))


def _describe_folder(path: str) -> Source:
    """Read `Vpcs.json`, `Subnets.json`, ...: each an AWS response with that key, or the list itself."""
    names = sorted(name for name in os.listdir(path) if name.endswith(".json") and name != ".json")
    if "Vpcs.json" not in names:
        raise UsageError(
            f"{path} holds neither {SPEC_NAME} nor describe JSON: a folder of describe JSON has Vpcs.json, "
            "Subnets.json, RouteTables.json, ... each as the AWS CLI prints it"
        )
    snapshot: dict[str, Any] = {}
    for name in names:
        key = name.removesuffix(".json")
        try:
            answer = msgspec.json.decode(text_of(os.path.join(path, name), 256 * TEMPLATE_LIMIT))
        except msgspec.DecodeError as error:
            raise UsageError(f"{os.path.join(path, name)} is not JSON: {error}") from error
        # ECS, ECR and Logs answer with small letters (`{"services": [...]}`), the others with capitals.
        small = key[0].lower() + key[1:]
        named = answer if isinstance(answer, dict) else {}
        snapshot[key] = named.get(key, named.get(small, answer))
    return Source(spoken(path), load.describe(snapshot, spoken(path)))
