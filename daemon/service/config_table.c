/*
 * The table of settings, and what their texts turn into. Every wrong value is told the same way.
 */
#include "service/config_private.h"

#include "base/memory.h"
#include "core/model.h"
#include "service/listen.h"
#include "service/quantity.h"

#include <stdlib.h>
#include <string.h>

#define SECOND     INT64_C(1000000)
#define DAY        (86400 * SECOND)
#define AT(member) offsetof(struct config, member)

#define SETTING_NAME(section, key) section, key, section "." key

const struct setting config_settings[] = {
    {SETTING_NAME("api", "url"), SETTING_URL, AT(api.url), "https://api.luzmo.com/0.1.0", 0, 4096,
     SETTING_RELOADABLE,
     "base address of the Luzmo API, https only: EU https://api.luzmo.com/0.1.0, US https://api.us.luzmo.com/0.1.0, or your VPC's"},
    {SETTING_NAME("api", "organization_id"), SETTING_TEXT, AT(api.organization_id), "", 0,
     ORGANIZATION_ID_MAX, 0, "the organization that must answer; empty: the first complete poll pins it"},
    {SETTING_NAME("api", "ca_file"), SETTING_TEXT, AT(api.ca_file), "", 0, 4096, SETTING_RELOADABLE,
     "PEM file of the certificate authorities to trust instead of the system's"},
    {SETTING_NAME("api", "key_file"), SETTING_TEXT, AT(api.key_file), "", 0, 4096, SETTING_RELOADABLE,
     "file with the API key; empty: /etc/rollcall/luzmo-key"},
    {SETTING_NAME("api", "token_file"), SETTING_TEXT, AT(api.token_file), "", 0, 4096, SETTING_RELOADABLE,
     "file with the API token; empty: /etc/rollcall/luzmo-token"},
    {SETTING_NAME("api", "proxy"), SETTING_TEXT, AT(api.proxy), "", 0, 4096, SETTING_RELOADABLE,
     "proxy for the API, for example http://proxy.example:3128; the environment's proxy variables are ignored"},
    {SETTING_NAME("database", "conninfo"), SETTING_TEXT, AT(database.conninfo), "dbname=rollcall", 0, 4096, 0,
     "libpq connection string or URI; PG* variables, service files and pass files work as everywhere"},
    {SETTING_NAME("database", "migrate"), SETTING_MIGRATE, AT(database.migrate), "auto", 0, 0,
     SETTING_RELOADABLE,
     "auto: `run` and `once` create or upgrade the schema when they may; never: only `rollcall migrate` does"},
    {SETTING_NAME("sync", "interval"), SETTING_DURATION, AT(sync.interval), "5min", SECOND, 7 * DAY,
     SETTING_RELOADABLE, "from the start of one poll to the start of the next"},
    {SETTING_NAME("sync", "stall_timeout"), SETTING_DURATION, AT(sync.stall_timeout), "60s", SECOND, DAY,
     SETTING_RELOADABLE, "a pull without a byte for this long has failed"},
    {SETTING_NAME("sync", "total_timeout"), SETTING_DURATION, AT(sync.total_timeout), "10min", SECOND, DAY,
     SETTING_RELOADABLE, "a pull that takes longer has failed"},
    {SETTING_NAME("sync", "removal_polls"), SETTING_COUNT, AT(sync.removal_polls), "2", 1, 1000,
     SETTING_RELOADABLE, "complete polls in a row without a member before it counts as gone"},
    {SETTING_NAME("sync", "confirm_after"), SETTING_DURATION, AT(sync.confirm_after), "30s", SECOND, DAY,
     SETTING_RELOADABLE,
     "least time between two polls that count a member's absence; `once` waits up to 5min for it, else a later run counts"},
    {SETTING_NAME("sync", "full_compare"), SETTING_DURATION, AT(sync.full_compare), "1h", SECOND, 365 * DAY,
     SETTING_RELOADABLE, "how often every member is compared by value, whatever the digests say"},
    {SETTING_NAME("sync", "max_gap"), SETTING_DURATION, AT(sync.max_gap), "15min", SECOND, 365 * DAY,
     SETTING_RELOADABLE, "polls further apart than this are a gap in coverage; unset: three intervals"},
    {SETTING_NAME("sync", "max_body"), SETTING_SIZE, AT(sync.max_body), "2GiB", 1024, INT64_C(1) << 40,
     SETTING_RELOADABLE, "an answer with more bytes has failed"},
    {SETTING_NAME("sync", "max_members"), SETTING_COUNT, AT(sync.max_members), "5000000", 1, 100000000,
     SETTING_RELOADABLE, "an answer with more members has failed"},
    {SETTING_NAME("guard", "removals"), SETTING_SHARE, AT(guard.removals), "15%", 0, 0, SETTING_RELOADABLE,
     "share of the members that may leave within 24 hours, never more than half of them; what goes beyond is held"},
    {SETTING_NAME("guard", "removals_floor"), SETTING_COUNT, AT(guard.removals_floor), "2", 0, 1000000,
     SETTING_RELOADABLE,
     "so many may leave within 24 hours even when that is a larger share, up to half of the members"},
    {SETTING_NAME("guard", "removals_max"), SETTING_COUNT, AT(guard.removals_max), "1000", 1, 100000000,
     SETTING_RELOADABLE, "no more than this may leave within 24 hours, however large the organization"},
    {SETTING_NAME("guard", "vanished_flags"), SETTING_SHARE, AT(guard.vanished_flags), "15%", 0, 0,
     SETTING_RELOADABLE,
     "share of the members of whom flags that were known may be missing in an answer before these changes are held"},
    {SETTING_NAME("guard", "demotions"), SETTING_SHARE, AT(guard.demotions), "off", 0, 0, SETTING_RELOADABLE,
     "share of the members who may get a lesser role in one poll before that is held; off: applied at once, with an alert"},
    {SETTING_NAME("guard", "owner_grants"), SETTING_SHARE, AT(guard.owner_grants), "off", 0, 0,
     SETTING_RELOADABLE,
     "share of the members who may become owners in one poll before that is held; off: applied at once, with an alert"},
    {SETTING_NAME("guard", "min_owners"), SETTING_COUNT, AT(guard.min_owners), "1", 0, 1000000,
     SETTING_RELOADABLE, "fewer owners than this raise an alert"},
    {SETTING_NAME("http", "listen"), SETTING_LISTEN, AT(http.listen), "", 0, 4096, SETTING_LATER,
     "address:port for metrics and health, for example 127.0.0.1:9464 or [::1]:9464; empty: off"},
    {SETTING_NAME("log", "level"), SETTING_LEVEL, AT(log.level), "info", 0, 0, SETTING_RELOADABLE,
     "error, warning, notice, info or debug"},
};

