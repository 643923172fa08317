"""Who may do what, as an SDK sees it: sessions of roles, and policies of every kind.

Expected: IAM user guide, "Policy evaluation logic", "Permissions boundaries for IAM entities", "Session policies" and
"Troubleshoot access denied error messages"; KMS developer guide, "Key policies"; STS API reference, AssumeRole.
"""

from __future__ import annotations

import json
from typing import Any

REGION, ACCOUNT = "ap-northeast-2", "123456789012"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
TRUSTED = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/administrator"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def test_callers_are_themselves(account: Any, roles: Any) -> None:
    roles.make("itself")
    who = roles.client(roles.session("itself"), "sts").get_caller_identity()
    assert (who["Account"], who["Arn"]) == (ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/itself/s1")
    assert who["UserId"].startswith("AROA")
    assert who["UserId"].endswith(":s1")
    assert account.connect("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/administrator"


def test_a_session_is_its_keys_and_its_token(roles: Any, refusal: Any) -> None:
    roles.make("keyed", allow("sqs:*"))
    keys = roles.session("keyed")
    assert keys["AccessKeyId"].startswith("ASIA")
    ask = {"QueueName": "keyed"}
    roles.client(keys, "sqs").create_queue(**ask)
    forged = roles.client({**keys, "SecretAccessKey": "another"}, "sqs")
    assert refusal(forged.create_queue, **ask)[0] == "InvalidSignatureException"
    for token in ("", "another"):
        bare = roles.client({**keys, "SessionToken": token}, "sqs")
        assert refusal(bare.create_queue, **ask)[0] == "UnrecognizedClientException"
    presigned = roles.client(keys, "s3")
    assert "X-Amz-Security-Token" in presigned.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})


def test_what_a_role_may_do_changes_at_once(roles: Any, refusal: Any) -> None:
    roles.make("changing")
    sqs = roles.client(roles.session("changing"), "sqs")
    refusal(sqs.create_queue, QueueName="changing")
    roles.allow("changing", allow("sqs:CreateQueue", f"arn:aws:sqs:{REGION}:{ACCOUNT}:changing"))
    sqs.create_queue(QueueName="changing")
    assert "sqs:createqueue" in refusal(sqs.create_queue, QueueName="another")[1]
    roles.iam.delete_role_policy(RoleName="changing", PolicyName="own")
    refusal(sqs.create_queue, QueueName="changing")
    roles.iam.attach_role_policy(RoleName="changing", PolicyArn="arn:aws:iam::aws:policy/AmazonSQSFullAccess")
    sqs.create_queue(QueueName="changing")


def test_a_boundary_and_a_session_policy_limit(roles: Any, refusal: Any) -> None:
    made = roles.iam.create_policy(PolicyName="limit", PolicyDocument=document(allow("sns:*")))["Policy"]["Arn"]
    roles.make("bounded", allow("*"), PermissionsBoundary=made)
    sqs = roles.client(roles.session("bounded"), "sqs")
    assert refusal(sqs.list_queues)[1].endswith("because no permissions boundary allows the sqs:listqueues action")
    roles.make("limited", allow("*"))
    narrowed = roles.client(roles.session("limited", Policy=document(allow("sns:*"))), "sqs")
    assert refusal(narrowed.list_queues)[1].endswith("because no session policy allows the sqs:listqueues action")


