"""What a shared CloudNativePG cluster is told of the catalog, in three waves.

Texts in, texts out: manifests that are there already are edited in place. Only `sealing` draws
random numbers.
"""
