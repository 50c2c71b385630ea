-- The tables of the mirror. They are only ever altered in place: never dropped, truncated or renamed, so that grants
-- and views of others survive. No foreign keys (locks and WAL on large tables), no index on text that the API sends.

-- CREATE SCHEMA IF NOT EXISTS asks for CREATE on the database even when the schema is there: a database
-- administrator may have made it for a role that may not.
DO $$
BEGIN
  IF pg_catalog.to_regnamespace('rollcall') IS NULL THEN
    CREATE SCHEMA rollcall;
  END IF;
END
$$;

COMMENT ON SCHEMA rollcall IS
  'Rollcall: the members of a Luzmo organization, their role flags, and every change of them. Query the views; the tables belong to the daemon.';


CREATE TABLE rollcall.schema_migration (
  kind       text        NOT NULL CHECK (kind IN ('migration', 'view')),
  name       text        NOT NULL,
  sha256     text        NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  applied_at timestamptz NOT NULL DEFAULT now(),
  applied_by text        NOT NULL DEFAULT session_user,
  PRIMARY KEY (kind, name)
);

COMMENT ON TABLE rollcall.schema_migration IS 'Which files of the program''s SQL this schema was made from.';
COMMENT ON COLUMN rollcall.schema_migration.kind IS 'migration: applied once, in order. view: laid anew whenever its text changes.';
COMMENT ON COLUMN rollcall.schema_migration.name IS 'The file''s name without .sql.';
COMMENT ON COLUMN rollcall.schema_migration.sha256 IS 'SHA-256 of the file as it was applied, hexadecimal, as sha256sum prints it.';
COMMENT ON COLUMN rollcall.schema_migration.applied_at IS 'When it was applied (start of the transaction, the database''s clock).';
COMMENT ON COLUMN rollcall.schema_migration.applied_by IS 'The role that was logged in.';


CREATE TABLE rollcall.organization (
  organization_id      text        PRIMARY KEY CHECK (octet_length(organization_id) BETWEEN 1 AND 128),
  source               text        NOT NULL UNIQUE,
  name                 jsonb,
  present_members      integer     NOT NULL DEFAULT 0,
  roster_version       bigint      NOT NULL DEFAULT 0,
  last_cycle_uuid      uuid,
  first_seen_at        timestamptz NOT NULL,
  last_changed_at      timestamptz,
  last_full_compare_at timestamptz
);

COMMENT ON TABLE rollcall.organization IS 'The organizations that are mirrored, one row each, made by the first complete poll.';
COMMENT ON COLUMN rollcall.organization.organization_id IS 'Luzmo''s id of the organization: opaque text of at most 128 bytes.';
COMMENT ON COLUMN rollcall.organization.source IS 'The configuration section this organization is pinned to.';
COMMENT ON COLUMN rollcall.organization.name IS 'Its name by locale, as Luzmo keeps it: {"en": "...", "nl": "..."}; NULL when Luzmo sent none.';
COMMENT ON COLUMN rollcall.organization.present_members IS 'Members with no removed_at after the last write; another number of rows means that somebody else changed the table.';
COMMENT ON COLUMN rollcall.organization.roster_version IS 'Grows with each write of the daemon and with each DELETE or TRUNCATE of rollcall.member: half of the fence against stale writers.';
COMMENT ON COLUMN rollcall.organization.last_cycle_uuid IS 'cycle_uuid of the last cycle that wrote: the other half of the fence.';
COMMENT ON COLUMN rollcall.organization.first_seen_at IS 'When the first complete poll was answered.';
COMMENT ON COLUMN rollcall.organization.last_changed_at IS 'When the last poll that changed a member or the organization was answered.';
COMMENT ON COLUMN rollcall.organization.last_full_compare_at IS 'When the last poll was answered that compared every member by value.';


