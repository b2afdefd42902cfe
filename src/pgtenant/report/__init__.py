"""How people and programs see a plan and a run.

Pure functions from `planning.plan.Plan`, audit records and errors to text, JSON,
Markdown and SQL; only `progress` and `document.show` write, to a stream they are given.
Names come from servers and are data: nothing here lets one move a cursor, start a line,
reorder what stands beside it or become markup.
"""
