"""What the containers of a service may use of AWS: the plain words of access, and the least actions behind each.

The actions and what each is asked on are from the Service Authorization Reference. Which of them make "read" or
"receive" is natless's choice: the calls of that kind in AWS's SDKs, and none that changes or deletes the thing itself.
"""

from __future__ import annotations

import msgspec

from natless.catalog.source import Source


class Grant(msgspec.Struct, frozen=True):
    """Actions and what they are asked on: the thing itself (""), and what lies in it, as endings of its ARN."""

    actions: tuple[str, ...]
    on: tuple[str, ...] = ("",)


class Access(msgspec.Struct, frozen=True):
    """One word of access, and what it grants."""

    word: str
    grants: tuple[Grant, ...]


class Usable(msgspec.Struct, frozen=True):
    """One AWS service that containers use.

    `service` is its endpoint's short name, `thing` what is used of it. `name` and `arn` are the patterns of a name and
    of an ARN (`arn` with the group `region`, where the thing lies in one), `named` the ARN of a name in this account
    and region. `default` are the words that a name without one means.
    """

    service: str
    thing: str
    says: str
    sample: str
    name: str
    arn: str
    named: str
    access: tuple[Access, ...]
    default: tuple[str, ...]
    source: Source

    @property
    def words(self) -> tuple[str, ...]:
        """Give the words of access."""
        return tuple(each.word for each in self.access)

    def grants(self, words: tuple[str, ...]) -> tuple[Grant, ...]:
        """Give what these words grant."""
        return tuple(grant for each in self.access if each.word in words for grant in each.grants)


def _reference(service: str) -> Source:
    return Source(f"Service Authorization Reference, 'Actions, resources, and condition keys for {service}'", "2026-11")


def _arn(service: str, rest: str) -> str:
    return rf"arn:aws[a-z-]*:{service}:(?P<region>[a-z0-9-]+):[0-9]{{12}}:{rest}"


def _here(service: str, rest: str) -> str:
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}"


