"""Container instances: the agents that register them, where tasks are placed, and what stands between both."""
