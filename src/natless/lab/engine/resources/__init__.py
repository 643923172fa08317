"""How each resource type is made, waited for and deleted: one small function each, by boto3 calls."""
