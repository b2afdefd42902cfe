"""What `pgtenant init` lays out: templates as package data, and what renders and writes them.

A template is a file below `templates/`, at the path that it gets. `layout` says what of a path
and of a text is replaced; a new file there needs no code.
"""
