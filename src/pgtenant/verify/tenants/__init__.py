"""Attacks of one tenant on another, with the application's own login."""
