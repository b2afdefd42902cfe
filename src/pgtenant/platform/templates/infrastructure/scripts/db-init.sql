-- An example: the entry qualisys of README.md in the directory above. For an entry of yours:
--     pgtenant render sql -e ENV KEY --out infrastructure/scripts/db-init.sql
--
@@init_script@@
