"""The kernel, as the lab uses it: namespaces, mounts, and what this machine allows."""
