"""Queues: a long poll waits as SQS's does, and keeps the account from nobody."""

from __future__ import annotations

import threading
from typing import Any


def test_who_waits_for_a_message_gets_it_and_others_are_answered_meanwhile(account: Any) -> None:
    sqs, ec2, other = account.connect("sqs"), account.connect("ec2"), account.connect("sqs")
    queue = sqs.create_queue(QueueName="polled")["QueueUrl"]
    found: list[dict[str, Any]] = []
    waiting = threading.Thread(target=lambda: found.append(other.receive_message(QueueUrl=queue, WaitTimeSeconds=20)))
    before = account.generation()
    waiting.start()
    # Were the account held for the poll's 20 seconds, these could not be answered before it ends.
    for _ in range(3):
        ec2.describe_vpcs()
    assert waiting.is_alive()
    sqs.send_message(QueueUrl=queue, MessageBody="a job")
    waiting.join(timeout=15)
    assert [message["Body"] for message in found[0]["Messages"]] == ["a job"]
    assert account.generation() == before, "messages change no resource"
