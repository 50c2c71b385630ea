/*
 * Points in time: microseconds since 1970-01-01T00:00:00Z in an int64_t, as text by RFC 3339.
 */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMESTAMP_TEXT_MAX 33

/* RFC 3339 as the API sends it: 2020-01-01T11:11:27.370Z, any numeric offset, fraction of 1 to 9 digits (beyond the
 * sixth cut off), years 0001 to 9999 also after normalising to UTC, real dates only, second 60 refused. */
bool timestamp_parse(const char *text, size_t length, int64_t *ret_us);

/* What a person may type: the above, with a space for T, `+00` for an offset, no seconds, no offset (UTC), or only a
 * date (its first instant, UTC). */
bool timestamp_parse_lenient(const char *text, size_t length, int64_t *ret_us);

/* 2020-01-01T11:11:27.370Z: UTC, as many fraction digits as needed out of 0, 3 and 6. */
void timestamp_format(int64_t us, char ret_text[TIMESTAMP_TEXT_MAX]);

#endif
