"""How long provisioning takes, against PostgreSQL's own speed and against other tools.

`make bench` runs it; docs/performance.md says what is measured and shows the results.
"""
