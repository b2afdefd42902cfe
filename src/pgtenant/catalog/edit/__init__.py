"""Edits of catalogs and of other YAML, in place: text in, text out, no I/O.

A text is read for where its values stand, and pieces are put in there; what is not touched
stays byte for byte. Nothing here decides what is right: `catalog.load` does.
"""

from pgtenant.catalog.edit.entries import Edited, add_entry, change_entry
from pgtenant.catalog.edit.put import put, put_apart
from pgtenant.catalog.edit.tree import EditError

__all__ = ["EditError", "Edited", "add_entry", "change_entry", "put", "put_apart"]
