-- The same lock as lock_source until the end of the transaction: while another session holds it, that one may still be
-- committing.
--   $1 source
SELECT pg_try_advisory_xact_lock(hashtextextended('rollcall/' || $1::text, 0)) AS locked;
