"""Explain: codes, names, pasted texts, and AWS's explanation codes."""

from __future__ import annotations

import pytest

from natless.catalog.ecs_errors import ERRORS
from natless.catalog.ecs_stops import STOPS
from natless.catalog.explanation_codes import CODES
from natless.finding.rules import RULES
from natless.prove import explain

# From github.com/aws/copilot-cli/issues/5927.
PRIVATE = (
    "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry"
    " auth from Amazon"
    " ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration."
    ' RequestError: send request failed caused by: Post "https://api.ecr.us-east-1.amazonaws.com/": dial tcp'
    " 172.31.1.94:443: i/o timeout"
)
# From github.com/aws-samples/generative-ai-sagemaker-cdk-demo/issues/4.
PUBLIC = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval"
    " failed: unable to"
    " retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by:"
    ' Post "https://api.ecr.us-west-2.amazonaws.com/": dial tcp 34.223.27.76:443: i/o timeout. Please check your task'
    " network configuration."
)
# From github.com/Releem/releem-agent/issues/195.
UNFETCHED = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval"
    " failed: unable to"
    " retrieve secret from asm: service call has been retried 5 time(s): failed to fetch secret"
    " arn:aws:secretsmanager:us-west-2:*:secret:DBPasswordSecret-* from secrets manager: RequestCanceled:"
    " request context"
    " canceled caused by: context deadline exceeded. Please check your task network configuration."
)
# From github.com/doctorray117/minecraft-ondemand/issues/12.
DENIED = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to"
    " create Cloudwatch log stream: AccessDeniedException: User:"
    " arn:aws:sts::zzzzzzzzzzzz:assumed-role/ecs.task.minecraft-server/123456a999ee4b919..."
)
# From github.com/deepfence/terraform-aws-cloud-scanner/issues/13.
REGISTRY = (
    "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref"
    " quay.io/deepfenceio/cloud-scanner:latest: failed to do request: Head"
    ' "https://quay.io/v2/deepfenceio/cloud-scanner/manifests/latest": dial tcp 3.210.148.47:443: i/o timeout'
)
# From github.com/aws/amazon-ecs-agent/issues/1266: an older agent, which ERRORS has no words for.
LAYER = (
    "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: failed"
    ' to do request: Get "https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/layer": dial tcp'
    " 52.216.1.1:443: i/o timeout"
)


# The Docker daemon's words for no answer, as older agents and the EC2 launch type give them.
DAEMON = (
    'CannotPullContainerError: Error response from daemon: Get "https://{}/v2/": net/http: request canceled while'
    " waiting for connection (Client.Timeout exceeded while awaiting headers)"
)
REFUSED_PULL = (
    "CannotPullECRContainerError: AccessDeniedException: User: arn:aws:sts::1:assumed-role/a/b is not authorized to"
    " perform: ecr:GetAuthorizationToken on resource: *"
)


def codes(text: str) -> list[str]:
    found = explain(text)
    assert found is not None
    return [rule.code for rule in found.rules]


def test_a_public_address_means_the_name_was_not_captured() -> None:
    assert codes(PUBLIC)[:2] == ["NL401", "NL103"]


def test_an_address_of_the_vpc_means_a_filter() -> None:
    assert codes(PRIVATE)[:2] == ["NL303", "NL301"]


def test_without_an_address_both_are_possible() -> None:
    assert {"NL401", "NL303", "NL301"} <= set(codes(UNFETCHED))
    found = explain(UNFETCHED)
    assert found is not None
    assert "Secrets Manager" in found.title


def test_a_refusal_is_the_role_before_the_endpoint() -> None:
    assert codes(DENIED)[:2] == ["NL502", "NL402"]


def test_a_public_registry_is_told_from_ecr() -> None:
    assert codes(REGISTRY)[0] == "NL406"


def test_a_layer_that_does_not_come_is_s3() -> None:
    assert codes(LAYER)[:3] == ["NL202", "NL401", "NL302"]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.mark)
def test_every_text_of_the_catalog_is_recognised_as_itself(error: object) -> None:
    text = error.text  # type: ignore[attr-defined] # an EcsError, which pytest hands on as object
    found = explain(text.replace("{address}", "10.0.1.7"))
    assert found is not None
    assert found.evidence


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.code))
def test_every_rule_is_explained_by_code_and_by_name(rule: object) -> None:
    by_code, by_name = explain(rule.code.lower()), explain(rule.name)  # type: ignore[attr-defined] # a Rule
    assert by_code == by_name
    assert by_code is not None
    assert by_code.page.startswith(f"# {rule.code} ")  # type: ignore[attr-defined] # a Rule


@pytest.mark.parametrize("code", CODES, ids=lambda code: str(code.code))
def test_every_code_of_reachability_analyzer_leads_to_rules(code: object) -> None:
    assert codes(code.code)  # type: ignore[attr-defined] # an ExplanationCode


def test_anything_else_is_not_explained() -> None:
    assert explain("hello") is None
    assert explain("") is None


@pytest.mark.parametrize(
    ("text", "title", "first"),
    [
        # Texts as people paste them, from public threads: which step it was, and what to look at first.
        ("exec /app/server: exec format error", "another CPU architecture", ""),
        ("standard_init_linux.go:228: exec user process caused: exec format error", "another CPU architecture", ""),
        ("OutOfMemoryError: container killed due to memory usage", "more memory", ""),
        ("TaskFailedToStart", "did not start", ""),
        ("Essential container in task exited", "ended by itself", ""),
        (
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retr",
            "token",
            "NL401",
        ),
        ("STOPPED (CannotPullContainerError: Error response from daem)", "pulling its image", "NL401"),
        (DAEMON.format("123456789012.dkr.ecr.us-east-1.amazonaws.com"), "manifest from ECR", "NL401"),
        (DAEMON.format("registry-1.docker.io"), "pulling its image", "NL406"),
        (REFUSED_PULL, "refused", "NL502"),
        ("Task failed ELB health checks in (target-group arn:x)", "health checks", "NL308"),
        ("due to (reason Health checks failed with these codes: [404])", "a code that is not healthy", ""),
        (
            'failed to invoke EFS utils commands: stderr: Failed to resolve "fs-1.efs.us-east-1.amazonaws.com"',
            "EFS",
            "NL101",
        ),
    ],
)
def test_what_is_not_the_network_or_was_cut_short_is_told_apart(text: str, title: str, first: str) -> None:
    found = explain(text)
    assert found is not None
    assert title in found.title
    assert next((rule.code for rule in found.rules), "") == first
    assert found.evidence


@pytest.mark.parametrize("known", STOPS, ids=lambda known: " ".join(known.marks))
def test_every_reason_is_found_by_its_marks_in_any_case(known: object) -> None:
    found = explain(" x ".join(known.marks).upper())  # type: ignore[attr-defined] # a Stop
    assert found is not None
    assert found.title == known.title  # type: ignore[attr-defined] # a Stop


@pytest.mark.parametrize(
    "pasted",
    [
        PUBLIC.replace(": ", ":\n", 3),
        "\x1b[31m" + PUBLIC + "\x1b[0m",
        PUBLIC.replace('"', '\\"'),
        "\n".join(PUBLIC[at : at + 20] for at in range(0, len(PUBLIC), 20)),
        "  | " + PUBLIC.replace(" ", "   "),
    ],
    ids=["wrapped", "coloured", "escaped", "cut by the terminal", "spaced"],
)
def test_a_text_is_the_same_however_it_was_pasted(pasted: str) -> None:
    assert codes(pasted) == codes(PUBLIC)
