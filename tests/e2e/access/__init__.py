"""What the catalogs alone tell about access."""
