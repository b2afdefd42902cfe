"""Tests of the benchmark's arithmetic and of its tables; nothing is measured."""
