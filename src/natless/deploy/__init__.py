"""EFFECT. Builds and pushes images, makes and follows stacks, on AWS or the lab through the same calls."""

from natless.deploy.calls import Connect, Pace
from natless.deploy.destroy import destroy
from natless.deploy.digests import Push
from natless.deploy.error import DeployError
from natless.deploy.logs import LogLine, logs
from natless.deploy.proving import ProofError
from natless.deploy.release import deploy
from natless.deploy.rollout import Approve
from natless.deploy.status import Status, status

__all__ = [
    "Approve",
    "Connect",
    "DeployError",
    "LogLine",
    "Pace",
    "ProofError",
    "Push",
    "Status",
    "deploy",
    "destroy",
    "logs",
    "status",
]
