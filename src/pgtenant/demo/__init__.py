"""`pgtenant demo`: the main job on an embedded PostgreSQL, and a proof at its end."""

from pgtenant.demo.run import run_demo
from pgtenant.demo.sandbox import run_sandbox

__all__ = ["run_demo", "run_sandbox"]
