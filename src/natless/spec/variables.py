"""`[services.NAME.environment]` and `[services.NAME.secrets]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from natless.catalog.fargate import RESERVED_VARIABLES
from natless.finding.rules import (
    SECRET_REFERENCE_INVALID,
    TYPE_WRONG,
    VALUE_INVALID,
    VARIABLE_NAME_INVALID,
    VARIABLE_TWICE,
)
from natless.spec.model import Secret
from natless.spec.positions import KeyPath
from natless.spec.problems import Problems, quoted, written
from natless.spec.words import TEXT_PATTERN, VARIABLE_PATTERN

# Compiled when first asked for: most runs of `check` never ask. ASM is ECS's own word for AWS Secrets Manager.
_ASM_NAME = r"[A-Za-z0-9/_+=.@-]{1,512}"
_PARAMETER_NAME = r"(?:/[A-Za-z0-9_.-]+)+|[A-Za-z0-9_.-]+"
_ASM_ARN = r"arn:aws[a-z-]*:secretsmanager:(?P<region>[a-z0-9-]+):[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+"
_PARAMETER_ARN = r"arn:aws[a-z-]*:ssm:(?P<region>[a-z0-9-]+):[0-9]{12}:parameter/[A-Za-z0-9_./-]+"
_SAMPLES = {"secretsmanager": "secretsmanager:prod/db#url", "ssm": "ssm:/prod/db/url"}


def read_environment(problems: Problems, path: KeyPath, given: Mapping[str, Any]) -> dict[str, str]:
    """Read the environment at `path`: names that a container can have, values that are texts."""
    values = {}
    for name, value in given.items():
        _check_name(problems, (*path, name))
        if not isinstance(value, str):
            message = f"{name} = {written(value)}: the value of an environment variable is a text in quotes"
            text = value if isinstance(value, (dict, list)) else written(value)
            shown = quoted(text) if isinstance(text, str) else '"..."'
            problems.add(TYPE_WRONG, (*path, name), message, f"{_key(name)} = {shown}")
        elif not re.fullmatch(TEXT_PATTERN, value):
            message = f"{name} holds a NUL character, which ends a text in a process's environment"
            problems.add(VALUE_INVALID, (*path, name), message, f"{_key(name)} = {quoted(value.replace(chr(0), ''))}")
        else:
            values[name] = value
    return values


def read_secrets(
    problems: Problems, path: KeyPath, given: Mapping[str, Any], environment: Mapping[str, Any], region: str | None
) -> tuple[Secret, ...]:
    """Read the secrets at `path`. `environment` is the table beside it, `region` the one the tasks run in, if known."""
    found = []
    for name, value in given.items():
        _check_name(problems, (*path, name))
        if name in environment:
            message = f"{name} is in the environment as well: ECS refuses a task definition with both"
            problems.add(VARIABLE_TWICE, (*path, name), message, f"# {name} in one of the two tables only")
        if not isinstance(value, str):
            message = f"{name} = {written(value)}: a secret is given by a text in quotes"
            problems.add(TYPE_WRONG, (*path, name), message, f'{_key(name)} = "{_SAMPLES["secretsmanager"]}"')
            continue
        secret, wrong, instead = _secret(name, value, region)
        if wrong:
            message = f"{name} = {written(value)}: {wrong}"
            problems.add(SECRET_REFERENCE_INVALID, (*path, name), message, f"{_key(name)} = {quoted(instead)}")
        else:
            found.append(secret)
    return tuple(found)


def _check_name(problems: Problems, path: KeyPath) -> None:
    name = path[-1]
    if name in RESERVED_VARIABLES:
        message = f"{name} is set by ECS itself: another value would cut the container off from it"
        problems.add(VARIABLE_NAME_INVALID, path, message, f"# {name}: remove the line")
    elif not re.fullmatch(VARIABLE_PATTERN, name):
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
        plain = plain if re.fullmatch(VARIABLE_PATTERN, plain) else f"_{plain}"[:255]
        message = f"{quoted(name)} is no name of an environment variable: letters, digits, _ . - and no digit first"
        problems.add(VARIABLE_NAME_INVALID, path, message, f"{plain} = ...")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quoted(name)


def _secret(variable: str, text: str, region: str | None) -> tuple[Secret, str, str]:
    """Give the secret; where it is none, also what is wrong and what to write instead."""
    store, _, rest = text.partition(":")
    if store == "arn":
        # An ARN says itself where it lies.
        kind = "ssm" if ":ssm:" in text else "secretsmanager"
        return Secret(variable, "ssm", text), "it says not which store it lies in", f"{kind}:{text}"
    identifier, hash_, key = rest.partition("#")
    if store == "ssm":
        near = next((f"ssm:{form}" for form in _parameter_forms(identifier) if re.fullmatch(_PARAMETER_NAME, form)), "")
        wrong = _wrong_parameter(identifier, hash_, region)
        return Secret(variable, "ssm", identifier), wrong, near or _SAMPLES["ssm"]
    if store == "secretsmanager":
        wrong = _wrong_secret(identifier, hash_, key, region)
        # The last six characters of an ARN are AWS's own.
        plain = re.fullmatch(_ASM_ARN, identifier) and identifier.partition(":secret:")[2].rpartition("-")[0]
        near = f"secretsmanager:{plain}" if plain else _SAMPLES["secretsmanager"]
        return Secret(variable, "secretsmanager", identifier, key), wrong, near
    wrong = "a secret is secretsmanager:NAME, secretsmanager:NAME#JSONKEY or ssm:/PATH"
    return Secret(variable, "ssm", text), wrong, _SAMPLES["ssm" if text.startswith("/") else "secretsmanager"]


def _parameter_forms(identifier: str) -> tuple[str, ...]:
    """Give what the name of a parameter may have been meant to be: as it is, an ARN's own, with a slash in front."""
    return identifier, identifier.partition(":parameter")[2], f"/{identifier.strip('/')}"


def _wrong_parameter(identifier: str, hash_: str, region: str | None) -> str:
    if hash_:
        return "a parameter has no JSON keys: #KEY is for secretsmanager"
    arn = re.fullmatch(_PARAMETER_ARN, identifier)
    if arn:
        return _elsewhere(arn["region"], region)
    if identifier.startswith("arn:"):
        return "this is no ARN of an SSM parameter (arn:aws:ssm:REGION:ACCOUNT:parameter/NAME)"
    if not re.fullmatch(_PARAMETER_NAME, identifier):
        return "a parameter's name is /like/this: letters, digits, _ . - and a slash in front where there is one inside"
    return ""


def _wrong_secret(identifier: str, hash_: str, key: str, region: str | None) -> str:
    if hash_ and (not key or ":" in key or not key.isprintable()):
        return "what follows # is the name of a JSON key, without a colon"
    arn = re.fullmatch(_ASM_ARN, identifier)
    if arn:
        return _elsewhere(arn["region"], region)
    if identifier.startswith("arn:"):
        return "this is no ARN of a secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-123abc)"
    if not re.fullmatch(_ASM_NAME, identifier):
        return "a secret's name has letters, digits and / _ + = . @ -"
    return ""


def _elsewhere(its_region: str, region: str | None) -> str:
    if region is None or its_region == region:
        return ""
    return f"it lies in {its_region}, and no VPC endpoint in {region} reaches there"
