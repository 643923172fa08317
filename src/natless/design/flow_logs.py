"""VPC flow logs: who sent what to whom, accepted and rejected, to a log group of their own."""

from __future__ import annotations

from natless.design import names
from natless.design.piece import Piece, attribute, name_tag, ref, resource, sub
from natless.spec.model import Network

RETENTION_DAYS = 30
_CAUSES = ("network.flow_logs", "network", "name")
# "IAM role for publishing flow logs to CloudWatch Logs", Amazon VPC user guide, without CreateLogGroup: the group
# stands, and is kept when the stack goes.
_ACTIONS = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
_ANYWHERE = ("logs:DescribeLogGroups",)
"""It knows no resource, and is denied on the group's (`catalog.resourceless`)."""


def flow_logs(spec: Network) -> list[Piece]:
    """Give the flow log with its group and role; nothing where none is asked for."""
    return [_group(), _role(), _flow_log()] if spec.flow_logs else []


def _group() -> Piece:
    return resource(
        names.FLOW_LOGS_GROUP, "AWS::Logs::LogGroup", {"RetentionInDays": RETENTION_DAYS}, causes=_CAUSES, kept=True
    )


def _role() -> Piece:
    here = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}"
    group = sub(f"{here}:log-group:${{{names.FLOW_LOGS_GROUP}}}:*")
    statements = [
        {"Effect": "Allow", "Action": list(_ANYWHERE), "Resource": "*"},
        {"Effect": "Allow", "Action": list(_ACTIONS), "Resource": [group]},
    ]
    # As the guide has it: no flow log of another account, or of another kind, may make the service use this role.
    source = sub("arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:vpc-flow-log/*")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")},
            "ArnLike": {"aws:SourceArn": source},
        },
    }
    return resource(
        names.FLOW_LOGS_ROLE,
        "AWS::IAM::Role",
        {
            "Description": "Lets the VPC's flow logs be written",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [
                {
                    "PolicyName": "write-flow-logs",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
                }
            ],
        },
        causes=_CAUSES,
    )


def _flow_log() -> Piece:
    return resource(
        names.FLOW_LOGS,
        "AWS::EC2::FlowLog",
        {
            "ResourceType": "VPC",
            "ResourceId": ref(names.VPC),
            "TrafficType": "ALL",
            "LogDestinationType": "cloud-watch-logs",
            "LogGroupName": ref(names.FLOW_LOGS_GROUP),
            "DeliverLogsPermissionArn": attribute(names.FLOW_LOGS_ROLE, "Arn"),
            "Tags": name_tag("flow logs"),
        },
        causes=_CAUSES,
    )
