/*
 * An HTTP answer's head: which body may be believed, how long the API asks to be left alone, and that no header or
 * excerpt gets into a sentence unescaped.
 *
 * Input: lines. The status, Retry-After, Content-Type, Location; what follows is the excerpt.
 */
#include "fuzz.h"
#include "luzmo/answer.h"

#include <time.h>

#define HOUR_S    3600
#define SECOND_US INT64_C(1000000)
#define NOW_S     INT64_C(1767225600) /* 2026-01-01T00:00:00Z */

/* --- Retry-After -------------------------------------------------------------------------------------------------- */

static int64_t clamped_us(int64_t seconds)
{
    return (seconds < 0 ? 0 : seconds > HOUR_S ? HOUR_S : seconds) * SECOND_US;
}

/* The later it is, the shorter the wait. */
static void check_retry_after(const char *value)
{
    static const int64_t times_s[] = {0, NOW_S, 4 * NOW_S, INT64_MAX / SECOND_US};
    int64_t longest = HOUR_S * SECOND_US;

    for (size_t i = 0; i < sizeof(times_s) / sizeof(times_s[0]); i++) {
        int64_t wait = answer_retry_after_us(value, times_s[i] * SECOND_US);
        claim(wait >= 0 && wait <= longest, "a wait is out of bounds, or grows as time passes");
        longest = wait;
    }
    if (value[0] != '\0' && value[strspn(value, "0123456789")] == '\0') {
        bool is_long = strlen(value) > 9 && strspn(value, "0") + 9 < strlen(value);
        claim(longest == clamped_us(is_long ? HOUR_S : atol(value)), "a number of seconds is another one");
    }
}

/* As HTTP writes dates, `seconds` from now. */
static void check_date(int64_t seconds)
{
    time_t at = NOW_S + seconds;
    char value[64];
    struct tm tm;

    strftime(value, sizeof(value), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&at, &tm));
    claim(answer_retry_after_us(value, NOW_S * SECOND_US) == clamped_us(seconds), "a date is another moment");
}

/* --- the verdict -------------------------------------------------------------------------------------------------- */

static enum error_class class_of(long status)
{
    if (status == 401 || status == 403)
        return ERROR_CREDENTIALS;
    if (status == 404)
        return ERROR_CONFIG;
    return status == 429 || (status >= 500 && status <= 599) ? ERROR_UNAVAILABLE : ERROR_MALFORMED;
}

static bool is_json(const char *content_type)
{
    static const char json[] = "application/json";

    return strcspn(content_type, "; \t") == strlen(json) &&
           strncasecmp(content_type, json, strlen(json)) == 0;
}

struct answer {
    const char *status, *retry_after, *content_type, *location, *excerpt;
};

static void check_verdict(const struct answer *answer, long status)
{
    const char *type = answer->content_type[0] != '\0' ? answer->content_type : NULL;
    struct error error;
    int result = answer_check(status, type, answer->location, answer->excerpt, strlen(answer->excerpt),
                              &error);

    if (result == 0)
        claim(status == 200 && type && is_json(type), "a wrong answer is believed");
    else
        claim_refusal(&error, result, class_of(status));
}

/* Past the last line they are empty. */
static const char *next_line(char **rest)
{
    const char *line = strsep(rest, "\n");

    return line ? line : "";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(size + 1, 1), *rest = text;

    memcpy(text, data, size);
    struct answer answer;
    answer.status = next_line(&rest);
    answer.retry_after = next_line(&rest);
    answer.content_type = next_line(&rest);
    answer.location = next_line(&rest);
    answer.excerpt = rest ? rest : "";
    long status = labs(strtol(answer.status, NULL, 10) % 1000);
    check_retry_after(answer.retry_after);
    check_date((int64_t)(strtoul(answer.retry_after, NULL, 10) % 20000) - 5000);
    check_verdict(&answer, status);
    free(text);
    return 0;
}
