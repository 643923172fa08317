"""CloudFormation's API: a request in, an answer out."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from natless.lab.engine import query
from natless.lab.engine.changing import CALLER, Changing
from natless.lab.engine.drifting import Drifting
from natless.lab.engine.making_stacks import Workshop
from natless.lab.engine.query import QueryError
from natless.lab.engine.resources.making import Connect
from natless.lab.engine.stacks import Stacks
from natless.lab.engine.telling import Telling
from natless.lab.services import faults
from natless.lab.services.ledger import Timings

Call = Callable[[Mapping[str, Any]], dict[str, Any]]


class CloudFormation:
    """CloudFormation of one account and region, on that account's own APIs."""

    def __init__(
        self,
        connect: Connect,
        region: str,
        account_id: str,
        timings: Timings,
        seed: int | None = None,
        *,
        connect_as: Callable[[str], Connect],
    ) -> None:
        """Start without stacks. `seed` fixes the random order in which independent resources are made.

        `connect_as` gives the clients for what the holder of an access key asks: stacks are made as their caller.
        """
        # Not for secrets: an order, and the ends of names.
        chance = random.Random(seed)  # noqa: S311  # see above
        stacks = Stacks(region, account_id)
        shop = Workshop(connect=connect, connect_as=connect_as, stacks=stacks, timings=timings, chance=chance)
        changing, telling, drifting = Changing(shop), Telling(shop), Drifting(shop)
        self._stacks = shop.stacks
        self._calls: dict[str, Call] = {
            "CreateChangeSet": changing.create_change_set,
            "ExecuteChangeSet": changing.execute_change_set,
            "DeleteChangeSet": changing.delete_change_set,
            "CreateStack": changing.create_stack,
            "UpdateStack": changing.update_stack,
            "CancelUpdateStack": changing.cancel_update_stack,
            "ContinueUpdateRollback": changing.continue_update_rollback,
            "DeleteStack": changing.delete_stack,
            "UpdateTerminationProtection": changing.update_termination_protection,
            "DescribeStacks": telling.describe_stacks,
            "ListStacks": telling.list_stacks,
            "DescribeStackEvents": telling.describe_stack_events,
            "DescribeStackResources": telling.describe_stack_resources,
            "DescribeStackResource": telling.describe_stack_resource,
            "ListStackResources": telling.list_stack_resources,
            "GetTemplate": telling.get_template,
            "GetTemplateSummary": telling.get_template_summary,
            "ValidateTemplate": telling.validate_template,
            "DescribeChangeSet": telling.describe_change_set,
            "ListChangeSets": telling.list_change_sets,
            "ListExports": telling.list_exports,
            "ListImports": telling.list_imports,
            "DetectStackDrift": drifting.detect_stack_drift,
            "DetectStackResourceDrift": drifting.detect_stack_resource_drift,
            "DescribeStackDriftDetectionStatus": drifting.describe_stack_drift_detection_status,
            "DescribeStackResourceDrifts": drifting.describe_stack_resource_drifts,
        }

    def answer(self, body: bytes, query_string: str, key: str) -> tuple[int, list[tuple[str, str]], bytes]:
        """Answer one request of the query protocol, of the holder of `key`: status, headers, body."""
        CALLER.set(key)
        fields = query.form(body, query_string)
        name = fields.get("Action", "")
        try:
            call = query.operation(name)
            asked = query.read(fields, call.input_shape)
            request = str(uuid.uuid4())
            text = query.write(call, self._told(name, asked), request)
        except QueryError as error:
            return faults.fault(400, error.code, str(error), "query")
        return 200, [("Content-Type", "text/xml"), ("x-amzn-RequestId", request)], text

    def _told(self, name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        if name not in self._calls:
            raise QueryError("InvalidAction", f"The lab's CloudFormation does not serve {name}.")
        if name.startswith(("Describe", "List", "Get")):
            with self._stacks.lock:
                return self._calls[name](asked)
        return self._calls[name](asked)
