"""What fits on an instance, and ECS's words where it does not. Sizes by hand from the types' own pages:

t3.small: 2 vCPUs, 2 GiB, three interfaces; an eighth of the memory is not the tasks'. g4dn.xlarge: one GPU.
"""

from __future__ import annotations

from typing import Any

import pytest

from natless.lab.instances.room import Needs, lacks, needs


def definition(*containers: dict[str, Any], **task: Any) -> dict[str, Any]:
    return {"containerDefinitions": list(containers), "networkMode": "bridge", **task}


def test_a_task_takes_its_own_size_or_what_its_containers_ask() -> None:
    assert needs(definition({"cpu": 10, "memory": 64}, cpu="256", memory="512")) == Needs(256, 512)
    assert needs(definition({"cpu": 10, "memory": 64}, {"memory": 128, "memoryReservation": 32})) == Needs(10, 96)
    assert needs(definition({"memory": 64}, networkMode="awsvpc")) == Needs(0, 64, 1)
    gpu = {"memory": 64, "resourceRequirements": [{"type": "GPU", "value": "1"}]}
    assert needs(definition(gpu)) == Needs(0, 64, 0, 1)


@pytest.mark.parametrize(
    ("type_", "taken", "wanted", "said"),
    [
        ("t3.small", [], Needs(2048, 1792, 1), ""),
        ("t3.small", [Needs(2000)], Needs(49), "has insufficient CPU units available"),
        ("t3.small", [Needs(0, 1700)], Needs(0, 93), "has insufficient memory available"),
        ("t3.small", [Needs(interfaces=1)] * 2, Needs(interfaces=1), "encountered error 'RESOURCE:ENI'"),
        ("t3.small", [Needs(interfaces=1)] * 2, Needs(64, 64), ""),
        ("t3.small", [], Needs(gpus=1), "encountered error 'RESOURCE:GPU'"),
        ("g4dn.xlarge", [], Needs(gpus=1), ""),
        ("g4dn.xlarge", [Needs(gpus=1)], Needs(gpus=1), "encountered error 'RESOURCE:GPU'"),
        ("x9.unheard-of", [], Needs(1 << 20, 1 << 20, 99), ""),
    ],
)
def test_what_an_instance_has_not_left(type_: str, taken: list[Needs], wanted: Needs, said: str) -> None:
    assert lacks(type_, taken, wanted) == said
