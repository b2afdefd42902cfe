"""The audit trail: records of what a run did, on disk before its next change."""

from pgtenant.audit.csvfile import CsvAudit, open_csv
from pgtenant.audit.record import COLUMNS, Action, Record, Status, stamp
from pgtenant.audit.rows import read_rows, render_rows

__all__ = [
    "COLUMNS",
    "Action",
    "CsvAudit",
    "Record",
    "Status",
    "open_csv",
    "read_rows",
    "render_rows",
    "stamp",
]
