"""What an instance for schema-per-tenant has to be: criteria, what was found, what it proves."""

from __future__ import annotations

from pgtenant.verify.acceptance.judgement import Asked, judged
from pgtenant.verify.acceptance.model import Check, Status, accepted

__all__ = ["Asked", "Check", "Status", "accepted", "judged"]