CREATE TABLE rollcall.member (
  organization_id text        NOT NULL,
  user_id         uuid        NOT NULL,
  email           text,
  name            text,
  city            text,
  country_id      text,
  locale_id       text,
  flag_plan       text,
  user_created_at timestamptz,
  flag_member     boolean,
  flag_editor     boolean,
  flag_own        boolean,
  flag_admin      boolean,
  other_flags     jsonb,
  role_created_at timestamptz,
  role_updated_at timestamptz,
  first_seen_at   timestamptz NOT NULL,
  last_changed_at timestamptz NOT NULL,
  last_seen_at    timestamptz NOT NULL,
  absent_since    timestamptz,
  absent_polls    integer     NOT NULL DEFAULT 0,
  removed_at      timestamptz,
  slice_digest    bytea,
  value_digest    bytea       NOT NULL,
  PRIMARY KEY (organization_id, user_id)
) WITH (fillfactor = 90);

-- Few of many members are owners: whoever counts them after a demotion must not read all the others.
CREATE INDEX member_owner ON rollcall.member (organization_id) WHERE flag_own AND removed_at IS NULL;

COMMENT ON TABLE rollcall.member IS 'The members as they are now, and a tombstone (removed_at is set) for each that left. Query current_member and former_member instead.';
COMMENT ON INDEX rollcall.member_owner IS 'Who owns the organization now.';
COMMENT ON COLUMN rollcall.member.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.member.user_id IS 'Luzmo''s id of the user.';
COMMENT ON COLUMN rollcall.member.email IS 'The user''s e-mail address.';
COMMENT ON COLUMN rollcall.member.name IS 'The user''s full name.';
COMMENT ON COLUMN rollcall.member.city IS 'The user''s city.';
COMMENT ON COLUMN rollcall.member.country_id IS 'The user''s country, as Luzmo codes it.';
COMMENT ON COLUMN rollcall.member.locale_id IS 'The user''s language.';
COMMENT ON COLUMN rollcall.member.flag_plan IS 'The user''s plan.';
COMMENT ON COLUMN rollcall.member.user_created_at IS 'When the user was created in Luzmo (user.created_at).';
COMMENT ON COLUMN rollcall.member.flag_member IS 'organizationRole.flagMember; NULL: not sent.';
COMMENT ON COLUMN rollcall.member.flag_editor IS 'organizationRole.flagEditor; NULL: not sent.';
COMMENT ON COLUMN rollcall.member.flag_own IS 'organizationRole.flagOwn; NULL: not sent.';
COMMENT ON COLUMN rollcall.member.flag_admin IS 'organizationRole.flagAdmin; NULL: not sent.';
COMMENT ON COLUMN rollcall.member.other_flags IS 'Every further flag of organizationRole by its API name; NULL when there is none.';
COMMENT ON COLUMN rollcall.member.role_created_at IS 'organizationRole.created_at: when Luzmo made the user a member.';
COMMENT ON COLUMN rollcall.member.role_updated_at IS 'organizationRole.updated_at: when Luzmo last changed the role.';
COMMENT ON COLUMN rollcall.member.first_seen_at IS 'When the first poll that ever showed the member was answered.';
COMMENT ON COLUMN rollcall.member.last_changed_at IS 'When the last poll that changed one of the fields above, or the membership, was answered.';
COMMENT ON COLUMN rollcall.member.last_seen_at IS 'A poll asked at this time showed the member. Present members are not written at every poll: they were seen as late as data_as_of.';
COMMENT ON COLUMN rollcall.member.absent_since IS 'Answer of the first complete poll without the member; NULL while present. Not yet removed: absence awaits confirmation.';
COMMENT ON COLUMN rollcall.member.absent_polls IS 'Complete polls without the member that counted; 0 while present.';
COMMENT ON COLUMN rollcall.member.removed_at IS 'When the removal was confirmed; NULL for a member.';
COMMENT ON COLUMN rollcall.member.slice_digest IS 'Keyed digest of the bytes that this row was decoded from; NULL unless the row equals them in every field.';
COMMENT ON COLUMN rollcall.member.value_digest IS 'Keyed digest of user_id, the fields up to role_updated_at and whether removed_at is set, as the daemon wrote them: it shows when somebody else edited the row.';


