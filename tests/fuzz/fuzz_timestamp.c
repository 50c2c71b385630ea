/*
 * Times: what is accepted, strictly and leniently, and what it means, against a regular expression and the C library's
 * calendar; and every time survives being written and read again.
 *
 * Input: a text; its first eight bytes are a time in microseconds, too.
 */
#include "base/timestamp.h"
#include "fuzz.h"

#include <regex.h>
#include <time.h>

#define DATE    "^[0-9]{4}-[0-9]{2}-[0-9]{2}"
#define STRICT  DATE "[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
#define LENIENT DATE "([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}(:[0-9]{2})?)?)?$"

#define SECOND_US INT64_C(1000000)
#define FIRST_US  INT64_C(-62135596800000000) /* 0001-01-01T00:00:00Z */
#define LAST_US   INT64_C(253402300799999999) /* 9999-12-31T23:59:59.999999Z */

static bool matches(const char *text, size_t length, const char *expression, regex_t *compiled,
                    bool *is_compiled)
{
    if (!*is_compiled)
        claim(regcomp(compiled, expression, REG_EXTENDED | REG_NOSUB) == 0,
              "an expression of this test is wrong");
    *is_compiled = true;
    return strlen(text) == length && !strchr(text, '\n') && regexec(compiled, text, 0, NULL, 0) == 0;
}

static bool is_strict(const char *text, size_t length)
{
    static regex_t compiled;
    static bool is_compiled;

    return matches(text, length, STRICT, &compiled, &is_compiled);
}

static bool is_lenient(const char *text, size_t length)
{
    static regex_t compiled;
    static bool is_compiled;

    return matches(text, length, LENIENT, &compiled, &is_compiled);
}

/* --- what a text that matches means ------------------------------------------------------------------------------- */

static int64_t fraction_us(const char *digits)
{
    int64_t us = 0;

    for (int i = 0; i < 6; i++)
        us = us * 10 + (*digits >= '0' && *digits <= '9' ? *digits++ - '0' : 0);
    return us;
}

/* Minutes east of UTC; 24 hours and more are for the caller to refuse. */
static bool offset_minutes(const char *text, int *ret_minutes)
{
    const char *sign = strpbrk(text, "+-");
    int hours = 0, minutes = 0;

    *ret_minutes = 0;
    if (!sign)
        return true;
    sscanf(sign + 1, "%2d:%2d", &hours, &minutes);
    *ret_minutes = (*sign == '-' ? -1 : 1) * (hours * 60 + minutes);
    return hours <= 23 && minutes <= 59;
}

/* The C library normalises the 31st of February; a real time it leaves alone. */
static bool is_real(const struct tm *given)
{
    struct tm normalised = *given;

    timegm(&normalised);
    return normalised.tm_mday == given->tm_mday && normalised.tm_mon == given->tm_mon &&
           normalised.tm_hour == given->tm_hour && normalised.tm_min == given->tm_min &&
           normalised.tm_sec == given->tm_sec;
}

/* False when it is no real time, or none that can be kept. */
static bool meaning(const char *text, int64_t *ret_us)
{
    struct tm tm = {.tm_mday = 1};
    const char *rest = text + strlen("0000-00-00");
    const char *point = strchr(rest, '.');
    int offset;

    sscanf(text, "%4d-%2d-%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
    sscanf(rest, "%*c%2d:%2d:%2d", &tm.tm_hour, &tm.tm_min, &tm.tm_sec);
    bool named = tm.tm_year >= 1 && tm.tm_mon >= 1;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    if (!offset_minutes(rest, &offset) || !named || !is_real(&tm))
        return false;
    int64_t us = (timegm(&tm) - offset * INT64_C(60)) * SECOND_US + (point ? fraction_us(point + 1) : 0);
    if (us < FIRST_US || us > LAST_US)
        return false;
    *ret_us = us;
    return true;
}

/* --- the claims --------------------------------------------------------------------------------------------------- */

static void check_text(const char *text, size_t length)
{
    int64_t expected = 0, strict = 0, lenient = 0;
    bool means = is_lenient(text, length) && meaning(text, &expected);

    claim(timestamp_parse_lenient(text, length, &lenient) == means,
          "leniently, another text is taken for a time");
    claim(timestamp_parse(text, length, &strict) == (means && is_strict(text, length)),
          "strictly, another text is taken for a time");
    claim(lenient == expected, "leniently, a text means another time");
    claim(strict == 0 || strict == expected, "strictly, a text means another time");
}

static void check_round_trip(int64_t us)
{
    char text[TIMESTAMP_TEXT_MAX];
    int64_t read = 0, bounded = us < FIRST_US ? FIRST_US : us > LAST_US ? LAST_US : us;

    timestamp_format(us, text);
    claim(timestamp_parse(text, strlen(text), &read) && read == bounded, "a time does not survive its text");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(size + 1, 1);
    int64_t us;

    memcpy(text, data, size);
    check_text(text, size);
    if (size >= sizeof(us)) {
        memcpy(&us, data, sizeof(us));
        check_round_trip(us);
        check_round_trip(us % LAST_US);
    }
    free(text);
    return 0;
}
