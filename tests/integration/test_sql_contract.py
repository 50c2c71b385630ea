"""What others build on: the views and their columns, the comments, the rights of a reader, and that every statement
of the program is one that PostgreSQL accepts."""

import io
import re

import psycopg2
import pytest

from harness.schema import SQL, files, query, without_comments

PUBLISHED = {
    "current_member": "organization_id user_id email name role flag_member flag_editor flag_own flag_admin other_flags"
    " city country_id locale_id flag_plan user_created_at role_created_at role_updated_at first_seen_at last_changed_at"
    " absent_since data_as_of",
    "former_member": "organization_id user_id email name last_role removed_at last_seen_at",
    "organization_summary": "organization_id display_name members owners admins editors viewers data_as_of",
    "member_change": "change_id observed_after observed_at organization_id user_id email name kind field old_value"
    " new_value",
    "role_change": "change_id observed_after observed_at organization_id user_id email name old_role new_role direction"
    " old_flag_member new_flag_member old_flag_editor new_flag_editor old_flag_own new_flag_own old_flag_admin"
    " new_flag_admin old_other_flags new_other_flags role_updated_at",
    "member_period": "organization_id user_id valid_from valid_to email name city country_id locale_id flag_plan"
    " user_created_at flag_member flag_editor flag_own flag_admin other_flags role_created_at role_updated_at role",
    "daily_headcount": "day organization_id role members",
    "freshness": "organization_id source data_as_of seconds_behind last_attempt_at last_outcome last_error"
    " consecutive_failures held rejected held_silenced longest_turn_ms",
    "coverage_gap": "organization_id blind_from blind_until blind_for",
    "held": "organization_id class set_digest reason user_id email name since decision",
}
RELATIONS = "pg_class WHERE relnamespace = 'rollcall'::regnamespace AND relkind IN ('r', 'v')"


@pytest.mark.parametrize("view", PUBLISHED)
def test_columns_are_only_ever_added_at_the_end(owner, view):
    columns = PUBLISHED[view].split()
    with owner.cursor() as cursor:
        cursor.execute(f"SELECT * FROM rollcall.{view}")
        assert [column.name for column in cursor.description][: len(columns)] == columns


def test_everything_has_a_comment(owner):
    assert query(owner, f"""
        SELECT oid::regclass::text FROM {RELATIONS} AND obj_description(oid, 'pg_class') IS NULL
        UNION ALL
        SELECT attrelid::regclass || '.' || attname FROM pg_attribute
        WHERE attrelid IN (SELECT oid FROM {RELATIONS}) AND attnum > 0 AND col_description(attrelid, attnum) IS NULL
        UNION ALL
        SELECT oid::regprocedure::text FROM pg_proc
        WHERE pronamespace = 'rollcall'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL
        UNION ALL
        SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND obj_description(oid, 'pg_trigger') IS NULL""") == []


def test_the_columns_that_the_program_needs_are_all_columns_there_are(owner):
    text = (SQL / "queries/inspect_columns.sql").read_text()
    assert set(re.findall(r"^  \('(\w+)', '(\w+)', '([^']+)'\)", text, re.M)) == set(query(owner, """
        SELECT relname, attname, format_type(atttypid, atttypmod)
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relnamespace = 'rollcall'::regnamespace AND relkind = 'r' AND attnum > 0"""))
    assert query(owner, text) == []


# Every statement.


def first_word(path):
    return without_comments(path.read_text()).split(None, 1)[0].upper()


def accept(session, path):
    """PREPARE where PostgreSQL can; a COPY is run with no rows, anything else as it stands."""
    text = without_comments(path.read_text())
    if first_word(path) == "COPY":
        with session.cursor() as cursor:
            empty = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\xff\xff" if re.search("FORMAT.*binary", text, re.I) else b""
            cursor.copy_expert(text, io.BytesIO(empty))
    elif first_word(path) in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES"):
        query(session, f"PREPARE statement AS {text}")
        query(session, "DEALLOCATE statement")
    else:
        query(session, text)


