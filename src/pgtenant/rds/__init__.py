"""What AWS says about an instance, through boto3."""

from __future__ import annotations

from pgtenant.rds.describe import describe
from pgtenant.rds.endpoint import Place, place_of

__all__ = ["Place", "describe", "place_of"]
