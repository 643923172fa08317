"""Both parts of the example: PART=web takes jobs and shows what came of them, PART=worker does them.

A job is a text, and doing it is counting its words.
"""

import html
import http.server
import json
import os
import urllib.parse
import uuid

import boto3

QUEUE, TABLE = os.environ["QUEUE"], os.environ["TABLE"]
PAGE = """<!doctype html>
<title>jobs</title>
<h1>Words, counted elsewhere</h1>
<form method="post"><input name="text" autofocus required> <button>Count</button></form>
<table>{rows}</table>
"""


class Page(http.server.BaseHTTPRequestHandler):
    """The form, and the table of what is done."""

    def do_GET(self) -> None:
        if self.path == "/healthz":
            # A load balancer asks whether the page can be served, not whether a queue somewhere can.
            self._answer("ok\n", "text/plain")
            return
        done = boto3.client("dynamodb").scan(TableName=TABLE)["Items"]
        rows = "".join(f"<tr><td>{html.escape(job['text']['S'])}<td>{job['words']['N']}" for job in done)
        self._answer(PAGE.format(rows=rows), "text/html")

    def do_POST(self) -> None:
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        sqs = boto3.client("sqs")
        job = {"id": str(uuid.uuid4()), "text": form.get("text", [""])[0]}
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"], MessageBody=json.dumps(job))
        print(f"sent {job['id']}")
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def work() -> None:
    """Take one job after the other. One that fails stays in the queue, and comes again."""
    sqs, dynamodb = boto3.client("sqs"), boto3.client("dynamodb")
    queue = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    print(f"working on {QUEUE}")
    while True:
        for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20).get("Messages", []):
            job = json.loads(message["Body"])
            words = str(len(job["text"].split()))
            item = {"id": {"S": job["id"]}, "text": {"S": job["text"]}, "words": {"N": words}}
            dynamodb.put_item(TableName=TABLE, Item=item)
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            print(f"done {job['id']}")


if os.environ["PART"] == "worker":
    work()
else:
    http.server.ThreadingHTTPServer(("", 8080), Page).serve_forever()