const size_t config_setting_count = sizeof(config_settings) / sizeof(config_settings[0]);

/* --- one value ---------------------------------------------------------------------------------------------------- */

/* How the numbers of a type are written. */
struct notation {
    int (*parse)(const char *text, int64_t *ret_number);
    enum quantity_kind kind;
    const char *expected;
};

static const struct notation notations[] = {
    [SETTING_DURATION] = {quantity_duration, QUANTITY_DURATION, "a duration such as 30s, 5min or 1h"},
    [SETTING_SIZE] = {quantity_size, QUANTITY_SIZE, "a size such as 64KiB, 100MiB or 2GiB"},
    [SETTING_COUNT] = {quantity_count, QUANTITY_COUNT, "a whole number"},
};

static int set_number(const struct setting *setting, const char *text, void *target, struct error *error)
{
    const struct notation *notation = &notations[setting->type];
    char least[32], most[32];
    int64_t number = 0;

    if (notation->parse(text, &number) < 0)
        return error_set(error, ERROR_CONFIG, "%s is \"%s\", expected %s", setting->name, text,
                         notation->expected);
    if (number < setting->least || number > setting->most) {
        quantity_format(setting->least, notation->kind, least, sizeof(least));
        quantity_format(setting->most, notation->kind, most, sizeof(most));
        return error_set(error, ERROR_CONFIG, "%s is %s, expected something from %s to %s", setting->name,
                         text, least, most);
    }
    *(int64_t *)target = number;
    return 0;
}

