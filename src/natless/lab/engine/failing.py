"""A resource's failure in CloudFormation's words."""

from __future__ import annotations

import uuid

import botocore.exceptions

from natless.lab.engine.resources.making import ResourceError
from natless.lab.engine.template import TemplateError

SERVICES = {
    "EC2": "Ec2",
    "ElasticLoadBalancingV2": "ElasticLoadBalancingV2",
    "ECS": "Ecs",
    "ECR": "Ecr",
    "IAM": "Iam",
    "Logs": "CloudWatchLogs",
    "SSM": "Ssm",
}
"""How the resource handlers' SDK names services, by the middle of the resource type."""

PREFIXES = {
    ("AWS::ECS::Service", "CreateService"): "Invalid request provided: CreateService error: ",
    ("AWS::ECS::Service", "UpdateService"): "Invalid request provided: UpdateService error: ",
    ("AWS::ECS::TaskDefinition", "RegisterTaskDefinition"): "Invalid request provided: Create TaskDefinition: ",
}
"""What these handlers put before ECS's own message (aws/copilot-cli and tryretool/retool-onpremise threads)."""


def reason(error: Exception, kind: str, logical_id: str) -> str:
    """Give the ResourceStatusReason of an error met with a resource of type `kind`."""
    match error:
        case botocore.exceptions.ClientError():
            return _of_service(error, kind)
        case ResourceError():
            return _framed(str(error), error.code)
        case botocore.exceptions.ParamValidationError():
            said = str(error).replace("\n", " ")
            return f"Properties validation failed for resource {logical_id} with message:\n#: {said}"
        case TemplateError():
            return str(error)
        case _:
            return _framed(f"The lab tripped over {logical_id}: {type(error).__name__}: {error}", "InternalFailure")


def _of_service(error: botocore.exceptions.ClientError, kind: str) -> str:
    said = error.response.get("Error", {})
    metadata = error.response.get("ResponseMetadata", {})
    code, message = said.get("Code", ""), said.get("Message", "")
    middle = kind.split("::")[1]
    where = (
        f"(Service: {SERVICES.get(middle, middle)}, Status Code: {metadata.get('HTTPStatusCode', 400)}, "
        f"Request ID: {metadata.get('RequestId', '')})"
    )
    return _framed(f"{PREFIXES.get((kind, error.operation_name), '')}{message} {where}", _handler_code(code))


def _framed(message: str, code: str) -> str:
    return f'Resource handler returned message: "{message}" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})'


def _handler_code(code: str) -> str:
    """Give the handler's code for a service's. https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html."""
    if "AlreadyExists" in code or code.startswith("Duplicate"):
        return "AlreadyExists"
    if "NotFound" in code or "NoSuch" in code:
        return "NotFound"
    if "AccessDenied" in code or "Unauthorized" in code:
        return "AccessDenied"
    if "LimitExceeded" in code:
        return "ServiceLimitExceeded"
    return "InvalidRequest"


def dependency(error: Exception) -> bool:
    """Say whether a deletion was refused because something still depends on the thing: it is tried again."""
    if not isinstance(error, botocore.exceptions.ClientError):
        return False
    code = error.response.get("Error", {}).get("Code", "")
    return code in {
        "DependencyViolation",
        "ResourceInUse",
        "ClusterContainsServicesException",
        "ClusterContainsTasksException",
    }
