"""`[services.NAME.uses]`: what the containers use of AWS by themselves, a key for each AWS service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from natless.catalog.partitions import partition_of
from natless.catalog.uses import USABLE, Usable
from natless.finding.rules import USE_INVALID
from natless.spec.model import Use
from natless.spec.positions import KeyPath
from natless.spec.problems import Problems, quoted
from natless.spec.table import nearest_word, take
from natless.spec.words import USES


def read_uses(problems: Problems, path: KeyPath, given: Mapping[str, Any], region: str | None) -> tuple[Use, ...]:
    """Read what a service uses, the table at `path`. `region` is the one its tasks run in, if known."""
    table = take(problems, path, given, USES)
    found: list[Use] = []
    for known in USABLE:
        written = table.values.get(known.service, ())
        texts = (written,) if isinstance(written, str) else tuple(written)
        where = (*path, known.service)
        if known.service in table.values and not texts:
            problems.add(USE_INVALID, where, f"{known.service} is empty: what is used of it?", known.sample)
        if len(set(texts)) < len(texts):
            problems.add(USE_INVALID, where, f"{known.service} has the same text twice", known.sample)
        for index, text in enumerate(texts):
            use, wrong, instead = _use(known, text, region)
            if wrong:
                at = where if isinstance(written, str) else (*where, str(index))
                problems.add(USE_INVALID, at, f"{known.service} has {quoted(text[:80])}: {wrong}", instead)
            else:
                found.append(use)
    return tuple(found)


def _use(known: Usable, text: str, region: str | None) -> tuple[Use, str, str]:
    """Give the use; where it is none, also what is wrong and what to write instead."""
    name, word = text, ""
    if not _named(known, text):
        # An ARN has colons of its own: a word of access follows what is a name or an ARN without it.
        name, _, word = text.rpartition(":")
        if not word.isalpha():
            name = text
    use = Use(known.service, name, (word,) if word else known.default)
    if not _named(known, name):
        return use, _no_name(known, text), known.sample
    if word and word not in known.words:
        near = nearest_word(word, known.words) or known.words[0]
        listed = " or ".join(f":{each}" for each in known.words)
        wrong = f"the word after the {known.thing} is {listed}"
        return use, wrong, f"{known.service} = {quoted(f'{name}:{near}')}"
    return use, _elsewhere(known, name, region), known.sample


def _named(known: Usable, text: str) -> bool:
    return re.fullmatch(known.arn if text.startswith("arn:") else known.name, text) is not None


def _no_name(known: Usable, text: str) -> str:
    if known.service == "kms" and text.startswith("alias/"):
        return "IAM knows keys by their id, not by an alias (aws kms describe-key --key-id alias/NAME gives the id)"
    if known.service == "sqs" and text.startswith(("http:", "https:")):
        return "a queue is named by its name, the last part of its URL"
    return f"this is neither the name nor the ARN of a {known.thing}"


def _elsewhere(known: Usable, name: str, region: str | None) -> str:
    """Say why no endpoint of this network reaches what an ARN names; "" where one does, or where that is not known."""
    match = re.fullmatch(known.arn, name)
    if match is None or region is None:
        return ""
    partition = name.split(":")[1]
    if partition != partition_of(region).name:
        return f"its partition is {partition}, and {region} lies in {partition_of(region).name}"
    its_region = match.groupdict().get("region") or region
    return "" if its_region == region else f"it lies in {its_region}, and no VPC endpoint in {region} reaches there"