CREATE TABLE rollcall.change_log (
  change_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  cycle_id        bigint      NOT NULL,
  organization_id text        NOT NULL,
  user_id         uuid,
  kind            text        NOT NULL,
  old_values      jsonb,
  new_values      jsonb,
  observed_after  timestamptz,
  observed_at     timestamptz NOT NULL,
  CONSTRAINT change_log_kind CHECK (kind IN ('baseline', 'joined', 'rejoined', 'left', 'role_changed', 'role_touched',
                                             'profile_changed', 'organization_changed')),
  CONSTRAINT change_log_user CHECK ((user_id IS NULL) = (kind = 'organization_changed')),
  CONSTRAINT change_log_old CHECK ((old_values IS NULL) = (kind IN ('baseline', 'joined', 'rejoined'))),
  CONSTRAINT change_log_new CHECK ((new_values IS NULL) = (kind = 'left'))
);

-- Baseline rows are as many as members and are not looked for one by one: the first load does not pay for them.
CREATE INDEX change_log_member ON rollcall.change_log (organization_id, user_id, change_id) WHERE kind <> 'baseline';

COMMENT ON TABLE rollcall.change_log IS
  'Every change ever observed, append only; replayed from the start it gives the member table. It cannot be rebuilt from Luzmo: back it up. UPDATE, DELETE and TRUNCATE are refused by the trigger change_log_append_only; its owner who must erase a person lifts it for one transaction: ALTER TABLE rollcall.change_log DISABLE TRIGGER change_log_append_only, the erasure, then ENABLE TRIGGER.';
COMMENT ON COLUMN rollcall.change_log.change_id IS 'Order in which changes were recorded.';
COMMENT ON COLUMN rollcall.change_log.cycle_id IS 'The cycle that recorded it.';
COMMENT ON COLUMN rollcall.change_log.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.change_log.user_id IS 'The member; NULL when the organization itself changed.';
COMMENT ON COLUMN rollcall.change_log.kind IS
  'baseline: there when first looked at. joined, rejoined, left. role_changed: a flag differs. role_touched: only the role''s timestamps moved, so something changed and was changed back between two polls. profile_changed. organization_changed.';
COMMENT ON COLUMN rollcall.change_log.old_values IS 'Values before, by column name: all fields for left, otherwise those that differ; NULL for baseline, joined and rejoined.';
COMMENT ON COLUMN rollcall.change_log.new_values IS 'Values after, by column name: all fields for baseline, joined and rejoined, otherwise those that differ; NULL for left.';
COMMENT ON COLUMN rollcall.change_log.observed_after IS 'The change happened after this time: a poll asked then did not show it yet; NULL when there was none.';
COMMENT ON COLUMN rollcall.change_log.observed_at IS 'The change happened before this time: answer of the first poll that showed it.';
COMMENT ON INDEX rollcall.change_log_member IS 'The history of one member.';


CREATE TABLE rollcall.cycle (
  cycle_id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  cycle_uuid          uuid        NOT NULL UNIQUE,
  organization_id     text,
  source              text        NOT NULL,
  asked_at            timestamptz,
  answered_at         timestamptz,
  finished_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  outcome             text        NOT NULL,
  members             integer,
  added               integer     NOT NULL DEFAULT 0,
  removed             integer     NOT NULL DEFAULT 0,
  role_changed        integer     NOT NULL DEFAULT 0,
  role_touched        integer     NOT NULL DEFAULT 0,
  profile_changed     integer     NOT NULL DEFAULT 0,
  repaired            integer     NOT NULL DEFAULT 0,
  absent              integer     NOT NULL DEFAULT 0,
  returned            integer     NOT NULL DEFAULT 0,
  refreshed           integer     NOT NULL DEFAULT 0,
  rejected            integer     NOT NULL DEFAULT 0,
  held                integer     NOT NULL DEFAULT 0,
  removed_by_approval integer     NOT NULL DEFAULT 0,
  full_compare        boolean     NOT NULL DEFAULT false,
  body_bytes          bigint,
  fingerprint         bytea,
  error_class         text,
  error_text          text,
  repaired_users      uuid[],
  CONSTRAINT cycle_outcome CHECK (outcome IN ('changed', 'held', 'repaired', 'failed', 'discontinuity')),
  CONSTRAINT cycle_organization CHECK (organization_id IS NOT NULL OR outcome = 'failed'),
  CONSTRAINT cycle_times CHECK ((asked_at IS NOT NULL AND answered_at IS NOT NULL) OR outcome = 'failed'),
  CONSTRAINT cycle_error CHECK ((error_text IS NOT NULL) = (outcome = 'failed')),
  CONSTRAINT cycle_fingerprint CHECK (octet_length(fingerprint) = 32)
);

