"""Tests that start nothing and reach for nothing outside the process."""
