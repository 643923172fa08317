"""natless's own CloudFormation: change sets, dependency order, events, rollback, outputs, deletion in reverse order.

It works on the account as everyone does, by boto3 calls; what it knows of resource types comes from AWS's registry
schemas, which cfn-lint ships.
"""
