"""Who can do what on an instance and through which path: PostgreSQL's rules on its catalogs.

Pure, as `planning` is: a model of the instance goes in, answers and findings come out.
"""

from __future__ import annotations

from pgtenant.access.analysis import analyse
from pgtenant.access.holes import Closer, Hole, HoleKind, Severity

__all__ = ["Closer", "Hole", "HoleKind", "Severity", "analyse"]
