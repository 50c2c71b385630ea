-- The level is named because a database may have another default.
BEGIN ISOLATION LEVEL READ COMMITTED;
