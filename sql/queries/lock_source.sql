-- One writer: the advisory lock of a source, held by the session. Its key is made of the name, so that any client that
-- knows the name finds the same lock.
--   $1 source
SELECT pg_try_advisory_lock(hashtextextended('rollcall/' || $1::text, 0)) AS locked;
