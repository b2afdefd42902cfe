"""`pgtenant request`: databases asked for, changed and looked up, in the project's files."""
