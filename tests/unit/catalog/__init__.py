"""Tests of the catalog: text to validated entries."""
