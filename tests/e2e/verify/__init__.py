"""`pgtenant verify` on real servers."""