-- Freshness counts the failures after a moment; years of history must not make it slow.
CREATE INDEX cycle_attempt ON rollcall.cycle (source, (coalesce(asked_at, finished_at)));

COMMENT ON TABLE rollcall.cycle IS 'One row for each poll that changed, held or repaired something, or failed. Polls without any of it are in coverage.';
COMMENT ON COLUMN rollcall.cycle.cycle_id IS 'Order in which cycles were recorded.';
COMMENT ON COLUMN rollcall.cycle.cycle_uuid IS 'Made by the daemon before it writes: a COMMIT whose answer was lost is looked up by it.';
COMMENT ON COLUMN rollcall.cycle.organization_id IS 'The organization; NULL for a failed poll before the first complete one.';
COMMENT ON COLUMN rollcall.cycle.source IS 'The configuration section that was polled.';
COMMENT ON COLUMN rollcall.cycle.asked_at IS 'When the request was sent (the daemon''s clock); NULL when it never was.';
COMMENT ON COLUMN rollcall.cycle.answered_at IS 'When the answer was complete (the daemon''s clock); strictly increasing within an organization; NULL when it never was.';
COMMENT ON COLUMN rollcall.cycle.finished_at IS 'When this row was written (the database''s clock).';
COMMENT ON COLUMN rollcall.cycle.outcome IS
  'changed; held: something is waiting for approval; repaired: only rows that somebody else had edited were set right; failed: nothing was written but this row; discontinuity: the tables had lost rows, re-read members got baseline rows.';
COMMENT ON COLUMN rollcall.cycle.members IS 'Members after the cycle; NULL when it failed.';
COMMENT ON COLUMN rollcall.cycle.added IS 'Members with a row baseline, joined or rejoined.';
COMMENT ON COLUMN rollcall.cycle.removed IS 'Members whose absence was confirmed.';
COMMENT ON COLUMN rollcall.cycle.role_changed IS 'Members with a changed flag.';
COMMENT ON COLUMN rollcall.cycle.role_touched IS 'Members of whose role only the timestamps moved.';
COMMENT ON COLUMN rollcall.cycle.profile_changed IS 'Members with a changed profile.';
COMMENT ON COLUMN rollcall.cycle.repaired IS 'Member rows that somebody else had edited, set right by a full comparison; not in the change log.';
COMMENT ON COLUMN rollcall.cycle.absent IS 'Members newly marked absent, or absent once more.';
COMMENT ON COLUMN rollcall.cycle.returned IS 'Members seen again before their absence was confirmed.';
COMMENT ON COLUMN rollcall.cycle.refreshed IS 'Members of whom only the digest was written: the same values in other bytes.';
COMMENT ON COLUMN rollcall.cycle.rejected IS 'Records that could not be decoded and had not been reported before.';
COMMENT ON COLUMN rollcall.cycle.held IS 'Changes that wait for approval after the cycle.';
COMMENT ON COLUMN rollcall.cycle.removed_by_approval IS 'Of removed: those that would be held if nobody had approved them. They do not count against the limit of removals.';
COMMENT ON COLUMN rollcall.cycle.full_compare IS 'Every member was compared by value, whatever its digest said.';
COMMENT ON COLUMN rollcall.cycle.body_bytes IS 'Length of the answer; NULL when there was none.';
COMMENT ON COLUMN rollcall.cycle.fingerprint IS 'SHA-256 over the envelope and the digests of the members in order; NULL when the poll failed.';
COMMENT ON COLUMN rollcall.cycle.error_class IS 'Of a failed cycle: unavailable, credentials, malformed, config, busy, verify, usage or internal.';
COMMENT ON COLUMN rollcall.cycle.error_text IS 'Of a failed cycle: what, where and what to do, without personal data.';
COMMENT ON COLUMN rollcall.cycle.repaired_users IS
  'Whose rows somebody else had edited and this cycle set right; the first thousand. NULL when there were none.';
