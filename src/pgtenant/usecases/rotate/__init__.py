"""`pgtenant rotate`, and what the function in AWS shares with it."""
