"""The pure core: what is declared and what is there become an ordered plan.

Nothing in this package does I/O, reads a clock or draws a random number; the same
two states always give the same plan, in the same order.
"""
