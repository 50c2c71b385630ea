/*
 * Tables from statuses to classes and sentences. Each sentence says what to do; what the API said about it comes
 * last, because that is the part which may be cut.
 */
#include "luzmo/answer.h"

#include "base/buffer.h"
#include "base/utf8.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define EXCERPT_MAX  ((size_t)200) /* bytes of it that are shown */
#define ESCAPED_MAX  ((size_t)10)  /* bytes that one byte takes at most when it is shown */
#define HOUR_SECONDS 3600

struct verdict {
    long first, last; /* statuses */
    enum error_class class;
    const char *sentence;
};

/* The first row that fits. */
static const struct verdict verdicts[] = {
    {200, 200, ERROR_MALFORMED, "the answer is not JSON; check that api.url is the address of the Luzmo API"},
    {300, 399, ERROR_MALFORMED,
     "the answer is a redirect, which is not followed because key and token would go with it; set api.url to the API's "
     "own address"},
    {400, 400, ERROR_MALFORMED,
     "the API does not understand the request; check that api.url names version 0.1.0 of the Luzmo API"},
    {401, 401, ERROR_CREDENTIALS, "the API rejects key or token; check both, or make a new token in Luzmo"},
    {403, 403, ERROR_CREDENTIALS,
     "key and token may not read the organization, or the token has expired; use the token of an owner"},
    {404, 404, ERROR_CONFIG, "there is no Luzmo API at this address; check region and version in api.url"},
    {429, 429, ERROR_UNAVAILABLE,
     "the API asks for fewer requests; it is asked again later, other users of this token count too"},
    {500, 599, ERROR_UNAVAILABLE, "the API has a problem of its own; it is asked again later"},
    {0, 999, ERROR_MALFORMED,
     "this is no answer to the question; check that api.url is the address of the Luzmo API"},
};

/* Before that, of a question beside the organization: address, key and token are not to blame. */
static const struct verdict question_verdicts[] = {
    {400, 400, ERROR_MALFORMED, "the API does not understand this question"},
    {403, 403, ERROR_CREDENTIALS,
     "key and token may not ask this question, or the token has expired; use the token of an owner"},
    {404, 404, ERROR_MALFORMED, "the API does not know this question"},
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* NULL when no row fits. */
static const struct verdict *find_verdict(const struct verdict *rows, size_t count, long status)
{
    for (size_t i = 0; i < count; i++)
        if (status >= rows[i].first && status <= rows[i].last)
            return &rows[i];
    return NULL;
}

static const struct verdict *verdict_of(long status)
{
    const struct verdict *verdict = find_verdict(verdicts, COUNT(verdicts), status);

    return verdict ? verdict : &verdicts[COUNT(verdicts) - 1];
}

static bool is_json(const char *content_type)
{
    static const char json[] = "application/json";
    size_t length = sizeof(json) - 1;

    if (!content_type || strncasecmp(content_type, json, length) != 0)
        return false;
    return content_type[length] == '\0' || strchr("; \t", content_type[length]);
}

static bool is_space(char character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

/* The first bytes of a foreign text, without the white space around it, cut at a character's boundary and printable. */
static void add_excerpt(struct buffer *shown, const char *text, size_t length)
{
    while (length > 0 && is_space(text[0])) {
        text++;
        length--;
    }
    bool cut = length > EXCERPT_MAX;
    if (cut)
        length = EXCERPT_MAX;
    while (cut && length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    while (length > 0 && is_space(text[length - 1]))
        length--;
    utf8_add_printable(shown, text, length);
    if (cut)
        buffer_add_text(shown, "...");
}

/* `: <lead> "<text>"`, or nothing when there is no text. */
static void add_quoted(struct buffer *shown, const char *lead, const char *text, size_t length)
{
    if (length == 0)
        return;
    buffer_add_text(shown, lead);
    buffer_add_char(shown, '"');
    add_excerpt(shown, text, length);
    buffer_add_char(shown, '"');
}

/* What stands behind ? and # of a redirect's target is left out: it may repeat what was sent. */
static void add_location(struct buffer *shown, const char *location)
{
    if (location)
        add_quoted(shown, "; it leads to ", location, strcspn(location, "?#"));
}

struct facts {
    long status;
    const char *content_type, *location, *excerpt;
    size_t excerpt_length;
};

static int refuse(const struct verdict *verdict, const struct facts *facts, struct error *error)
{
    struct buffer shown;

    buffer_init(&shown, 3 * EXCERPT_MAX * ESCAPED_MAX);
    buffer_add_text(&shown, "");
    if (facts->status >= 300 && facts->status <= 399)
        add_location(&shown, facts->location);
    if (facts->status == 200 && facts->content_type)
        add_quoted(&shown, "; it is ", facts->content_type, strlen(facts->content_type));
    add_quoted(&shown, "; it says ", facts->excerpt, facts->excerpt_length);
    int result = error_set(error, verdict->class, "HTTP %ld: %s%s", facts->status, verdict->sentence,
                           shown.data);
    buffer_done(&shown);
    return result;
}

int answer_check(long status, const char *content_type, const char *location, const char *excerpt,
                 size_t excerpt_length, struct error *error)
{
    const struct facts facts = {status, content_type, location, excerpt, excerpt_length};

    if (status == 200 && is_json(content_type))
        return 0;
    return refuse(verdict_of(status), &facts, error);
}

int answer_check_question(long status, const char *content_type, const char *location, const char *excerpt,
                          size_t excerpt_length, struct error *error)
{
    const struct facts facts = {status, content_type, location, excerpt, excerpt_length};
    const struct verdict *verdict = find_verdict(question_verdicts, COUNT(question_verdicts), status);

    if (verdict)
        return refuse(verdict, &facts, error);
    return answer_check(status, content_type, location, excerpt, excerpt_length, error);
}

/* Seconds as digits; more than an hour's worth is an hour. -1 when it is not all digits. */
static int64_t seconds_of(const char *value)
{
    int64_t seconds = 0;

    for (; *value; value++) {
        if (*value < '0' || *value > '9')
            return -1;
        seconds = seconds * 10 + (*value - '0');
        if (seconds > HOUR_SECONDS)
            seconds = HOUR_SECONDS;
    }
    return seconds;
}

int64_t answer_retry_after_us(const char *value, int64_t now_us)
{
    if (!value || value[0] == '\0')
        return 0;
    int64_t seconds = seconds_of(value);
    if (seconds < 0) {
        /* libcurl reads dates in all three forms that HTTP knows, whatever the locale. */
        time_t at = curl_getdate(value, NULL);
        seconds = at < 0 ? 0 : (int64_t)at - now_us / 1000000;
    }
    if (seconds <= 0)
        return 0;
    return (seconds < HOUR_SECONDS ? seconds : HOUR_SECONDS) * 1000000;
}