_QUEUE = r"[A-Za-z0-9_-]{1,80}(\.fifo)?"
_TOPIC = r"[A-Za-z0-9_-]{1,256}(\.fifo)?"
_TABLE = r"[A-Za-z0-9_.-]{3,255}"
_KEY = r"(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_ROLE = r"([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}"
_SECRET = r"[A-Za-z0-9/_+=.@-]{1,512}"  # noqa: S105 - the form of a name
_PARAMETER = r"(/[A-Za-z0-9_.-]+)+|[A-Za-z0-9_.-]+"
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"

USABLE: tuple[Usable, ...] = (
    Usable(
        "dynamodb",
        "table",
        "DynamoDB tables, each with :read or :write, or without a word for both.",
        'dynamodb = ["jobs", "prices:read"]',
        _TABLE,
        _arn("dynamodb", rf"table/{_TABLE}"),
        _here("dynamodb", "table/{name}"),
        (
            Access(
                "read",
                (
                    Grant(("dynamodb:BatchGetItem", "dynamodb:DescribeTable", "dynamodb:GetItem")),
                    Grant(("dynamodb:Query", "dynamodb:Scan"), ("", "/index/*")),
                ),
            ),
            Access(
                "write",
                (
                    Grant(
                        (
                            "dynamodb:BatchWriteItem",
                            "dynamodb:ConditionCheckItem",
                            "dynamodb:DeleteItem",
                            "dynamodb:PutItem",
                            "dynamodb:UpdateItem",
                        )
                    ),
                ),
            ),
        ),
        ("read", "write"),
        _reference("Amazon DynamoDB"),
    ),
    Usable(
        "s3",
        "bucket",
        "S3 buckets, each with :read or :write, or without a word for both.",
        's3 = ["uploads", "templates:read"]',
        _BUCKET,
        rf"arn:aws[a-z-]*:s3:::{_BUCKET}",
        "arn:${AWS::Partition}:s3:::{name}",
        (
            Access("read", (Grant(("s3:ListBucket",)), Grant(("s3:GetObject",), ("/*",)))),
            Access("write", (Grant(("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"), ("/*",)),)),
        ),
        ("read", "write"),
        _reference("Amazon S3"),
    ),
    Usable(
        "sqs",
        "queue",
        "SQS queues, each with :send or :receive, or without a word for both.",
        'sqs = ["jobs:receive", "results:send"]',
        _QUEUE,
        _arn("sqs", _QUEUE),
        _here("sqs", "{name}"),
        (
            Access("send", (Grant(("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage")),)),
            Access(
                "receive",
                (
                    Grant(
                        (
                            "sqs:ChangeMessageVisibility",
                            "sqs:DeleteMessage",
                            "sqs:GetQueueAttributes",
                            "sqs:GetQueueUrl",
                            "sqs:ReceiveMessage",
                        )
                    ),
                ),
            ),
        ),
        ("send", "receive"),
        _reference("Amazon SQS"),
    ),
    Usable(
        "sns",
        "topic",
        "SNS topics to publish to.",
        'sns = ["orders"]',
        _TOPIC,
        _arn("sns", _TOPIC),
        _here("sns", "{name}"),
        (Access("publish", (Grant(("sns:Publish",)),)),),
        ("publish",),
        _reference("Amazon SNS"),
    ),
    Usable(
        "kms",
        "key",
        "KMS keys that the container calls itself, by id, each with :encrypt or :decrypt, or without a word for both.",
        'kms = ["1234abcd-12ab-34cd-56ef-1234567890ab:decrypt"]',
        _KEY,
        _arn("kms", rf"key/{_KEY}"),
        _here("kms", "key/{name}"),
        (
            Access("encrypt", (Grant(("kms:Encrypt", "kms:GenerateDataKey")),)),
            Access("decrypt", (Grant(("kms:Decrypt",)),)),
        ),
        ("encrypt", "decrypt"),
        _reference("AWS Key Management Service"),
    ),
    Usable(
        "secretsmanager",
        "secret",
        "Secrets that the container fetches itself; :write to set new values, :read besides to fetch them too.",
        'secretsmanager = ["prod/db"]',
        _SECRET,
        _arn("secretsmanager", rf"secret:{_SECRET}"),
        # AWS adds a hyphen and six characters of its own (Secrets Manager user guide, 'Determine who has permissions').
        _here("secretsmanager", "secret:{name}-??????"),
        (
            Access("read", (Grant(("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")),)),
            Access("write", (Grant(("secretsmanager:PutSecretValue",)),)),
        ),
        ("read",),
        _reference("AWS Secrets Manager"),
    ),
    Usable(
        "ssm",
        "parameter",
        "SSM parameters that the container fetches itself; :write to set new values, :read besides to fetch them too.",
        'ssm = ["/prod/limits"]',
        _PARAMETER,
        _arn("ssm", r"parameter/[A-Za-z0-9_./-]+"),
        _here("ssm", "parameter/{name}"),
        (
            Access("read", (Grant(("ssm:GetParameter", "ssm:GetParameters")),)),
            Access("write", (Grant(("ssm:PutParameter",)),)),
        ),
        ("read",),
        _reference("AWS Systems Manager"),
    ),
    Usable(
        "sts",
        "role",
        "IAM roles to assume; each must trust this service's task role.",
        'sts = ["reporting"]',
        _ROLE,
        rf"arn:aws[a-z-]*:iam::[0-9]{{12}}:role/{_ROLE}",
        "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/{name}",
        (Access("assume", (Grant(("sts:AssumeRole",)),)),),
        ("assume",),
        _reference("AWS Security Token Service"),
    ),
)


def usable(service: str) -> Usable:
    """Give what is used of a service by its endpoint's short name."""
    return next(each for each in USABLE if each.service == service)
