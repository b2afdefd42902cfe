"""Tests of the pure core, and the states they are made of."""
