"""EFFECT. An AWS for private ECS on one Linux machine: stacks, packets, names, registry, tasks, load balancer."""
