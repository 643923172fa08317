"""Every option of the format, each in a whole natless.toml: what holds for templates is asked of all of them.

An option that is added to the format is added here (`tests/unit/design/test_least_privilege.py` asks for each key).
"""

from __future__ import annotations

HELLO = """name = "hello"
region = "us-east-1"

[services.web]
build = "."
port = 8080
public = true
health = "/healthz"
"""

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
_EC2 = 'launch = "ec2"\ninstance = "t3.medium"\n'

_USES = """
[services.web.uses]
dynamodb = ["orders", "prices:read"]
s3 = ["uploads", "templates:read"]
sqs = ["jobs:send", "done:receive"]
sns = "news"
kms = "12345678-1234-1234-1234-123456789012"
secretsmanager = "prod/key"
ssm = "/prod/flag"
sts = "reader"
"""

OPTIONS: dict[str, str] = {
    "hello": HELLO,
    "zones by name": f'{HELLO}\n[network]\nzones = ["us-east-1a", "us-east-1c"]\n',
    "cidr, zones": f'{HELLO}\n[network]\ncidr = "10.9.0.0/20"\nzones = 4\n',
    "security_groups": f'{HELLO}\n[network]\nsecurity_groups = "single"\n',
    "egress, ingress": f'{HELLO}\n[network]\negress = "https"\ningress = ["198.51.100.0/24", "8.8.8.0/24"]\n',
    "nat": f"{HELLO}\n[network]\nnat = true\n",
    "launch: spot": f'{HELLO}launch = "fargate-spot"\n',
    "launch: a mix": f"{HELLO}launch = {{ base = 1, fargate = 1, fargate-spot = 3 }}\n",
    "architecture": f'{HELLO}architecture = "arm64"\n',
    "cpu, memory, count": f"{HELLO}cpu = 1024\nmemory = 2048\ncount = {{ min = 2, max = 6, cpu = 60 }}\n",
    "instance": f"{HELLO}{_EC2}",
    "instance, instances": f"{HELLO}{_EC2}instances = {{ min = 1, max = 4 }}\n",
    "network_mode: bridge": f'{HELLO}{_EC2}network_mode = "bridge"\n',
    "network_mode: host": f'{HELLO}{_EC2}network_mode = "host"\n',
    "instance: single group": f'{HELLO}{_EC2}network_mode = "bridge"\n\n[network]\nsecurity_groups = "single"\n',
    "gpu, ami": f'{HELLO}launch = "ec2"\ninstance = "g4dn.xlarge"\ngpu = 1\nami = "ami-0123456789abcdef0"\n',
    "image": HELLO.replace('build = "."', 'image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1.0"'),
    "image: a public one": HELLO.replace('build = "."', 'image = "nginx:1.27"'),
    "environment": f'{HELLO}\n[services.web.environment]\nMODE = "loud"\n',
    "secrets": f'{HELLO}\n[services.web.secrets]\nA = "secretsmanager:prod/db#url"\nB = "ssm:/prod/b"\n',
    "secrets on an instance": f'{HELLO}{_EC2}\n[services.web.secrets]\nA = "secretsmanager:prod/db"\n',
    "exec": f"{HELLO}exec = true\n",
    "exec, uses": f"{HELLO}exec = true\n{_USES}",
    "exec on an instance": f"{HELLO}{_EC2}exec = true\n",
    "exec on an instance's bridge": f'{HELLO}{_EC2}network_mode = "bridge"\nexec = true\n',
    "exec in a single group, with nat": f'{HELLO}exec = true\n\n[network]\nsecurity_groups = "single"\nnat = true\n',
    "uses": f"{HELLO}{_USES}",
    "uses on an instance": f"{HELLO}{_EC2}{_USES}",
    "uses on an instance's bridge": f'{HELLO}{_EC2}network_mode = "bridge"\n{_USES}',
    "uses in a single group": f'{HELLO}{_USES}\n[network]\nsecurity_groups = "single"\n',
    "host, path, a worker": f"""{HELLO}
[services.api]
build = "."
port = 8081
public = true
host = ["api.example.com"]
path = ["/api/*"]

[services.worker]
build = "."
public = false
""",
    "calls": f"""{HELLO}calls = ["api"]

[services.api]
build = "."
port = 8081
public = false
""",
    "calls: both ways, in a single group, on instances": f"""{HELLO}{_EC2}calls = ["api"]

[services.api]
build = "."
port = 8081
public = false
calls = ["web"]

[network]
security_groups = "single"
""",
    "scheme": f'{HELLO}\n[network]\nscheme = "internal"\n',
    "scheme, ingress": f'{HELLO}\n[network]\nscheme = "internal"\ningress = ["192.168.0.0/16"]\n',
    "certificate": f'{HELLO}\n[network]\ncertificate = "{CERTIFICATE}"\n',
    "certificate: two": f'{HELLO}\n[network]\ncertificate = ["{CERTIFICATE}", "{CERTIFICATE[:-1]}8"]\n',
    "count: all aims": f"{HELLO}count = {{ min = 1, max = 6, cpu = 60, memory = 70, requests = 1000 }}\n",
    "flow_logs": f"{HELLO}\n[network]\nflow_logs = true\n",
    "tags, permissions_boundary": f"""permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
{HELLO}
[tags]
team = "shop"
""",
}
