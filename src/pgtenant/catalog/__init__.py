"""The catalog: declared entries, read from HCL, JSON or YAML and validated.

`model` is cheap to import; `load` brings in the parsers.
"""