@pytest.fixture
def session(owner):
    """The owner's session with the temporary tables and the setting that queries work on."""
    query(owner, "SET rollcall.organization_id = 'o'")
    for path in files("queries"):
        if first_word(path) == "CREATE":
            query(owner, path.read_text())
    return owner


@pytest.mark.parametrize("path", files("queries"), ids=lambda path: path.stem)
def test_a_query_is_accepted_by_a_fresh_schema(session, path):
    if first_word(path) != "CREATE":
        accept(session, path)


@pytest.mark.parametrize("path", files("queries"), ids=lambda path: path.stem)
def test_a_query_names_its_parameters(path):
    text = path.read_text()
    head = re.match(r"(--[^\n]*\n)*", text).group()
    assert head, "no comment"
    named = {
        number
        for first, last in re.findall(r"\$(\d+)(?: to \$(\d+))?", head)
        for number in range(int(first), int(last or first) + 1)
    }
    assert named == {int(number) for number in re.findall(r"\$(\d+)", without_comments(text).replace("%1$I", ""))}


@pytest.mark.parametrize("path", files("reports"), ids=lambda path: path.stem)
def test_a_reader_can_run_every_report(reader, path):
    assert re.match(r"-- [^\n]*\?", path.read_text()), "the first line says which question it answers"
    query(reader, path.read_text())


@pytest.mark.parametrize("path", files("migrations") + files("views"), ids=lambda path: path.stem)
def test_the_quotes_around_a_file_do_not_occur_in_it(path):
    assert "$sql$" not in path.read_text() and "$rollcall$" not in path.read_text()


# What a reader may.


def test_a_reader_sees_the_published_views_and_nothing_else(owner, reader):
    readable = query(owner, f"SELECT relname FROM {RELATIONS} AND has_table_privilege('reader', oid, 'SELECT')")
    assert {name for (name,) in readable} == set(PUBLISHED)
    writable = "INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER"
    assert query(owner, f"SELECT relname FROM {RELATIONS} AND has_table_privilege('reader', oid, '{writable}')") == []
    executable = query(owner, "SELECT proname FROM pg_proc WHERE pronamespace = 'rollcall'::regnamespace"
                              " AND has_function_privilege('reader', oid, 'EXECUTE')")
    assert {name for (name,) in executable} == {"members_as_of", "jsonb_merge", "role_label"}
    assert query(owner, "SELECT has_schema_privilege('reader', 'rollcall', 'CREATE')") == [(False,)]


def test_a_reader_can_use_what_is_published(reader):
    for view in PUBLISHED:
        query(reader, f"SELECT * FROM rollcall.{view}")
    query(reader, "SELECT * FROM rollcall.members_as_of(now())")
    for table in ("member", "change_log", "roster_secret", "member_history"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            query(reader, f"SELECT * FROM rollcall.{table}")


def test_nobody_else_sees_anything(owner):
    """PUBLIC has no right on the schema nor on anything in it."""
    assert query(owner, """
        SELECT proname FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS granted
        WHERE pronamespace = 'rollcall'::regnamespace AND granted.grantee = 0""") == []
    assert query(owner, """
        SELECT relname FROM pg_class, aclexplode(relacl) AS granted
        WHERE relnamespace = 'rollcall'::regnamespace AND granted.grantee = 0
        UNION ALL
        SELECT nspname FROM pg_namespace, aclexplode(nspacl) AS granted
        WHERE nspname = 'rollcall' AND granted.grantee = 0""") == []


def test_functions_that_run_with_their_owners_rights_have_a_fixed_search_path(owner):
    assert query(owner, """
        SELECT proname FROM pg_proc WHERE pronamespace = 'rollcall'::regnamespace AND prosecdef
        AND proconfig IS DISTINCT FROM '{"search_path=pg_catalog, pg_temp"}'""") == []


def test_nothing_needs_more_than_an_ordinary_role(owner):
    powers = query(owner, "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user")
    assert powers == [(False, False, False)]
    assert query(owner, "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'") == []
