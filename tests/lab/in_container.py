"""What the task of scenario_access runs: boto3 with nothing but what ECS gives a container; prints JSON by line."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT, REGION = "123456789012", os.environ["AWS_REGION"]
QUEUES = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:news"
OWN = os.environ["ECS_CONTAINER_METADATA_URI_V4"].removeprefix("http://169.254.170.2")
KEY = "a b/\u00fc+1"


def client(service: str) -> Any:
    make: Any = boto3.client
    return make(service, config=Config(connect_timeout=5, read_timeout=240, retries={"total_max_attempts": 1}))


def say(name: str, call: Callable[..., Any], pick: Callable[[Any], Any] = bool, **asked: Any) -> None:
    try:
        said = pick(call(**asked))
    except ClientError as error:
        said = [error.response["Error"]["Code"], error.response["Error"]["Message"]]
    except Exception as error:  # noqa: BLE001 - told to the test, which fails with it
        said = f"{type(error).__name__}: {error}"
    sys.stdout.write(json.dumps({name: said}) + "\n")


def fetch(path: str) -> Any:
    try:
        with urllib.request.urlopen(f"http://169.254.170.2{path}", timeout=240) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return [error.code, json.load(error)]


def stores() -> None:
    s3, sqs, table = client("s3"), client("sqs"), client("dynamodb")
    say("put", s3.put_object, Bucket="orders-mine", Key=KEY, Body=b"x" * 100_000)
    say("get", s3.get_object, lambda answer: len(answer["Body"].read()), Bucket="orders-mine", Key=KEY)
    say("list", s3.list_objects_v2, lambda answer: answer["Contents"][0]["Key"] == KEY, Bucket="orders-mine")
    say("other bucket", s3.get_object, Bucket="orders-others", Key="a")
    say("send", sqs.send_message, QueueUrl=f"{QUEUES}/jobs", MessageBody="x")
    say("send elsewhere", sqs.send_message, QueueUrl=f"{QUEUES}/others", MessageBody="x")
    say("receive", sqs.receive_message, QueueUrl=f"{QUEUES}/jobs")
    say("item", table.put_item, TableName="orders", Item={"id": {"S": "1"}})
    say("back", table.get_item, lambda answer: answer["Item"], TableName="orders", Key={"id": {"S": "1"}})
    say("delete", table.delete_table, TableName="orders")


def services() -> None:
    say("who", client("sts").get_caller_identity, lambda answer: answer["Arn"])
    say("secret", client("secretsmanager").get_secret_value, lambda answer: answer["SecretString"], SecretId="prod/db")
    say("parameter", client("ssm").get_parameter, lambda answer: answer["Parameter"]["Value"], Name="/prod/x")
    say("publish", client("sns").publish, TopicArn=TOPIC, Message="x")
    say("keys", client("kms").list_keys)
    say("tasks", client("ecs").list_tasks, lambda answer: answer["taskArns"], cluster="lab")
    say("groups", client("logs").describe_log_groups)
    say("no endpoint", client("events").list_rules)


def itself() -> None:
    say("container", lambda: fetch(OWN), dict)
    say("task", lambda: fetch(f"{OWN}/task"), dict)
    say("another's credentials", lambda: fetch("/v2/credentials/0ff5a2ac-0000-4000-8000-000000000000"), list)
    say("another's container", lambda: fetch("/v4/0123456789abcdef-1"), list)
    # The names alone: no value of a credential may get into a log.
    say("given", lambda: sorted(name for name in os.environ if name.startswith(("AWS_", "ECS_"))), list)


if __name__ == "__main__":
    for part in (stores, services, itself):
        part()
    say("done", lambda: True)
    time.sleep(3600)