COMMENT ON INDEX rollcall.cycle_attempt IS 'The attempts of one source in time.';


-- Rewritten by every poll, with nothing but a heap-only update: no column that changes is indexed, and a fill factor
-- of 10 makes PostgreSQL prune old versions at once, so that even the full-page image after a checkpoint stays small.
CREATE TABLE rollcall.coverage (
  organization_id text        NOT NULL,
  observed_from   timestamptz NOT NULL,
  observed_until  timestamptz NOT NULL,
  last_asked_at   timestamptz NOT NULL,
  polls           bigint      NOT NULL DEFAULT 1,
  longest_gap     interval    NOT NULL DEFAULT '0',
  longest_turn_ms integer     NOT NULL DEFAULT 0,
  last_poll_uuid  uuid        NOT NULL,
  PRIMARY KEY (organization_id, observed_from)
) WITH (fillfactor = 10);

COMMENT ON TABLE rollcall.coverage IS 'Spans of time in which polls succeeded without a gap. What happened and was undone between two spans was not observed.';
COMMENT ON COLUMN rollcall.coverage.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.coverage.observed_from IS 'When the first poll of the span was asked.';
COMMENT ON COLUMN rollcall.coverage.observed_until IS 'When its last complete poll was answered.';
COMMENT ON COLUMN rollcall.coverage.last_asked_at IS 'When its last complete poll was asked: of the newest span this is data_as_of.';
COMMENT ON COLUMN rollcall.coverage.polls IS 'Complete polls in the span.';
COMMENT ON COLUMN rollcall.coverage.longest_gap IS 'Longest time between two polls of the span.';
COMMENT ON COLUMN rollcall.coverage.longest_turn_ms IS 'The last poll, and what came after the one before it: the longest time in milliseconds that the daemon was busy with one thing and looked at nothing else. More than 50 is a defect, or a machine that is overloaded.';
COMMENT ON COLUMN rollcall.coverage.last_poll_uuid IS 'The last poll, so that the same poll is never counted twice.';


CREATE TABLE rollcall.held_change (
  held_id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_id text        NOT NULL,
  class           text        NOT NULL,
  set_digest      bytea       NOT NULL,
  user_id         uuid        NOT NULL,
  old_values      jsonb,
  new_values      jsonb,
  reason          text        NOT NULL,
  observed_after  timestamptz,
  observed_at     timestamptz NOT NULL,
  first_cycle_id  bigint      NOT NULL,
  resolved_at     timestamptz,
  resolution      text,
  CONSTRAINT held_change_class CHECK (class IN ('removals', 'contested_removals', 'vanished_flags', 'demotions',
                                                'owner_grants')),
  CONSTRAINT held_change_digest CHECK (octet_length(set_digest) = 32),
  CONSTRAINT held_change_values CHECK (old_values IS NOT NULL OR new_values IS NOT NULL),
  CONSTRAINT held_change_resolution CHECK (resolution IN ('applied', 'withdrawn')),
  CONSTRAINT held_change_resolved CHECK ((resolved_at IS NULL) = (resolution IS NULL))
);

CREATE UNIQUE INDEX held_change_open ON rollcall.held_change (organization_id, class, user_id)
  WHERE resolved_at IS NULL;

COMMENT ON TABLE rollcall.held_change IS 'Changes that were found but not applied, because an incomplete answer could have faked them. They wait for the answer to change or for an approval.';
COMMENT ON COLUMN rollcall.held_change.held_id IS 'Key.';
COMMENT ON COLUMN rollcall.held_change.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.held_change.class IS
  'Which guard holds it. removals: more than may leave within a day. contested_removals: missing in the answer, but found when asked for. vanished_flags: a flag was known and is not sent any more. demotions and owner_grants: only where the configuration says so.';
