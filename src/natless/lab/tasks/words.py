"""What ECS says when a task does not start: its own sentences, around the address that was really tried.

Sources: aws/copilot-cli #5927 (registry auth), doctorray117/minecraft-ondemand #74 and #12 (retried calls, log
stream), Releem/releem-agent #195 (Secrets Manager), aws/aws-cdk #12720 and
aws/aws-cli #6470 (environment files), hashicorp/terraform-provider-aws #33044 (Systems Manager),
deepfence/terraform-aws-cloud-scanner #13 (manifest), containerd's `failed to copy: httpReadSeeker` (layers);
ECS developer guide, "stopped task error messages". Read 2026-11.
"""

from __future__ import annotations

from natless.lab.tasks.calls import CallError

_PULL = "ResourceInitializationError: unable to pull secrets or registry auth:"
_CHECK = "Please check your task network configuration."


OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
"""A container's reason, beside exit code 137. ECS developer guide, "Troubleshooting OutOfMemoryError errors"."""


class StartError(Exception):
    """A task did not start. The text is what ECS puts into `stoppedReason`."""


def registry_auth(error: CallError) -> StartError:
    """Word a failed GetAuthorizationToken."""
    if error.connection:
        return StartError(
            f"{_PULL} The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task "
            f"and Amazon ECR. Check your task network configuration. {error}"
        )
    return StartError(
        f"{_PULL} execution resource retrieval failed: unable to retrieve ecr registry auth: "
        f"service call has been retried 1 time(s): {error}"
    )


def secret(identifier: str, error: CallError, retries: int) -> StartError:
    """Word a failed GetSecretValue of a secret's ARN."""
    return StartError(
        f"{_PULL} execution resource retrieval failed: unable to retrieve secret from asm: "
        f"{_retried(error, retries)} failed to fetch secret {identifier} from secrets manager: {_with_hint(error)}"
    )


def secret_key(identifier: str, key: str) -> StartError:
    """Word a secret that has no such JSON key."""
    return StartError(
        f"{_PULL} execution resource retrieval failed: unable to retrieve secret from asm: "
        f"service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key {key}"
        f" (secret {identifier})"
    )


def parameters(error: CallError, retries: int) -> StartError:
    """Word a failed GetParameters."""
    return StartError(
        f"{_PULL} execution resource retrieval failed: unable to retrieve secrets from ssm: "
        f"{_retried(error, retries)} {_with_hint(error)}"
    )


def invalid_parameters(names: list[str]) -> StartError:
    """Word parameters that do not exist."""
    return StartError(
        f"{_PULL} execution resource retrieval failed: unable to retrieve secrets from ssm: "
        f"service call has been retried 1 time(s): invalid parameters: {', '.join(names)}"
    )


def environment_file(error: CallError) -> StartError:
    """Word a file of variables that did not come from S3."""
    problem = "RequestCanceled: request context canceled caused by: context deadline exceeded"
    if not (error.connection and "i/o timeout" in str(error)):
        problem = str(error)
    return StartError(
        "ResourceInitializationError: failed to download env files: file download command: non empty error stream: "
        f"{problem}"
    )


def log_stream(error: CallError) -> StartError:
    """Word a failed CreateLogStream."""
    return StartError(
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
        f"failed to create Cloudwatch log stream: {error} : exit status 1"
    )


def manifest(reference: str, problem: str, tries: int) -> StartError:
    """Word an image manifest that was not got; `problem` is containerd's text, `tries` the retries made."""
    return StartError(
        f"CannotPullContainerError: pull image manifest has been retried {tries} time(s): "
        f"failed to resolve ref {reference}: {problem}"
    )


def layer(problem: str, tries: int) -> StartError:
    """Word a layer or image configuration that was not got."""
    return StartError(f"CannotPullContainerError: ref pull has been retried {tries} time(s): {problem}")


def platform(wanted: str) -> StartError:
    """Word an image index that has nothing for the task's platform."""
    return StartError(
        f"CannotPullContainerError: image Manifest does not contain descriptor matching platform '{wanted}'"
    )


def executable(name: str) -> StartError:
    """Word a command that is not in the image."""
    return StartError(
        "CannotStartContainerError: failed to create shim task: OCI runtime create failed: runc create failed: unable "
        f'to start container process: exec: "{name}": executable file not found in $PATH: unknown'
    )


def role(arn: str) -> StartError:
    """Word a role that ECS may not assume, or that is not there (ECS developer guide, service event messages)."""
    return StartError(
        f"ECS was unable to assume the role '{arn}' that was provided for this task. Please verify that the role being "
        "passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this "
        "role."
    )


def no_execution_role() -> StartError:
    """Word a task that must be fetched for and has no role to do it with (ECS developer guide, task execution role)."""
    return StartError(f"{_PULL} execution resource retrieval failed: the task definition has no execution role")


def container(problem: str) -> StartError:
    """Word any other reason for which a container was not started."""
    return StartError(f"CannotStartContainerError: {problem}")


def _retried(error: CallError, retries: int) -> str:
    return f"service call has been retried {retries if error.connection else 1} time(s):"


def _with_hint(error: CallError) -> str:
    return f"{error}. {_CHECK}" if error.connection else str(error)
