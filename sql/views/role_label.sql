-- The one word for a member's flags. Plain SQL without a name to look up, so that it is inlined and needs no search
-- path; readers may execute it because the views that they query do.
CREATE OR REPLACE FUNCTION rollcall.role_label(flag_own boolean, flag_admin boolean, flag_editor boolean, flag_member boolean)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
AS $$
  SELECT CASE
    WHEN flag_own THEN 'owner'
    WHEN flag_admin THEN 'admin'
    WHEN flag_editor THEN 'editor'
    WHEN flag_member THEN 'viewer'
    WHEN flag_own IS NULL AND flag_editor IS NULL AND flag_member IS NULL THEN 'unknown'
    ELSE 'none'
  END
$$;

REVOKE ALL ON FUNCTION rollcall.role_label(boolean, boolean, boolean, boolean) FROM PUBLIC;

COMMENT ON FUNCTION rollcall.role_label(boolean, boolean, boolean, boolean) IS
  'owner, admin, editor, viewer or none, by the strongest flag; unknown when flag_own, flag_editor and flag_member were all not sent.';
