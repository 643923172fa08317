"""NOUN. What AWS says, as dated data: each fact a frozen value with its source and the day it was read.

One module a subject, so that a command reads only what it leans on.
"""
