"""VERB. Spec in; template, parameter values and places out. No I/O.

One file a part of the architecture, each a few pure functions that give pieces of a template in CloudFormation's own
shape; `write` puts them together.
"""

from natless.design.design import (
    Design,
    ImageDigest,
    InstanceImage,
    Lookup,
    Parameter,
    PrefixListId,
    SecretArn,
    Template,
    compact,
    text,
)
from natless.design.marks import stack_tags
from natless.design.names import images_stack, repository_name
from natless.design.write import write

__all__ = [
    "Design",
    "ImageDigest",
    "InstanceImage",
    "Lookup",
    "Parameter",
    "PrefixListId",
    "SecretArn",
    "Template",
    "compact",
    "images_stack",
    "repository_name",
    "stack_tags",
    "text",
    "write",
]
