"""Who can do what on an instance and through which path: PostgreSQL's rules on its catalogs.

Pure, as `planning` is: a model of the instance goes in, answers and findings come out.
"""
