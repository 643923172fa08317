"""VIEW. Results in; text and JSON out. Prints nothing itself."""
