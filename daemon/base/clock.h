/*
 * The two clocks of the machine. Only luzmo/ (when a poll asked and was answered), service/ and commands/ read them;
 * core/ is handed the values.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_DAY_US INT64_C(86400000000)

int64_t clock_wall_us(void);      /* microseconds since 1970, may jump */
int64_t clock_monotonic_us(void); /* microseconds since some start, never goes back, does not count suspend */

#endif
