-- How many rows this session has written that no look at the statistics has seen yet: what a transaction wrote is the
-- difference of two such counts. The shared catalogs are not for all to read; how much was written to them is, also by
-- what was undone. pg_shdepend follows from the others.
SELECT c.name, pg_stat_get_xact_tuples_inserted(c.name::regclass) AS inserted,
       pg_stat_get_xact_tuples_updated(c.name::regclass)
       + pg_stat_get_xact_tuples_deleted(c.name::regclass) AS rewritten
  FROM (VALUES ('pg_type'), ('pg_proc'),
               ('pg_authid'), ('pg_auth_members'), ('pg_database'), ('pg_db_role_setting'),
               ('pg_parameter_acl'), ('pg_replication_origin'), ('pg_shdescription'), ('pg_shseclabel'),
               ('pg_subscription'), ('pg_tablespace')) c(name)
