"""Taking an entry out of service, back into it, or away for good; pure."""
