"""Manifests for clusters, made from the catalog; they hold no secret in clear text."""
