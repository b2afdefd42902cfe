"""Tenants inside one application's database."""
