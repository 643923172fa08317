"""HTTPS by certificate, and autoscaling by each aim: what is written, by hand from AWS's references."""

from __future__ import annotations

from typing import Any

from natless import design, load
from natless.finding import Blocked, Reachable
from natless.prove import Promises, prove
from natless.spec.read import read

ARN = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
WRITTEN = {"Fn::Sub": ARN.replace("arn:aws:", "arn:${AWS::Partition}:")}
FILE = 'name = "hello"\nregion = "us-east-1"\n[network]\n{}\n[services.web]\nbuild = "."\nport = 8080\n{}\n'
API = '[services.api]\nbuild = "api"\nport = 9000\npath = "/api/*"\n'


def designed(network: str, service: str = "") -> Any:
    return design.write(read(FILE.format(network, service), "natless.toml"))


def resources(network: str, service: str = "") -> dict[str, Any]:
    found: dict[str, Any] = designed(network, service).main["Resources"]
    return found


def test_https_forwards_and_http_redirects_there() -> None:
    found = resources(f'certificate = "{ARN}"', API)
    https, http = found["HttpsListener"]["Properties"], found["HttpListener"]["Properties"]
    assert (https["Port"], https["Protocol"], https["Certificates"]) == (443, "HTTPS", [{"CertificateArn": WRITTEN}])
    assert https["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert https["DefaultActions"] == [{"Type": "forward", "TargetGroupArn": {"Ref": "WebTargetGroup"}}]
    assert http["DefaultActions"] == [
        {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    ]
    assert found["ApiListenerRule"]["Properties"]["ListenerArn"] == {"Ref": "HttpsListener"}
    assert "HttpsListener" in found["WebService"]["DependsOn"]
    assert found["AlbGroupIngressHttps"]["Properties"]["FromPort"] == 443
    assert found["AlbGroupIngressHttp"]["Properties"]["FromPort"] == 80


def test_further_certificates_hang_on_the_listener_by_their_own_id() -> None:
    other = ARN[:-1] + "8"
    one, two = (resources(f'certificate = ["{ARN}", "{other}"{more}]') for more in ("", f', "{ARN[:-1]}9"'))
    kept = [name for name, each in one.items() if each["Type"].endswith("::ListenerCertificate")]
    assert kept == ["Https12345678123412341234123456789018Certificate"]
    assert one[kept[0]] == two[kept[0]]
    assert one[kept[0]]["Properties"]["ListenerArn"] == {"Ref": "HttpsListener"}


def test_the_proof_asks_for_443() -> None:
    made = designed(f'certificate = "{ARN}"')
    values = {each.name: each.value for each in made.parameters}

    def visited(template: Any) -> Any:
        cloud = load.cloudformation(design.text(template), "t", values, "us-east-1", None)
        return {each.need: type(each.outcome) for each in prove(cloud, Promises(private=True)).verdicts}

    assert (visited(made.main)["internet->alb"], visited(made.main)["alb->task"]) == (Reachable, Reachable)
    del made.main["Resources"]["AlbGroupIngressHttps"]
    assert visited(made.main)["internet->alb"] is Blocked


def test_the_url_is_that_of_https() -> None:
    assert designed(f'certificate = "{ARN}"').main["Outputs"]["Url"]["Value"] == {"Fn::Sub": "https://${Alb.DNSName}"}


def test_each_aim_is_a_policy() -> None:
    found = resources("", "count = { min = 1, max = 6, cpu = 60, memory = 70, requests = 1000 }")
    policies = {
        name: each["Properties"]["TargetTrackingScalingPolicyConfiguration"]
        for name, each in found.items()
        if each["Type"] == "AWS::ApplicationAutoScaling::ScalingPolicy"
    }
    metrics = {name: each["PredefinedMetricSpecification"]["PredefinedMetricType"] for name, each in policies.items()}
    # PredefinedMetricSpecification, Application Auto Scaling API reference.
    assert metrics == {
        "WebScalingPolicy": "ECSServiceAverageCPUUtilization",
        "WebMemoryPolicy": "ECSServiceAverageMemoryUtilization",
        "WebRequestsPolicy": "ALBRequestCountPerTarget",
    }
    assert [each["TargetValue"] for each in policies.values()] == [60, 70, 1000]
    label = policies["WebRequestsPolicy"]["PredefinedMetricSpecification"]["ResourceLabel"]
    assert label == {"Fn::Sub": "${Alb.LoadBalancerFullName}/${WebTargetGroup.TargetGroupFullName}"}
    assert "DesiredCount" not in found["WebService"]["Properties"]
