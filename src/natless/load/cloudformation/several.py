"""The way in for several stacks: each template by itself first, then all of them as one."""

from __future__ import annotations

from collections.abc import Mapping

from natless.cloud import Cloud
from natless.finding import Finding
from natless.finding.rules import PARAMETER_REFUSED
from natless.load.cloudformation.exports import Exports, before
from natless.load.cloudformation.joining import File, join
from natless.load.cloudformation.read import cloud_of, cloudformation, tree_of, whole_or_problems
from natless.load.cloudformation.sections import read_sections
from natless.load.cloudformation.tree import Map, Problems
from natless.load.error import LoadError


def stacks(texts: Mapping[str, str], parameters: Mapping[str, str], region: str | None, account: str | None) -> Cloud:
    """Read templates into one Cloud; see `natless.load.stacks`."""
    found: list[Finding] = []
    files = []
    for source, text in texts.items():
        try:
            files.append(_alone(source, text, parameters, region, account))
        except LoadError as error:
            found += error.findings
    if found:
        raise LoadError(tuple(found))
    problems = Problems(", ".join(texts))
    joined = whole_or_problems(lambda: join(files, parameters), problems)
    for name in joined.lacking:
        problems.add(PARAMETER_REFUSED, name, None, f"none of these templates has a parameter {name}")
    problems.sources = joined.sources

    def whole() -> Cloud:
        template = read_sections(joined.tree, problems, joined.values, region, account)
        exports = Exports(template, joined.exports)
        template.imported = exports.value
        return cloud_of(template, before(template, tuple(texts), exports, joined))

    return whole_or_problems(whole, problems)


def _alone(source: str, text: str, parameters: Mapping[str, str], region: str | None, account: str | None) -> File:
    """Read one template by itself, so that its problems are said with its own names and lines."""
    problems = Problems(source)
    tree = whole_or_problems(lambda: tree_of(text, problems), Problems(source))
    known = tree.get("Parameters") if isinstance(tree, Map) else None
    own = {key: value for key, value in parameters.items() if isinstance(known, Map) and key in known}
    cloudformation(text, source, own, region, account)
    return File(source, tree if isinstance(tree, Map) else Map(1))
