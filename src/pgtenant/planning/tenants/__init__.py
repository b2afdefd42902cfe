"""Tenants: organisations inside one application's database, a schema each under row security."""
