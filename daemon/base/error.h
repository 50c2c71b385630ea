/*
 * Errors by value: a class that decides what happens next, and one sentence for a person.
 *
 * Knows nothing of logs or exit codes; commands/ maps classes to exit codes, core/cycle to retries.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

#define MUST_CHECK                 __attribute__((warn_unused_result))
#define PRINTF_LIKE(string, first) __attribute__((format(printf, string, first)))

enum error_class {
    ERROR_NONE = 0,
    ERROR_USAGE,  /* a wrong argument on the command line */
    ERROR_CONFIG, /* a wrong setting, an unusable file, a wrong URL, a schema that needs its administrator */
    ERROR_CREDENTIALS, /* the API or the database rejected who we say we are */
    ERROR_UNAVAILABLE, /* API, TLS or database away; trying again may help */
    ERROR_MALFORMED,   /* the API answered, but not with what can be believed */
    ERROR_BUSY,        /* another instance holds the lock */
    ERROR_VERIFY,      /* a verification failed */
    ERROR_INTERNAL,    /* a defect of ours, or the machine has not what every program needs */
};

#define ERROR_TEXT_MAX 768

/* One sentence, UTF-8, without a trailing period or newline; cut at a character boundary when too long. */
struct error {
    enum error_class class;
    char text[ERROR_TEXT_MAX];
};

/* Sets class and text. A NULL error is allowed. Returns -(int)class, so that `return error_set(...)` works. */
int error_set(struct error *error, enum error_class class, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "<what was being done>: " before the text, the class stays. Returns -(int)class of the error; without an error
 * to ask (NULL) the class counts as ERROR_INTERNAL. */
int error_wrap(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

/* Back to "no error". */
void error_clear(struct error *error);

/* The stable lower-case word of a class, for logs and the column cycle.error_class: "unavailable". */
const char *error_class_name(enum error_class class);

/* Writes the sentence to stderr and aborts: for the few wants without which nothing can go on, such as heap or random
 * bytes. */
_Noreturn void error_fatal(const char *sentence);

#endif
