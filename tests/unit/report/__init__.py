"""Tests of `pgtenant.report`; a package, so that they can share `samples`."""
