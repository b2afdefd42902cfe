"""The one place where changes become SQL.

`statements` holds one builder per PostgreSQL statement, `render` turns a change into
statements, `script` puts a transaction's loan of the owner role around them, `text`
shows them. Plan, dry run, apply and audit all use the same statements.
"""
