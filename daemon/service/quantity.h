/*
 * Quantities as people write them in a configuration: 5min, 2GiB, 15%.
 */
#ifndef SERVICE_QUANTITY_H
#define SERVICE_QUANTITY_H

#include <stddef.h>
#include <stdint.h>

/* 0, or -1 when the text is not one. A whole number and a unit, nothing else. */
int quantity_duration(const char *text, int64_t *ret_us);  /* us, ms, s, min, h, d; microseconds */
int quantity_size(const char *text, int64_t *ret_bytes);   /* B, KiB, MiB, GiB, TiB or none; bytes */
int quantity_count(const char *text, int64_t *ret_number); /* no unit */
int quantity_share(const char *text,
                   double *ret_share); /* 0% to 100%, decimals allowed, as 0 to 1; off is -1 */

enum quantity_kind { QUANTITY_DURATION, QUANTITY_SIZE, QUANTITY_COUNT };

/* The other way, for messages: in the largest unit that divides it ("5min", "2GiB", "1000"). */
void quantity_format(int64_t number, enum quantity_kind kind, char *ret_text, size_t size);

#endif
