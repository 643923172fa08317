"""ECR's scan, awaited. Answers in the shapes of the ECR API reference, DescribeImageScanFindings."""

from __future__ import annotations

from typing import Any

import pytest

from natless.deploy import Pace
from natless.deploy.progress import Said
from natless.deploy.scan import ScanError, await_scan

DIGEST = "sha256:" + "a" * 64
QUICK = Pace(every=0.0, settling=60.0, sleep=lambda _: None)
CALL = "describe_image_scan_findings"


def scan(status: str, description: str = "", **findings: Any) -> dict[str, Any]:
    return {"imageScanStatus": {"status": status, "description": description}, "imageScanFindings": findings}


def awaited(script: Any, threshold: Any) -> list[Said]:
    return list(await_scan(script.connect, "hello/web", DIGEST, threshold, QUICK))


def test_it_is_waited_for_and_what_is_less_severe_is_told(script: Any) -> None:
    script.say("ecr", CALL, ("ScanNotFoundException", "Image scan does not exist"))
    script.say("ecr", CALL, scan("IN_PROGRESS"), repositoryName="hello/web", imageId={"imageDigest": DIGEST})
    script.say("ecr", CALL, scan("COMPLETE", findingSeverityCounts={"MEDIUM": 2, "LOW": 1}))
    assert awaited(script, "HIGH")[-1] == Said("ECR's scan of hello/web found 2 medium, 1 low")


def test_what_is_severe_stops_the_deployment_with_the_worst_first(script: Any) -> None:
    found = [
        {"name": "CVE-2", "severity": "HIGH", "uri": "https://two"},
        {"name": "CVE-3", "severity": "LOW"},
        {"name": "CVE-1", "severity": "CRITICAL", "uri": "https://one"},
    ]
    counts = {"CRITICAL": 1, "HIGH": 1, "LOW": 1}
    script.say("ecr", CALL, scan("COMPLETE", findings=found, findingSeverityCounts=counts))
    with pytest.raises(ScanError, match="found 1 critical, 1 high, 1 low: high or worse stops") as caught:
        awaited(script, "HIGH")
    assert caught.value.evidence == ("critical CVE-1 https://one", "high CVE-2 https://two")


def test_the_enhanced_scan_counts_too(script: Any) -> None:
    details = {"sourceUrl": "https://nvd"}
    found = [{"title": "CVE-9 - openssl", "severity": "CRITICAL", "packageVulnerabilityDetails": details}]
    script.say("ecr", CALL, scan("ACTIVE", enhancedFindings=found, findingSeverityCounts={"CRITICAL": 1}))
    with pytest.raises(ScanError) as caught:
        awaited(script, "CRITICAL")
    assert caught.value.evidence == ("critical CVE-9 - openssl https://nvd",)


@pytest.mark.parametrize("status", ["UNSUPPORTED_IMAGE", "FAILED", "SCAN_ELIGIBILITY_EXPIRED"])
def test_what_cannot_be_scanned_is_not_taken_for_fine(script: Any, status: str) -> None:
    script.say("ecr", CALL, scan(status, "UnsupportedImageError: no packages"))
    with pytest.raises(ScanError, match=rf"cannot scan the image in hello/web \({status}\): UnsupportedImageError"):
        awaited(script, "LOW")


def test_nor_is_a_scan_that_does_not_come(script: Any) -> None:
    clock = iter((0.0, 1.0, 100.0))
    for _ in range(2):
        script.say("ecr", CALL, ("ScanNotFoundException", "Image scan does not exist"))
    pace = Pace(every=0.0, settling=60.0, sleep=lambda _: None, now=lambda: next(clock))
    with pytest.raises(ScanError, match=r"has not scanned the image in hello/web in 60 s \(no scan\)"):
        list(await_scan(script.connect, "hello/web", DIGEST, "LOW", pace))
