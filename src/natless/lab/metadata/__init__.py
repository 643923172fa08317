"""What a task is told about itself at 169.254.170.2: its role's credentials, and task metadata version 4.

In: tasks with their interface's namespace, the keys of their task role, and the account's ECS. Out: the variables that
ECS puts into containers, and answers to each task about itself alone, on a link that no security group or network ACL
filters, as on AWS.
"""

from natless.lab.metadata.server import Admission, TaskMetadata

__all__ = ["Admission", "TaskMetadata"]
