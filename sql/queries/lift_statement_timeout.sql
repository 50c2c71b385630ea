-- The first statement of every session, alone and short: a role's own statement_timeout may be too short for the
-- settings that follow (open_session, which sets the right one).
SET statement_timeout = 0;
