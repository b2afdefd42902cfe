"""Rotation of passwords: what every driver of it decides alike, with no I/O (but `handler`)."""
