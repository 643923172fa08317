"""An account that answers as it is told to; every answer is held against the service's own model, as AWS ships it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

REGION = "eu-west-1"
CALLER = "arn:aws:sts::123456789012:assumed-role/deploy/ci"

ROOM: dict[str, Any] = {
    "sts.get_caller_identity": {"Account": "123456789012", "Arn": CALLER, "UserId": "AROA:ci"},
    "cloudformation.describe_stacks": {"error": ["ValidationError", "Stack with id hello does not exist"]},
    "iam.get_role": {
        "Role": {
            "Path": "/",
            "RoleName": "deploy",
            "RoleId": "AROAAAAAAAAAAAAAAAAAA",
            "Arn": "arn:aws:iam::123456789012:role/deploy",
            "CreateDate": 0,
        }
    },
    "iam.simulate_principal_policy": {"EvaluationResults": []},
    "guardduty.list_detectors": {"DetectorIds": []},
    "service-quotas.get_service_quota": {"Quota": {"Value": 5.0}},
    "elbv2.describe_account_limits": {"Limits": [{"Name": "application-load-balancers", "Max": "50"}]},
    "elbv2.describe_load_balancers": {"LoadBalancers": []},
    "ec2.describe_addresses": {"Addresses": []},
    "ec2.describe_vpcs": {"Vpcs": []},
    "ec2.describe_internet_gateways": {"InternetGateways": []},
    "ec2.describe_vpc_endpoints": {"VpcEndpoints": []},
    "ec2.describe_subnets": {"Subnets": []},
    "ec2.describe_availability_zones": {
        "AvailabilityZones": [{"ZoneName": f"{REGION}{letter}"} for letter in "cab"],
    },
    "ec2.describe_vpc_endpoint_services": {
        "ServiceDetails": [
            {
                "ServiceName": f"com.amazonaws.{REGION}.{name}",
                "ServiceType": [{"ServiceType": "Interface"}],
                "AvailabilityZones": [f"{REGION}{letter}" for letter in "ab"],
            }
            for name in ("ecr.api", "ecr.dkr", "logs")
        ]
    },
}
"""An account in which everything may be made."""


class Answers:
    """Gives clients (`Connect`) that answer by `service.operation`, or more particularly `service.operation/VALUE`.

    VALUE is that of any argument. `{"error": [code, message]}` is a refusal. `asked` is what was asked, in order.
    """

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = {**ROOM, **answers}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, service: str) -> _Client:
        return _Client(self, service)

    def answer(self, client: Any, service: str, operation: str, arguments: dict[str, Any]) -> Any:
        self.asked.append((f"{service}.{operation}", arguments))
        named = [f"{service}.{operation}/{value}" for value in arguments.values() if isinstance(value, str)]
        found = next((self._answers[key] for key in (*named, f"{service}.{operation}") if key in self._answers), None)
        assert found is not None, f"nobody said what {service}.{operation} answers to {arguments}"
        name = client.meta.method_to_api_mapping[operation]
        if "error" in found:
            code, message = found["error"]
            raise ClientError({"Error": {"Code": code, "Message": message}}, name)
        model = client.meta.service_model.operation_model(name)
        for values, shape in ((arguments, model.input_shape), (found, model.output_shape)):
            report = ParamValidator().validate(values, shape)
            assert not report.has_errors(), report.generate_report()
        return found


@functools.cache
def _real(service: str) -> Any:
    """Give boto3's own client, which knows the service's model; making one takes a while."""
    make: Callable[..., Any] = boto3.Session(
        aws_access_key_id="A",
        aws_secret_access_key="B",  # noqa: S106 - nobody's
        region_name=REGION,
    ).client
    return make(service)


class _Client:
    def __init__(self, answers: Answers, service: str) -> None:
        self._answers, self._service, self._real = answers, service, _real(service)
        self.meta = self._real.meta

    def can_paginate(self, _operation: str) -> bool:
        return False

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **arguments: self._answers.answer(self._real, self._service, operation, arguments)
