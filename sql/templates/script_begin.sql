-- The schema of rollcall as one script for psql. Run it as the role that rollcall connects as, which owns the schema:
--
--   psql --dbname DATABASE --username rollcall --file FILE
--
-- It may be run again: what is applied already is left alone. It is one transaction: all or nothing.
\set ON_ERROR_STOP on
BEGIN;
