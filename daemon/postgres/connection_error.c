/*
 * What the server's refusals mean for a person and for the retries: by SQLSTATE, never by words. DETAIL and CONTEXT are
 * left out, because they quote rows.
 */
#include "postgres/connection_private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct sqlstate_rule {
    const char *prefix;
    enum error_class class;
    bool retryable;
    const char *advice; /* NULL: the sentence says it all */
};

/* The first prefix that fits; the last one fits always. */
static const struct sqlstate_rule rules[] = {
    {"08", ERROR_UNAVAILABLE, true, NULL},
    {"25006", ERROR_UNAVAILABLE, false,
     "let database.conninfo name the primary, or all hosts separated by commas"},
    {"26000", ERROR_CONFIG, false, CONNECTION_SHARED}, /* a statement that was prepared is gone */
    {"28", ERROR_CREDENTIALS, false,
     "check user and password (database.conninfo, pass file) and the server's pg_hba.conf; where the server lets the "
     "service's user in by its name, run the command as that user: sudo -u rollcall rollcall ..."},
    {"3D000", ERROR_UNAVAILABLE, false, "create the database or correct dbname in database.conninfo"},
    {"3F000", ERROR_CONFIG, false, "`rollcall check` says what the schema lacks"},
    {"40", ERROR_UNAVAILABLE, true, NULL},
    {"42P05", ERROR_CONFIG, false, CONNECTION_SHARED}, /* it is there already */
    {"42501", ERROR_CONFIG, false,
     "connect as the role that owns the schema rollcall (its user runs commands as: sudo -u rollcall rollcall ...), or "
     "grant this one what it lacks"},
    {"42P01", ERROR_CONFIG, false, "`rollcall check` says what the schema lacks"},
    {"42703", ERROR_CONFIG, false, "`rollcall check` says what the schema lacks"},
    {"42883", ERROR_CONFIG, false, "`rollcall check` says what the schema lacks"},
    {"53300", ERROR_UNAVAILABLE, true, "raise max_connections of the server or end idle sessions"},
    {"53100", ERROR_UNAVAILABLE, true, "make room on the server's disk"},
    {"53", ERROR_UNAVAILABLE, true, NULL},
    {"55P03", ERROR_UNAVAILABLE, true, "another session holds a lock on the tables of schema rollcall"},
    {"57014", ERROR_UNAVAILABLE, true, NULL},
    {"57P", ERROR_UNAVAILABLE, true, NULL},
    {"58", ERROR_UNAVAILABLE, true, NULL},
    {"23", ERROR_INTERNAL, false,
     "if somebody added this constraint to the tables of schema rollcall, it must go"},
    {"", ERROR_INTERNAL, false, NULL},
};

static const struct sqlstate_rule *find_rule(const char *sqlstate)
{
    const struct sqlstate_rule *rule = rules;

    while (strncmp(sqlstate, rule->prefix, strlen(rule->prefix)) != 0)
        rule++;
    return rule;
}

static void say(struct error *error, const struct sqlstate_rule *rule, const char *sqlstate,
                const char *primary, int length)
{
    error_set(error, rule->class, "PostgreSQL says: %.*s (SQLSTATE %s)%s%s", length, primary, sqlstate,
              rule->advice ? "; " : "", rule->advice ? rule->advice : "");
}

/* --- statements --------------------------------------------------------------------------------------------------- */

static bool ends_session(const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    return severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

bool connection_read_refusal(const PGresult *result, bool read_only, struct connection_reply *ret_reply)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (!sqlstate) {
        const char *words = PQresultErrorMessage(result);

        error_set(&ret_reply->error, ERROR_UNAVAILABLE, "the connection to PostgreSQL broke: %.*s",
                  (int)strcspn(words, "\n"), words);
        return false;
    }
    const struct sqlstate_rule *rule = find_rule(sqlstate);
    primary = primary ? primary : "";
    say(&ret_reply->error, rule, sqlstate, primary, (int)strcspn(primary, "\n"));
    (void)snprintf(ret_reply->sqlstate, sizeof(ret_reply->sqlstate), "%s", sqlstate);
    ret_reply->retryable = rule->retryable;
    ret_reply->result = CONNECTION_FAILED;
    bool turned_read_only = strcmp(sqlstate, "25006") == 0 && !read_only;
    return !ends_session(result) && !turned_read_only;
}

/* --- connecting --------------------------------------------------------------------------------------------------- */

static bool is_sqlstate(const char *text)
{
    for (int i = 0; i < 5; i++)
        if (!isdigit((unsigned char)text[i]) && !isupper((unsigned char)text[i]))
            return false;
    return text[5] == ':' && text[6] == ' ';
}

/* libpq gives a failed connection no result, only its text, verbose: "... FATAL:  28P01: password authentication ..." */
static const char *find_sqlstate(const char *text)
{
    for (const char *at = strstr(text, ":  "); at; at = strstr(at + 1, ":  "))
        if (is_sqlstate(at + 3))
            return at + 3;
    return NULL;
}

void connection_read_open_failure(const PGconn *pg, const char *description, struct error *ret_error)
{
    const char *text = PQerrorMessage(pg);
    const char *found = find_sqlstate(text);
    char sqlstate[6] = "";

    if (found) {
        memcpy(sqlstate, found, 5);
        const struct sqlstate_rule *rule = find_rule(sqlstate);
        struct sqlstate_rule refused = *rule;

        /* Before there is a session, whatever is no matter of credentials may pass by itself: a database that is being
         * restored or closed for maintenance, a pooler's own troubles. */
        if (rule->class != ERROR_CREDENTIALS)
            refused.class = ERROR_UNAVAILABLE;
        say(ret_error, &refused, sqlstate, found + 7, (int)strcspn(found + 7, "\n"));
    } else if (PQconnectionNeedsPassword(pg)) {
        error_set(
            ret_error, ERROR_CREDENTIALS,
            "the server asks for a password and there is none; put it into /etc/rollcall/pgpass, or name "
            "another pass file in database.conninfo");
    } else {
        error_set(ret_error, ERROR_UNAVAILABLE,
                  "%.*s; check that PostgreSQL runs there and that database.conninfo is right",
                  (int)strcspn(text, "\n"), text);
    }
    error_wrap(ret_error, "cannot connect to %s", description);
}
