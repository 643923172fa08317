"""The Cloud of a spec with one public service, and what is said on top of it."""

from __future__ import annotations

from natless import design, load
from natless.cloud import Cloud
from natless.spec.read import read

WEB = """name = "hi"
region = "{region}"
[services.web]
image = "nginx:1.27"
port = 8080
public = true
{more}
"""


def cloud(more: str = "", region: str = "us-east-1") -> Cloud:
    designed = design.write(read(WEB.format(region=region, more=more), "natless.toml"))
    parameters = {each.name: each.value for each in designed.parameters}
    return load.cloudformation(design.text(designed.main), "natless.toml", parameters, region, "123456789012")
