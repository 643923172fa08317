"""The account's EC2: moto's with its repairs, and the prefix lists of the catalog."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2 import models, urls
from moto.ec2.responses.vpcs import VPCs

from natless.catalog.prefix_lists import s3_prefix_list
from natless.catalog.source import Source
from natless.lab.services.ec2_groups import keep_rule_descriptions
from natless.lab.services.ec2_instances import InstancesEc2, spread_over_subnets
from natless.lab.services.ec2_network import tell_route_states
from natless.lab.services.ec2_offers import OffersEc2

S3_RANGES = ("52.216.0.0/15", "3.5.0.0/19", "54.231.0.0/16")
S3_RANGES_SOURCE = Source(
    document="https://ip-ranges.amazonaws.com/ip-ranges.json (us-east-1; the lab uses them in every region)",
    read="2026-11",
)


class LabEc2(OffersEc2, InstancesEc2):
    """moto's EC2, repaired."""

    @property
    def _url_module(self) -> Any:
        """Moto finds a service's paths beside the class's own module; they are moto's."""
        return urls

    def create_default_pls(self) -> None:
        """Make AWS's managed prefix lists: S3's under the id it has in this region."""
        super().create_default_pls()
        wanted = s3_prefix_list(self.region_name)
        for listed in list(self.managed_prefix_lists.values()):
            if listed.prefix_list_name == f"com.amazonaws.{self.region_name}.s3":
                listed.entries = {1: [{"Cidr": cidr, "Description": ""} for cidr in S3_RANGES]}
                if wanted:
                    self.managed_prefix_lists.pop(listed.id)
                    listed.id = wanted
                    listed.prefix_list_arn = listed.arn(self.region_name, listed.owner_id)
                    self.managed_prefix_lists[wanted] = listed


def _modify_vpc_endpoint(self: Any) -> ActionResult:
    """ModifyVpcEndpoint with all of its parameters; moto drops PrivateDnsEnabled and ResetPolicy."""
    self.ec2_backend.modify_endpoint(self._get_param("VpcEndpointId"), dict(self._get_params()))
    return ActionResult({"Return": True})


def _describe_prefix_lists(self: Any) -> ActionResult:
    """DescribePrefixLists with each list's CIDRs, which moto leaves out."""
    found = self.ec2_backend.describe_managed_prefix_lists(
        prefix_list_ids=self._get_param("PrefixListIds", []), filters=self._filters_from_querystring()
    )
    lists = [
        {
            "PrefixListId": each.id,
            "PrefixListName": each.prefix_list_name,
            "Cidrs": [entry["Cidr"] for entry in list(each.entries.values())[-1]],
        }
        for each in found
        if each.prefix_list_name.startswith("com.amazonaws.")
    ]
    return ActionResult({"PrefixLists": lists})


def repair() -> None:
    """Put the repaired EC2 in the place of moto's; before the first use of EC2 in this process."""
    keep_rule_descriptions()
    tell_route_states()
    spread_over_subnets()
    VPCs.modify_vpc_endpoint = _modify_vpc_endpoint  # type: ignore[method-assign]  # moto dispatches by this name
    VPCs.describe_prefix_lists = _describe_prefix_lists  # type: ignore[method-assign]  # moto dispatches by this name
    models.ec2_backends.backend = LabEc2
