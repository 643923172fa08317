"""`[services.NAME.uses]`: names and ARNs with a word of access, and what is neither."""

from __future__ import annotations

import pytest

from natless.spec.model import Use
from natless.spec.read import SpecError, read

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
QUEUE_ARN = "arn:aws:sqs:us-east-1:111122223333:jobs"


def text(lines: str, region: str = 'region = "us-east-1"\n') -> str:
    return f'name = "hello"\n{region}[services.worker]\nbuild = "."\npublic = false\n[services.worker.uses]\n{lines}\n'


def uses(lines: str) -> tuple[Use, ...]:
    [service] = read(text(lines), "natless.toml").services
    return service.uses


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('sqs = "jobs"', [Use("sqs", "jobs", ("send", "receive"))]),
        ('sqs = ["jobs.fifo:receive"]', [Use("sqs", "jobs.fifo", ("receive",))]),
        ('sqs = "read"', [Use("sqs", "read", ("send", "receive"))]),
        (f'sqs = "{QUEUE_ARN}"', [Use("sqs", QUEUE_ARN, ("send", "receive"))]),
        (f'sqs = "{QUEUE_ARN}:send"', [Use("sqs", QUEUE_ARN, ("send",))]),
        # The last part of an ARN is a name, though it is one of the words.
        (
            'sns = "arn:aws:sns:us-east-1:111122223333:publish"',
            [Use("sns", "arn:aws:sns:us-east-1:111122223333:publish", ("publish",))],
        ),
        ('ssm = "/prod/limits"', [Use("ssm", "/prod/limits", ("read",))]),
        ('secretsmanager = "prod/db:write"', [Use("secretsmanager", "prod/db", ("write",))]),
        (f'kms = "{KEY}:decrypt"', [Use("kms", KEY, ("decrypt",))]),
        ('sts = "team/reporting"', [Use("sts", "team/reporting", ("assume",))]),
        (
            'dynamodb = ["a.b", "orders:read"]\ns3 = "uploads"',
            [
                Use("dynamodb", "a.b", ("read", "write")),
                Use("dynamodb", "orders", ("read",)),
                Use("s3", "uploads", ("read", "write")),
            ],
        ),
    ],
)
def test_a_name_or_an_arn_with_or_without_a_word(line: str, expected: list[Use]) -> None:
    assert list(uses(line)) == expected


def problem(lines: str) -> tuple[int | None, str, str, str]:
    with pytest.raises(SpecError) as caught:
        read(text(lines), "natless.toml")
    [found] = caught.value.findings
    return found.origin.line, found.name, found.message, found.fix.text if found.fix else ""


@pytest.mark.parametrize(
    ("line", "said", "instead"),
    [
        ('sqs = "jobs:recieve"', "the word after the queue is :send or :receive", 'sqs = "jobs:receive"'),
        ('sqs = "https://sqs.us-east-1.amazonaws.com/1/jobs"', "by its name", 'sqs = ["jobs:receive", "results:send"]'),
        ('kms = "alias/app"', "not by an alias", f'kms = ["{KEY}:decrypt"]'),
        ('s3 = "Uploads"', "neither the name nor the ARN of a bucket", 's3 = ["uploads", "templates:read"]'),
        ("sns = []", "sns is empty", 'sns = ["orders"]'),
        ('sns = ["a", "a"]', "the same text twice", 'sns = ["orders"]'),
        (
            'dynamodb = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"',
            "it lies in eu-west-1, and no VPC endpoint in us-east-1 reaches there",
            'dynamodb = ["jobs", "prices:read"]',
        ),
        ('s3 = "arn:aws-cn:s3:::uploads"', "its partition is aws-cn", 's3 = ["uploads", "templates:read"]'),
    ],
)
def test_what_names_nothing(line: str, said: str, instead: str) -> None:
    where, name, message, fix = problem(line)
    assert (where, name, fix) == (7, "use-invalid", instead)
    assert said in message


def test_each_of_a_list_has_its_own_line() -> None:
    assert problem('sqs = [\n  "jobs",\n  "a b",\n]')[0] == 9


def test_an_aws_service_that_is_none_of_these() -> None:
    where, name, message, _ = problem('dynamo = "orders"')
    assert (where, name) == (7, "key-unknown")
    assert "did you mean dynamodb?" in message


def test_without_a_region_an_arn_of_any_is_taken() -> None:
    assert read(text(f'sqs = "{QUEUE_ARN}"', region=""), "natless.toml").services[0].uses
