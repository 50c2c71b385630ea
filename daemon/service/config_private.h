/*
 * The table that describes every setting: the file's reader, `--help`, the sample file and the manual page walk it.
 * Private to the config files of service/.
 */
#ifndef SERVICE_CONFIG_PRIVATE_H
#define SERVICE_CONFIG_PRIVATE_H

#include "service/config.h"

#include <stddef.h>

enum setting_type {
    SETTING_TEXT,
    SETTING_URL,
    SETTING_LISTEN,
    SETTING_DURATION,
    SETTING_SIZE,
    SETTING_COUNT,
    SETTING_SHARE,
    SETTING_LEVEL,
    SETTING_MIGRATE,
};

enum setting_trait {
    SETTING_RELOADABLE = 1, /* SIGHUP applies it */
    SETTING_LATER = 2,      /* validated, but without effect in this version */
};

struct setting {
    const char *section;
    const char *key;
    const char *name; /* "section.key" */
    enum setting_type type;
    size_t offset; /* into struct config */
    const char *default_text;
    int64_t least, most; /* of numbers, in the unit they are kept in */
    unsigned traits;
    const char *help;
};

/* Whether it is kept as a text (char *), which belongs to the configuration. */
bool config_setting_is_text(const struct setting *setting);

extern const struct setting config_settings[];
extern const size_t config_setting_count;

/* Converts the text and stores it. ERROR_CONFIG says what was found and what is expected. */
MUST_CHECK int config_set(struct config *config, const struct setting *setting, const char *text,
                          struct error *error);
void config_set_defaults(struct config *config);
void config_free_texts(struct config *config);

bool config_setting_same(const struct setting *setting, const struct config *left,
                         const struct config *right);

#endif