def test_policies_on_resources(account: Any, roles: Any, refusal: Any) -> None:
    roles.make("reader", allow("s3:*"))
    s3, own = account.connect("s3"), roles.client(roles.session("reader"), "s3")
    s3.create_bucket(Bucket="shared-orders", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="shared-orders", Key="a", Body=b"x")
    assert own.get_object(Bucket="shared-orders", Key="a")["Body"].read() == b"x"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::shared-orders/*"}
    unless = {"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}
    s3.put_bucket_policy(Bucket="shared-orders", Policy=document({**deny, **unless}))
    said = refusal(own.get_object, Bucket="shared-orders", Key="a")[1]
    assert said.endswith("with an explicit deny in a resource-based policy")
    secrets = account.connect("secretsmanager")
    secret = secrets.create_secret(Name="shared", SecretString="x")["ARN"]
    roles.make("given")
    given = roles.client(roles.session("given"), "secretsmanager")
    assert secret in refusal(given.get_secret_value, SecretId="shared")[1], "by its name, its ARN is told"
    grant = allow("secretsmanager:GetSecretValue", Principal={"AWS": f"{ROLE}/given"})
    secrets.put_resource_policy(SecretId=secret, ResourcePolicy=document(grant))
    assert given.get_secret_value(SecretId="shared")["SecretString"] == "x"


def test_a_key_needs_its_own_policy_and_the_accounts(account: Any, roles: Any, refusal: Any) -> None:
    kms = account.connect("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/orders", TargetKeyId=key)
    sealed = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    roles.make("opener", allow("kms:Decrypt", key))
    own = roles.client(roles.session("opener"), "kms")
    assert own.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"
    assert key in refusal(own.encrypt, KeyId="alias/orders", Plaintext=b"x")[1]
    alone = allow("kms:*", Principal=TRUSTED)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(alone))
    said = refusal(own.decrypt, CiphertextBlob=sealed)[1]
    assert said.endswith("because no resource-based policy allows the kms:Decrypt action")


def test_an_endpoints_policy_meets_everyone_and_can_be_reset(account: Any, roles: Any, refusal: Any) -> None:
    ec2 = account.connect("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.0.0/24")["Subnet"]["SubnetId"]
    name = f"com.amazonaws.{REGION}.sqs"
    asked = {"VpcId": vpc, "VpcEndpointType": "Interface", "SubnetIds": [subnet], "PrivateDnsEnabled": False}
    endpoint = ec2.create_vpc_endpoint(ServiceName=name, **asked)["VpcEndpoint"]["VpcEndpointId"]
    roles.make("behind", allow("sqs:*"))
    sqs = roles.client(roles.session("behind"), "sqs", endpoint)
    sqs.create_queue(QueueName="behind")

    def limit(*statements: dict[str, Any]) -> None:
        ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=document(*statements))

    limit(allow("sqs:SendMessage", Principal="*"))
    said = refusal(sqs.create_queue, QueueName="behind")[1]
    assert said.endswith(":behind because no VPC endpoint policy allows the sqs:createqueue action")
    sqs.send_message(QueueUrl=f"{QUEUE}/behind", MessageBody="x")
    limit(allow("*", Principal="*"), {"Effect": "Deny", "Principal": "*", "Action": "sqs:Create*", "Resource": "*"})
    assert refusal(sqs.create_queue, QueueName="behind")[1].endswith("with an explicit deny in a VPC endpoint policy")
    limit(allow("*", Principal="*", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1", "aws:SourceVpce": endpoint}}))
    sqs.create_queue(QueueName="behind")
    limit(allow("*", Principal={"AWS": f"{ROLE}/another"}))
    refusal(sqs.create_queue, QueueName="behind")
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, ResetPolicy=True)
    sqs.create_queue(QueueName="behind")
    assert refusal(ec2.modify_vpc_endpoint, VpcEndpointId=endpoint, PolicyDocument="{}")[0] == "InvalidPolicyDocument"


def test_who_trusts_whom(account: Any, roles: Any, refusal: Any) -> None:
    sts = account.connect("sts")
    roles.make("for-tasks", trust={"Service": "ecs-tasks.amazonaws.com"})
    code, said = refusal(sts.assume_role, RoleArn=f"{ROLE}/for-tasks", RoleSessionName="s1")
    assert (code, said.rpartition(" because ")[2]) == (
        "AccessDenied",
        "no role trust policy allows the sts:AssumeRole action",
    )
    roles.make("chained", trust={"AWS": ACCOUNT})
    roles.make("caller")
    chained = roles.client(roles.session("caller"), "sts")
    asked = {"RoleArn": f"{ROLE}/chained", "RoleSessionName": "s2"}
    assert "no identity-based policy" in refusal(chained.assume_role, **asked)[1]
    roles.allow("caller", allow("sts:AssumeRole", f"{ROLE}/chained"))
    keys = chained.assume_role(**asked)["Credentials"]
    assert roles.client(keys, "sts").get_caller_identity()["Arn"].endswith(":assumed-role/chained/s2")
    assert refusal(chained.assume_role, **asked, DurationSeconds=7200)[0] == "ValidationError"


def test_a_role_handed_to_ecs_has_to_be_passed(roles: Any, refusal: Any) -> None:
    roles.make("registrar", allow("ecs:RegisterTaskDefinition"))
    ecs = roles.client(roles.session("registrar"), "ecs")
    container = {"name": "web", "image": "web", "essential": True, "memory": 64}
    asked = {"family": "passed", "containerDefinitions": [container], "taskRoleArn": f"{ROLE}/any"}
    assert f"iam:PassRole on resource: {ROLE}/any" in refusal(ecs.register_task_definition, **asked)[1]
    only = {"Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}}
    roles.allow("registrar", allow("ecs:*"), allow("iam:PassRole", f"{ROLE}/any", **only))
    ecs.register_task_definition(**asked)
    roles.make("runner", allow("ecs:RunTask"))
    run = roles.client(roles.session("runner"), "ecs").run_task
    assert f"iam:PassRole on resource: {ROLE}/any" in refusal(run, cluster="none", taskDefinition="passed")[1]
    roles.allow("runner", allow("ecs:RunTask"), allow("iam:PassRole", f"{ROLE}/any", **only))
    assert refusal(run, cluster="none", taskDefinition="passed")[0] == "ClusterNotFoundException"


def test_users_have_keys_and_policies_too(account: Any, roles: Any, refusal: Any) -> None:
    roles.iam.create_user(UserName="ann")
    made = roles.iam.create_access_key(UserName="ann")["AccessKey"]
    sqs = roles.client({**made, "SessionToken": None}, "sqs")
    assert refusal(sqs.list_queues)[1].startswith(f"User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized")
    roles.iam.create_group(GroupName="readers")
    own = document(allow("sqs:List*", Condition={"StringEquals": {"aws:username": "ann"}}))
    roles.iam.put_group_policy(GroupName="readers", PolicyName="own", PolicyDocument=own)
    roles.iam.add_user_to_group(GroupName="readers", UserName="ann")
    sqs.list_queues()
    assert account.connect("sqs").list_queues() is not None
