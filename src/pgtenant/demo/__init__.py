"""`pgtenant demo`: the main job on an embedded PostgreSQL, and a proof at its end."""

from pgtenant.demo.run import run_demo

__all__ = ["run_demo"]
