-- Everything read until the end shows the tables at one moment.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
