"""The pure half of `verify`."""
