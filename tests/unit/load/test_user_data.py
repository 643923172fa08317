"""User data as AWS's guides write it: which cluster the agent registers with, and through which proxy."""

from __future__ import annotations

import pytest

from natless.load.user_data import decoded, unresolved, user_data


@pytest.mark.parametrize(
    ("text", "cluster"),
    [
        # Amazon ECS Developer Guide, bootstrapping container instances.
        ("#!/bin/bash\necho ECS_CLUSTER=your_cluster_name >> /etc/ecs/ecs.config", "your_cluster_name"),
        ("#!/bin/bash\ncat <<'EOF' >> /etc/ecs/ecs.config\nECS_CLUSTER=mine\nECS_LOGLEVEL=debug\nEOF", "mine"),
        ('echo "ECS_CLUSTER=${Cluster}" >> /etc/ecs/ecs.config', "${Cluster}"),
        ("#cloud-config\nruncmd:\n  - echo 'ECS_CLUSTER=mine' > /etc/ecs/ecs.config", "mine"),
        ("<powershell>\nInitialize-ECSAgent -Cluster 'windows' -EnableTaskIAMRole\n</powershell>", "windows"),
        # Bottlerocket, settings reference.
        ('[settings.ecs]\ncluster = "bottle"\n', "bottle"),
        ("ECS_CLUSTER=same\nECS_CLUSTER=same", "same"),
    ],
)
def test_the_cluster_is_read(text: str, cluster: str) -> None:
    found = user_data(text)
    assert (found.cluster, found.unsure, found.proxy) == (cluster, "", False)


@pytest.mark.parametrize(
    "text",
    [
        "ECS_CLUSTER=one\nECS_CLUSTER=two",
        "ECS_CLUSTER=$NAME",
        "/opt/aws/bin/cfn-init --stack ${AWS::StackName} --resource Hosts",
        "aws s3 cp s3://bucket/ecs.config /etc/ecs/ecs.config",
        "echo ${Script}",
    ],
)
def test_what_may_name_another_is_unsure(text: str) -> None:
    found = user_data(text)
    assert found.cluster is None
    assert found.unsure


def test_text_that_names_none_says_so() -> None:
    assert user_data("#!/bin/bash\nyum update -y") == user_data("")
    assert user_data("").cluster is None


@pytest.mark.parametrize("line", ["HTTP_PROXY=10.0.0.131:3128", "export https_proxy=http://p", "https-proxy = 'p'"])
def test_a_proxy_is_seen(line: str) -> None:
    assert user_data(f"ECS_CLUSTER=c\n{line}").proxy


def test_a_line_that_is_not_resolved_may_be_anything() -> None:
    assert unresolved("#!/bin/bash\n  ${More}\n") == "${More}"
    assert not unresolved("echo ${More}")


def test_base64() -> None:
    assert decoded("RUNT") == "ECS"
    assert decoded("no base64!") is None
    assert decoded("/w==") is None
