"""Floe dbt's Python worker: keeps the user's dbt and SQLFluff warm and answers over JSON lines (see
protocol.py).
"""

VERSION = "1"
"""Part of every cache key: raise it when the same input may give another answer."""
