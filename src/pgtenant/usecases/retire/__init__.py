"""`pgtenant retire`: out of service, back into it, or away for good."""
