"""The version, as a constant: importlib.metadata would cost a third of `check`'s time."""

__version__ = "0.1.0"
