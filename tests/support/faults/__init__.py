"""Faults at the statement boundaries of a run: a proxy on the wire, real processes behind it."""
