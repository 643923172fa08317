"""Make the queue and the table. They outlive what uses them, so no deployment makes or deletes them.

On AWS: python stores.py. On the lab: env $(natless lab env) python stores.py.
"""

import boto3

sqs, dynamodb = boto3.client("sqs"), boto3.client("dynamodb")
print(sqs.create_queue(QueueName="jobs")["QueueUrl"])
if "jobs-done" not in dynamodb.list_tables()["TableNames"]:
    dynamodb.create_table(
        TableName="jobs-done",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
print("jobs-done")