COMMENT ON COLUMN rollcall.held_change.set_digest IS 'SHA-256 of all changes of this class that are held together, the same in each of them: an approval names it, so that nothing else is approved.';
COMMENT ON COLUMN rollcall.held_change.user_id IS 'The member.';
COMMENT ON COLUMN rollcall.held_change.old_values IS 'As in change_log; NULL for somebody who would join.';
COMMENT ON COLUMN rollcall.held_change.new_values IS 'As in change_log; NULL for a member who would leave.';
COMMENT ON COLUMN rollcall.held_change.reason IS 'Why it is held, with numbers.';
COMMENT ON COLUMN rollcall.held_change.observed_after IS 'As in change_log.';
COMMENT ON COLUMN rollcall.held_change.observed_at IS 'Answer of the first poll that showed it; change_log takes it over when a removal or an approved set is applied.';
COMMENT ON COLUMN rollcall.held_change.first_cycle_id IS 'The cycle that held a change of this member first.';
COMMENT ON COLUMN rollcall.held_change.resolved_at IS 'Answer of the poll after which it was no longer held; NULL while it is.';
COMMENT ON COLUMN rollcall.held_change.resolution IS 'How it ended: applied, or withdrawn: Luzmo''s next answer said something else.';
COMMENT ON INDEX rollcall.held_change_open IS 'What is held now, each member once in a class.';


CREATE TABLE rollcall.approval (
  approval_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_id text        NOT NULL,
  class           text        NOT NULL,
  set_digest      bytea       NOT NULL,
  decision        text        NOT NULL,
  decided_at      timestamptz NOT NULL DEFAULT now(),
  decided_by      text        NOT NULL DEFAULT session_user,
  os_uid          bigint,
  sudo_user       text,
  claimed_by      text,
  reason          text,
  settled_at      timestamptz,
  outcome         text,
  cycle_id        bigint,
  CONSTRAINT approval_decision CHECK (decision IN ('approved', 'rejected')),
  CONSTRAINT approval_outcome CHECK (outcome IN ('applied', 'lapsed', 'superseded')),
  CONSTRAINT approval_applied CHECK (outcome <> 'applied' OR decision = 'approved'),
  CONSTRAINT approval_settled CHECK ((settled_at IS NULL) = (outcome IS NULL)),
  CONSTRAINT approval_cycle CHECK ((cycle_id IS NOT NULL) = coalesce(outcome IN ('applied', 'lapsed'), false))
);

CREATE UNIQUE INDEX approval_open ON rollcall.approval (organization_id, set_digest) WHERE settled_at IS NULL;

COMMENT ON TABLE rollcall.approval IS 'What administrators decided about held changes. A decision is open until it is settled; of each set there is one open decision at most.';
COMMENT ON COLUMN rollcall.approval.approval_id IS 'Key.';
COMMENT ON COLUMN rollcall.approval.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.approval.class IS 'As in held_change.';
COMMENT ON COLUMN rollcall.approval.set_digest IS 'As in held_change: exactly this set was decided about.';
COMMENT ON COLUMN rollcall.approval.decision IS 'approved: the next cycle that finds this very set applies it. rejected: it stays held and is no longer reported.';
COMMENT ON COLUMN rollcall.approval.decided_at IS 'When (the database''s clock).';
COMMENT ON COLUMN rollcall.approval.decided_by IS 'The database role that was logged in.';
COMMENT ON COLUMN rollcall.approval.os_uid IS 'The user id of the process that decided, as the operating system knows it.';
COMMENT ON COLUMN rollcall.approval.sudo_user IS 'SUDO_USER of that process: who became that user; NULL when nobody did.';
COMMENT ON COLUMN rollcall.approval.claimed_by IS 'Who it was by the deciding person''s own account (--by): only a claim.';
COMMENT ON COLUMN rollcall.approval.reason IS 'Why, in the words of that person.';
COMMENT ON COLUMN rollcall.approval.settled_at IS 'When it ceased to count (the database''s clock); NULL while it is open.';
COMMENT ON COLUMN rollcall.approval.outcome IS 'How: applied; lapsed: the set changed or went away; superseded: a later decision about the same set took its place.';
COMMENT ON COLUMN rollcall.approval.cycle_id IS 'The cycle that applied it or made it lapse; otherwise NULL.';
COMMENT ON INDEX rollcall.approval_open IS 'The decisions that count now, one for a set.';


