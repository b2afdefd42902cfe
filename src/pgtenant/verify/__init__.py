"""The proof of isolation: what is attempted, what is expected, and how the answers are judged.

Pure: nothing here speaks to a server. `postgres.attempts` carries the attempts out.
"""
