"""Tasks: what ECS does with a service's desired count, from the ENI to the container, in a namespace of its own.

In: services and tasks of the account. Out: processes behind their ENIs, states and `stoppedReason`s in ECS's words.
"""
