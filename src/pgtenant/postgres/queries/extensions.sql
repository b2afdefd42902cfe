-- What the server offers in its default versions, and whether a database's owner may create it.
SELECT e.name, v.trusted
  FROM pg_available_extensions e
  JOIN pg_available_extension_versions v ON v.name = e.name AND v.version = e.default_version
 WHERE e.name = ANY (%(names)s)
