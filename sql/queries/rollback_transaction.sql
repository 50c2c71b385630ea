-- Undoes what the open transaction wrote.
ROLLBACK;