/* A URL and a connection string are not repeated in a sentence: they may have a password in them. */
static int set_text(const struct setting *setting, const char *text, char **target, struct error *error)
{
    if (setting->type == SETTING_URL && strncmp(text, "https://", 8) != 0)
        return error_set(error, ERROR_CONFIG,
                         "%s does not begin with https://; write it like https://api.luzmo.com/0.1.0",
                         setting->name);
    if (setting->type == SETTING_LISTEN && text[0] != '\0' && !listen_valid(text))
        return error_set(
            error, ERROR_CONFIG,
            "%s is \"%s\", expected address:port such as 127.0.0.1:9464 or [::1]:9464, or nothing",
            setting->name, text);
    if (strlen(text) > (size_t)setting->most)
        return error_set(error, ERROR_CONFIG, "%s is too long, expected at most %lld bytes", setting->name,
                         (long long)setting->most);
    free(*target);
    *target = memory_string(text);
    return 0;
}

int config_set(struct config *config, const struct setting *setting, const char *text, struct error *error)
{
    void *target = (char *)config + setting->offset;

    switch (setting->type) {
    case SETTING_TEXT:
    case SETTING_URL:
    case SETTING_LISTEN:
        return set_text(setting, text, target, error);
    case SETTING_DURATION:
    case SETTING_SIZE:
    case SETTING_COUNT:
        return set_number(setting, text, target, error);
    case SETTING_SHARE:
        if (quantity_share(text, target) == 0)
            return 0;
        return error_set(error, ERROR_CONFIG, "%s is \"%s\", expected a percentage such as 15%%, or off",
                         setting->name, text);
    case SETTING_LEVEL:
        if (log_level_parse(text, target))
            return 0;
        return error_set(error, ERROR_CONFIG, "%s is \"%s\", expected error, warning, notice, info or debug",
                         setting->name, text);
    case SETTING_MIGRATE:
        break;
    }
    *(enum config_migrate *)target = strcmp(text, "never") == 0 ? CONFIG_MIGRATE_NEVER : CONFIG_MIGRATE_AUTO;
    if (strcmp(text, "never") != 0 && strcmp(text, "auto") != 0)
        return error_set(error, ERROR_CONFIG, "%s is \"%s\", expected auto or never", setting->name, text);
    return 0;
}

void config_set_defaults(struct config *config)
{
    struct error error;

    for (size_t i = 0; i < config_setting_count; i++)
        if (config_set(config, &config_settings[i], config_settings[i].default_text, &error) < 0)
            error_fatal(error.text); /* the table contradicts itself */
}

bool config_setting_is_text(const struct setting *setting)
{
    return setting->type == SETTING_TEXT || setting->type == SETTING_URL || setting->type == SETTING_LISTEN;
}

/* --- two configurations ------------------------------------------------------------------------------------------- */

bool config_setting_same(const struct setting *setting, const struct config *left, const struct config *right)
{
    const void *one = (const char *)left + setting->offset;
    const void *other = (const char *)right + setting->offset;

    if (config_setting_is_text(setting))
        return strcmp(*(char *const *)one, *(char *const *)other) == 0;
    if (setting->type == SETTING_LEVEL)
        return *(const enum log_level *)one == *(const enum log_level *)other;
    if (setting->type == SETTING_MIGRATE)
        return *(const enum config_migrate *)one == *(const enum config_migrate *)other;
    return memcmp(one, other, sizeof(int64_t)) == 0; /* an int64_t or a double */
}

void config_free_texts(struct config *config)
{
    for (size_t i = 0; i < config_setting_count; i++) {
        char **text = (void *)((char *)config + config_settings[i].offset);
        if (config_setting_is_text(&config_settings[i]))
            free(*text);
    }
}
