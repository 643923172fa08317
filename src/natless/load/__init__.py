"""VERB. Templates and describe JSON in; Cloud and its gaps out. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from natless.load.cloudformation.read import cloudformation
from natless.load.describe import describe
from natless.load.error import LoadError

if TYPE_CHECKING:
    from natless.cloud import Cloud

__all__ = ["LoadError", "cloudformation", "describe", "stacks"]


def stacks(texts: Mapping[str, str], parameters: Mapping[str, str], region: str | None, account: str | None) -> Cloud:
    """Read the templates of several stacks that are deployed together into one Cloud.

    They are deployed in the order given, but for what one imports from another. What cannot be told (who exports a
    name, a stack's own name) is a gap as in one template.

    Args:
        texts: the templates, by the files as the person named them.
        parameters: as for one template, each for every stack that has it. `STEM.Name`, or several with commas, is an
            output or a resource of the stack whose file is called so; `STEM/AWS::StackName` is a stack's name.
        region: as for one template.
        account: as for one template.

    Raises:
        LoadError: with every problem of every template.
    """
    from natless.load.cloudformation import several  # noqa: PLC0415 - one template needs none of it

    return several.stacks(texts, parameters, region, account)
