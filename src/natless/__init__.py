"""natless: containers on AWS ECS in private subnets, with no NAT gateway.

The way the data goes, room by room. One direction, and one decision that keeps it simple: design writes a
template, and proof reads it back, so that what is proved is the artefact that will be deployed.

    room      in                                   out                              touches the world
    --------  -----------------------------------  -------------------------------  ------------------------------
    spec      the text of natless.toml             Spec, or every problem by line   no
    design    Spec                                 template, parameters, places     no
    load      template or describe JSON            Cloud and its gaps               no
    prove     Cloud                                Verdicts and Findings            no
    cost      Cloud                                Estimate                         no
    account   an AWS account, or the lab           describe JSON                    reads it
    deploy    image, template                      a running service                writes it
    lab       the same API calls as AWS gets       stacks, packets, tasks           this machine's namespaces
    report    Verdicts, Findings, progress         text or JSON                     no
    cli       what a person typed                  what they read, and exit codes   prints, asks, exits

Nouns that every room speaks: `finding` (what is said), `cloud` (what is), `catalog` (what AWS says).
"""

from natless.version import __version__

__all__ = ["__version__"]