CREATE TABLE rollcall.rejected_record (
  rejected_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_id text        NOT NULL,
  user_id         uuid,
  slice_digest    bytea       NOT NULL,
  reason          text        NOT NULL,
  first_cycle_id  bigint      NOT NULL,
  observed_at     timestamptz NOT NULL,
  resolved_at     timestamptz
);

CREATE UNIQUE INDEX rejected_record_open ON rollcall.rejected_record (organization_id, slice_digest)
  WHERE resolved_at IS NULL;

COMMENT ON TABLE rollcall.rejected_record IS 'Members'' records in Luzmo''s answers that could not be decoded. The member, if known, keeps the row it had. The record''s text is not kept.';
COMMENT ON COLUMN rollcall.rejected_record.rejected_id IS 'Key.';
COMMENT ON COLUMN rollcall.rejected_record.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.rejected_record.user_id IS 'The user, when the record''s id could be read.';
COMMENT ON COLUMN rollcall.rejected_record.slice_digest IS 'Keyed digest of the record: the same record is reported once.';
COMMENT ON COLUMN rollcall.rejected_record.reason IS 'What is wrong with it, naming the field but no personal data.';
COMMENT ON COLUMN rollcall.rejected_record.first_cycle_id IS 'The cycle that met it first.';
COMMENT ON COLUMN rollcall.rejected_record.observed_at IS 'Answer of the first poll with it.';
COMMENT ON COLUMN rollcall.rejected_record.resolved_at IS 'Answer of the first complete poll without it; NULL while it is there.';
COMMENT ON INDEX rollcall.rejected_record_open IS 'What is rejected now, each record once.';


CREATE TABLE rollcall.roster_secret (
  organization_id text  PRIMARY KEY,
  secret          bytea NOT NULL CHECK (octet_length(secret) = 192)
);

COMMENT ON TABLE rollcall.roster_secret IS 'The random key of the digests of slices and rows. Nobody but the daemon''s role may read it: who knows it could prepare a record that is taken for another.';
COMMENT ON COLUMN rollcall.roster_secret.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.roster_secret.secret IS '192 random bytes.';


CREATE FUNCTION rollcall.refuse_rewriting() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION '% of rollcall.change_log is refused: the log is append only', TG_OP
    USING ERRCODE = 'restrict_violation',
          HINT = 'The comment on the table says how its owner can erase a person''s rows.';
END
$$;

CREATE FUNCTION rollcall.raise_roster_version() RETURNS trigger
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE rollcall.organization SET roster_version = roster_version + 1;
  RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION rollcall.refuse_rewriting(), rollcall.raise_roster_version() FROM PUBLIC;

COMMENT ON FUNCTION rollcall.refuse_rewriting() IS 'Trigger: keeps the change log append only.';
COMMENT ON FUNCTION rollcall.raise_roster_version() IS 'Trigger: tells the daemon that member rows vanished behind its back, so that it reads them again before it writes.';

CREATE TRIGGER change_log_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON rollcall.change_log
  FOR EACH STATEMENT EXECUTE FUNCTION rollcall.refuse_rewriting();

CREATE TRIGGER member_deleted
  AFTER DELETE OR TRUNCATE ON rollcall.member
  FOR EACH STATEMENT EXECUTE FUNCTION rollcall.raise_roster_version();

COMMENT ON TRIGGER change_log_append_only ON rollcall.change_log IS 'Refuses UPDATE, DELETE and TRUNCATE.';
COMMENT ON TRIGGER member_deleted ON rollcall.member IS 'Raises roster_version of every organization.';
