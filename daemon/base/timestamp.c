/*
 * Calendar arithmetic on whole days, counted from 0001-01-01 in the Gregorian calendar. No time zone is known here
 * but UTC, and no clock.
 */
#include "base/timestamp.h"

#define SECOND_US        INT64_C(1000000)
#define DAY_S            INT64_C(86400)
#define DAYS_BEFORE_1970 INT64_C(719162)
#define FIRST_US         INT64_C(-62135596800000000) /* 0001-01-01T00:00:00Z */
#define LAST_US          INT64_C(253402300799999999) /* 9999-12-31T23:59:59.999999Z */

#define DAYS_IN_400_YEARS 146097
#define DAYS_IN_100_YEARS 36524
#define DAYS_IN_4_YEARS   1461
#define DAYS_IN_A_YEAR    365

enum strictness { STRICT, LENIENT };

struct cursor {
    const char *at;
    const char *end;
};

struct moment {
    int year, month, day;
    int hour, minute, second;
    int microsecond;
    int offset_minutes; /* east of UTC */
};

static bool is_leap_year(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days of the year before the first of the month; month 13 gives the length of the year. */
static int days_before_month(int year, int month)
{
    static const int before[] = {0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

    return before[month] + (month > 2 && is_leap_year(year));
}

static int days_in_month(int year, int month)
{
    return days_before_month(year, month + 1) - days_before_month(year, month);
}

static int64_t moment_to_us(const struct moment *moment)
{
    int past = moment->year - 1;
    int64_t days = past * INT64_C(365) + past / 4 - past / 100 + past / 400;

    days += days_before_month(moment->year, moment->month) + moment->day - 1 - DAYS_BEFORE_1970;
    int64_t minutes = moment->hour * 60 + moment->minute - moment->offset_minutes;
    return (days * DAY_S + minutes * 60 + moment->second) * SECOND_US + moment->microsecond;
}

static bool take_one_of(struct cursor *cursor, const char *characters)
{
    if (cursor->at == cursor->end)
        return false;
    for (; *characters != '\0'; characters++) {
        if (*cursor->at == *characters) {
            cursor->at++;
            return true;
        }
    }
    return false;
}

/* Exactly `count` digits, as a number between the bounds. */
static bool take_number(struct cursor *cursor, int count, int least, int most, int *ret_number)
{
    int number = 0;

    if (cursor->end - cursor->at < count)
        return false;
    for (int i = 0; i < count; i++) {
        unsigned digit = (unsigned char)cursor->at[i] - (unsigned)'0';
        if (digit > 9)
            return false;
        number = number * 10 + (int)digit;
    }
    if (number < least || number > most)
        return false;
    cursor->at += count;
    *ret_number = number;
    return true;
}

static bool take_date(struct cursor *cursor, struct moment *moment)
{
    return take_number(cursor, 4, 1, 9999, &moment->year) && take_one_of(cursor, "-") &&
           take_number(cursor, 2, 1, 12, &moment->month) && take_one_of(cursor, "-") &&
           take_number(cursor, 2, 1, days_in_month(moment->year, moment->month), &moment->day);
}

/* The digits behind the decimal point: one to nine, of which six count. */
static bool take_fraction(struct cursor *cursor, struct moment *moment)
{
    int digit = 0;
    int weight = 100000;
    int count = 0;

    while (take_number(cursor, 1, 0, 9, &digit)) {
        moment->microsecond += digit * weight;
        weight /= 10;
        count++;
    }
    return count >= 1 && count <= 9;
}

static bool take_time(struct cursor *cursor, enum strictness strictness, struct moment *moment)
{
    if (!take_number(cursor, 2, 0, 23, &moment->hour) || !take_one_of(cursor, ":") ||
        !take_number(cursor, 2, 0, 59, &moment->minute))
        return false;
    if (!take_one_of(cursor, ":"))
        return strictness == LENIENT;
    if (!take_number(cursor, 2, 0, 59, &moment->second))
        return false;
    return !take_one_of(cursor, ".") || take_fraction(cursor, moment);
}

static bool take_offset(struct cursor *cursor, enum strictness strictness, struct moment *moment)
{
    int hours = 0;
    int minutes = 0;

    if (take_one_of(cursor, "Zz"))
        return true;
    bool west = cursor->at < cursor->end && *cursor->at == '-';
    if (!take_one_of(cursor, "+-"))
        return strictness == LENIENT;
    if (!take_number(cursor, 2, 0, 23, &hours))
        return false;
    if (take_one_of(cursor, ":")) {
        if (!take_number(cursor, 2, 0, 59, &minutes))
            return false;
    } else if (strictness == STRICT) {
        return false;
    }
    moment->offset_minutes = (west ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

static bool parse(const char *text, size_t length, enum strictness strictness, int64_t *ret_us)
{
    struct cursor cursor = {.at = text, .end = text + length};
    struct moment moment = {0};

    if (!take_date(&cursor, &moment))
        return false;
    bool only_date = strictness == LENIENT && cursor.at == cursor.end;
    if (!only_date &&
        (!take_one_of(&cursor, strictness == LENIENT ? "Tt " : "Tt") ||
         !take_time(&cursor, strictness, &moment) || !take_offset(&cursor, strictness, &moment)))
        return false;
    int64_t us = moment_to_us(&moment);
    if (cursor.at != cursor.end || us < FIRST_US || us > LAST_US)
        return false;
    *ret_us = us;
    return true;
}

bool timestamp_parse(const char *text, size_t length, int64_t *ret_us)
{
    return parse(text, length, STRICT, ret_us);
}

bool timestamp_parse_lenient(const char *text, size_t length, int64_t *ret_us)
{
    return parse(text, length, LENIENT, ret_us);
}

static int at_most(int value, int most)
{
    return value < most ? value : most;
}

/* `days` since 0001-01-01. The last day of a leap period belongs to the year before, hence the upper bounds. */
static void set_date(struct moment *moment, int days)
{
    int centuries = at_most(days % DAYS_IN_400_YEARS / DAYS_IN_100_YEARS, 3);
    int rest = days % DAYS_IN_400_YEARS - centuries * DAYS_IN_100_YEARS;
    int years = at_most(rest % DAYS_IN_4_YEARS / DAYS_IN_A_YEAR, 3);

    moment->year = days / DAYS_IN_400_YEARS * 400 + centuries * 100 + rest / DAYS_IN_4_YEARS * 4 + years + 1;
    int day_of_year = rest % DAYS_IN_4_YEARS - years * DAYS_IN_A_YEAR;
    moment->month = 1;
    while (day_of_year >= days_before_month(moment->year, moment->month + 1))
        moment->month++;
    moment->day = day_of_year - days_before_month(moment->year, moment->month) + 1;
}

static char *put_number(char *to, int number, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        to[i] = (char)('0' + number % 10);
        number /= 10;
    }
    return to + digits;
}

static char *put_two(char *to, int number, char behind)
{
    to = put_number(to, number, 2);
    *to++ = behind;
    return to;
}

void timestamp_format(int64_t us, char ret_text[TIMESTAMP_TEXT_MAX])
{
    struct moment moment;
    int64_t bounded = us < FIRST_US ? FIRST_US : us > LAST_US ? LAST_US : us;
    int64_t since_year_one = bounded - FIRST_US; /* never negative: divisions round down */
    int second_of_day = (int)(since_year_one / SECOND_US % DAY_S);
    int fraction = (int)(since_year_one % SECOND_US);
    char *to = ret_text;

    set_date(&moment, (int)(since_year_one / SECOND_US / DAY_S));
    to = put_number(to, moment.year, 4);
    *to++ = '-';
    to = put_two(to, moment.month, '-');
    to = put_two(to, moment.day, 'T');
    to = put_two(to, second_of_day / 3600, ':');
    to = put_two(to, second_of_day / 60 % 60, ':');
    to = put_number(to, second_of_day % 60, 2);
    if (fraction != 0) {
        *to++ = '.';
        to = fraction % 1000 == 0 ? put_number(to, fraction / 1000, 3) : put_number(to, fraction, 6);
    }
    *to++ = 'Z';
    *to = '\0';
}
