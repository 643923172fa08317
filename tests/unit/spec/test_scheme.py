"""`scheme` and `flow_logs` of `[network]`."""

from __future__ import annotations

import pytest

from natless.spec.read import SpecError, read

FILE = 'name = "hello"\n[network]\n{}\n[services.web]\nbuild = "."\nport = 8080\n'


def test_what_may_reach_an_internal_load_balancer_is_the_vpc_unless_blocks_are_named() -> None:
    def ingress(lines: str) -> tuple[str, ...]:
        return read(FILE.format(lines), "natless.toml").network.ingress

    assert ingress('scheme = "internal"') == ("10.0.0.0/16",)
    assert ingress('cidr = "10.9.0.0/20"\nscheme = "internal"') == ("10.9.0.0/20",)
    assert ingress('scheme = "internal"\ningress = ["192.168.0.0/16"]') == ("192.168.0.0/16",)
    assert ingress('scheme = "internet-facing"') == ("0.0.0.0/0",)


@pytest.mark.parametrize(
    ("line", "name", "instead"),
    [
        ('scheme = "private"', "value-invalid", 'scheme = "internet-facing"'),
        ("scheme = true", "type-wrong", 'scheme = "internal"'),
        ('flow_logs = "true"', "type-wrong", "flow_logs = true"),
    ],
)
def test_other_words_are_refused_with_their_line(line: str, name: str, instead: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(FILE.format(line), "natless.toml")
    (found,) = caught.value.findings
    assert (found.origin.line, found.name, found.fix and found.fix.text) == (3, name, instead)
