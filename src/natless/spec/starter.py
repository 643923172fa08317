"""The natless.toml that `natless init` writes: short, and each line says what it is for."""

from __future__ import annotations

from natless.spec.dockerfile import Dockerfile, read_dockerfile
from natless.spec.problems import quoted
from natless.spec.read import read

_USUAL_PORT = 8080


def starter(name: str, dockerfile_text: str | None, region: str | None) -> str:
    """Give the text for an application `name`; port and health path from the Dockerfile, where it says them.

    Raises SpecError where `name` or `region` is none that AWS takes: what is written can always be read.
    """
    found = read_dockerfile(dockerfile_text) if dockerfile_text is not None else Dockerfile((), None)
    port, port_says = _port(found, dockerfile_text is not None)
    lines = [
        _line(f"name = {quoted(name)}", "of the stack, the cluster and the repository"),
        _line(f"region = {quoted(region)}", "where it runs")
        if region
        else _line('# region = "us-east-1"', "without it, the AWS profile's"),
        "",
        "# [network]                    # all of it is optional; these are the defaults",
        '# cidr = "10.0.0.0/16"         # of the VPC; keep it apart from networks it may be joined to',
        "# zones = 2                    # availability zones, 2 to 4; or their names",
        "",
        "[services.web]",
        _line('build = "."', "the folder of the Dockerfile"),
        _line(f"port = {port}", port_says),
        _line("public = true", "answers the internet, through the load balancer"),
        _line("cpu = 256", "CPU units: 1024 is one vCPU"),
        _line("memory = 512", "MiB"),
        _health(found),
        _line("count = 1", "tasks; or { min = 2, max = 10, cpu = 60 } to scale"),
        _line('# calls = ["api"]', "other services of this file, as api.NAME.internal"),
        "",
        "# [services.web.environment]   # what the container finds in its environment",
        '# LOG_LEVEL = "info"',
        "",
        "# [services.web.secrets]       # fetched when a task starts, and never written down here",
        '# DATABASE_URL = "secretsmanager:prod/db#url"',
        "",
        "# [services.web.uses]          # what the container uses of AWS by itself, and how",
        '# sqs = "jobs:send"            # dynamodb, s3, sqs, sns, kms, secretsmanager, ssm, sts',
    ]
    text = "\n".join(lines) + "\n"
    read(text, "natless.toml")
    return text


def _line(toml: str, says: str) -> str:
    return f"{toml:<30} # {says}"


def _port(found: Dockerfile, there: bool) -> tuple[int, str]:  # noqa: FBT001 - private, and named where it is given
    if not found.ports:
        why = "the Dockerfile has no EXPOSE: set the port that the container listens on"
        return _USUAL_PORT, why if there else "the port that the container listens on"
    first, *others = found.ports
    return first, f"from the Dockerfile{', which exposes ' + ', '.join(map(str, others)) + ' too' if others else ''}"


def _health(found: Dockerfile) -> str:
    if found.health is not None:
        return _line(f"health = {quoted(found.health)}", "from the Dockerfile's HEALTHCHECK; 200 to 399 means healthy")
    return _line('health = "/"', "the path the load balancer asks for; 200 to 399 means healthy")
