"""Secrets of a container, fetched before it starts: from Secrets Manager by ARN, else from Parameter Store."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import msgspec

from natless.lab.tasks import words
from natless.lab.tasks.calls import Caller, CallError, retried


class SecretReference(msgspec.Struct, frozen=True):
    """A `valueFrom` taken apart. `identifier` is the secret's ARN without the parts ECS adds behind it."""

    identifier: str
    key: str = ""
    stage: str = ""
    version: str = ""


def read_secret_arn(value_from: str) -> SecretReference | None:
    """Read `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME[:key:stage:version]`; None for anything else."""
    parts = value_from.split(":")
    if parts[0] != "arn" or parts[2:3] != ["secretsmanager"]:
        return None
    key, stage, version = [*parts[7:10], "", "", ""][:3]
    return SecretReference(":".join(parts[:7]), key, stage, version)


def fetch_secrets(caller: Caller, secrets: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Give the value of each secret (`{"name", "valueFrom"}`) by its variable's name; raises words.StartError."""
    values: dict[str, str] = {}
    parameters: dict[str, str] = {}
    documents: dict[tuple[str, str, str], str] = {}
    for each in secrets:
        reference = read_secret_arn(each["valueFrom"])
        if reference is None:
            parameters[each["name"]] = each["valueFrom"]
            continue
        place = (reference.identifier, reference.stage, reference.version)
        if place not in documents:
            documents[place] = _secret(caller, reference)
        values[each["name"]] = _key(documents[place], reference)
    return values | _parameters(caller, parameters)


def _secret(caller: Caller, reference: SecretReference) -> str:
    arguments = {"SecretId": reference.identifier}
    if reference.stage:
        arguments["VersionStage"] = reference.stage
    if reference.version:
        arguments["VersionId"] = reference.version
    retries = caller.way.patience.retries
    try:
        answer = retried(caller, lambda: caller.call("secretsmanager", "GetSecretValue", arguments))
    except CallError as error:
        raise words.secret(reference.identifier, error, retries) from error
    return str(answer.get("SecretString", ""))


def _key(text: str, reference: SecretReference) -> str:
    if not reference.key:
        return text
    try:
        value = json.loads(text)[reference.key]
    except (ValueError, KeyError, TypeError) as error:
        raise words.secret_key(reference.identifier, reference.key) from error
    return value if isinstance(value, str) else json.dumps(value)


def _parameters(caller: Caller, wanted: Mapping[str, str]) -> dict[str, str]:
    """Fetch parameters, ten a call as the API takes them. A `valueFrom` is a name or an ARN."""
    names = list(dict.fromkeys(_parameter_name(value_from) for value_from in wanted.values()))
    found: dict[str, str] = {}
    for start in range(0, len(names), 10):
        arguments = {"Names": names[start : start + 10], "WithDecryption": True}
        try:
            answer = retried(caller, lambda arguments=arguments: caller.call("ssm", "GetParameters", arguments))  # type: ignore[misc]  # the default binds the loop's value
        except CallError as error:
            raise words.parameters(error, caller.way.patience.retries) from error
        found |= {each["Name"]: each["Value"] for each in answer.get("Parameters", [])}
    missing = [name for name in names if name not in found]
    if missing:
        raise words.invalid_parameters(missing)
    return {variable: found[_parameter_name(value_from)] for variable, value_from in wanted.items()}


def _parameter_name(value_from: str) -> str:
    """Give a parameter's name from `arn:aws:ssm:REGION:ACCOUNT:parameter/prod/db`, or the name as it stands."""
    if not value_from.startswith("arn:"):
        return value_from
    name = value_from.split(":", 5)[5].removeprefix("parameter")
    return name if name.count("/") > 1 else name.removeprefix("/")
