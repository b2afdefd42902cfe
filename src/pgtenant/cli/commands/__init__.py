"""How each command is called: its options and its help, one module a command.

They are imported for every `--help`, so each imports what it runs only when it runs.
"""
