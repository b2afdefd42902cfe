"""`pgtenant report` on real servers."""
