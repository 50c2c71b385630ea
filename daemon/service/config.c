/*
 * The configuration's file, read with libconfuse: it knows the grammar and the lines, the table knows the keys.
 */
#include "service/config.h"

#include "base/memory.h"
#include "service/config_private.h"

#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETTINGS_MAX 64
#define SECTIONS_MAX 8

/* libconfuse's callbacks have no context of their own: this is the file being read. */
static struct {
    struct config *config;
    struct error *error;
    bool set[SETTINGS_MAX];
    const char *sections[SECTIONS_MAX];
    bool section_met[SECTIONS_MAX];
    size_t section_count;
} reading;

/* --- libconfuse's callbacks --------------------------------------------------------------------------------------- */

/* Remembers the first complaint only: what follows it is confusion. */
static void complain_cb(cfg_t *file, const char *format, va_list arguments)
{
    char text[ERROR_TEXT_MAX];

    if (reading.error->class != ERROR_NONE)
        return;
    vsnprintf(text, sizeof text, format, arguments);
    error_set(reading.error, ERROR_CONFIG, "%s:%d: %s", file->filename, file->line, text);
}

static size_t setting_index(const char *section, const char *key)
{
    size_t i = 0;

    while (strcmp(config_settings[i].section, section) != 0 || strcmp(config_settings[i].key, key) != 0)
        i++;
    return i;
}

static int value_cb(cfg_t *section, cfg_opt_t *option)
{
    size_t index = setting_index(cfg_name(section), cfg_opt_name(option));
    struct error error;

    if (reading.set[index]) {
        cfg_error(section, "%s.%s is set twice; keep one", cfg_name(section), cfg_opt_name(option));
        return -1;
    }
    reading.set[index] = true;
    if (config_set(reading.config, &config_settings[index], cfg_opt_getnstr(option, 0), &error) == 0)
        return 0;
    cfg_error(section, "%s", error.text);
    return -1;
}

static int section_cb(cfg_t *file, cfg_opt_t *option)
{
    for (size_t i = 0; i < reading.section_count; i++) {
        if (strcmp(reading.sections[i], cfg_opt_name(option)) != 0)
            continue;
        if (reading.section_met[i]) {
            cfg_error(file, "section %s appears twice; put its settings together", cfg_opt_name(option));
            return -1;
        }
        reading.section_met[i] = true;
    }
    return 0;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static bool section_known(const char *name)
{
    for (size_t i = 0; i < reading.section_count; i++)
        if (strcmp(reading.sections[i], name) == 0)
            return true;
    return false;
}

/* libconfuse copies what it is given, so one array of options serves each section in turn. */
static cfg_t *describe(void)
{
    cfg_opt_t sections[SECTIONS_MAX + 1];
    cfg_opt_t keys[SECTIONS_MAX][SETTINGS_MAX];
    cfg_opt_t end = CFG_END();

    for (size_t i = 0; i < config_setting_count; i++) {
        const char *name = config_settings[i].section;
        if (section_known(name))
            continue;
        size_t count = 0;
        for (size_t k = 0; k < config_setting_count; k++)
            if (strcmp(config_settings[k].section, name) == 0)
                keys[reading.section_count][count++] = (cfg_opt_t)CFG_STR(config_settings[k].key, NULL,
                                                                          CFGF_NODEFAULT);
        keys[reading.section_count][count] = end;
        sections[reading.section_count] = (cfg_opt_t)CFG_SEC(name, keys[reading.section_count],
                                                             CFGF_NODEFAULT);
        reading.sections[reading.section_count++] = name;
    }
    sections[reading.section_count] = end;
    return cfg_init(sections, CFGF_NONE);
}

static void watch(cfg_t *file)
{
    char path[128];

    cfg_set_error_function(file, complain_cb);
    for (size_t i = 0; i < config_setting_count; i++) {
        snprintf(path, sizeof path, "%s|%s", config_settings[i].section, config_settings[i].key);
        cfg_set_validate_func(file, path, value_cb);
    }
    for (size_t i = 0; i < reading.section_count; i++)
        cfg_set_validate_func(file, reading.sections[i], section_cb);
}

static int read_file(const char *path, struct config *config, struct error *error)
{
    error_clear(error);
    memset(&reading, 0, sizeof reading);
    reading.config = config;
    reading.error = error;
    cfg_t *file = describe();
    watch(file);
    int status = cfg_parse(file, path);
    cfg_free(file);
    if (status == CFG_FILE_ERROR)
        return error_set(error, ERROR_CONFIG, "the configuration %s cannot be read: %s", path,
                         strerror(errno));
    if (status != CFG_SUCCESS && error->class == ERROR_NONE)
        return error_set(error, ERROR_CONFIG, "%s is not a configuration that can be understood", path);
    return -(int)error->class;
}

/* What follows from settings that were left out. */
static void derive(struct config *config)
{
    if (!reading.set[setting_index("sync", "max_gap")])
        config->sync.max_gap = 3 * config->sync.interval;
}

int config_read(const char *path, struct config *ret_config, struct error *error)
{
    const char *file = path != NULL ? path : CONFIG_DEFAULT_FILE;
    int status = 0;

    memset(ret_config, 0, sizeof *ret_config);
    memset(&reading, 0, sizeof reading);
    config_set_defaults(ret_config);
    ret_config->file = memory_string(file);
    if (path != NULL || access(file, F_OK) == 0)
        status = read_file(file, ret_config, error);
    if (status == 0)
        derive(ret_config);
    else
        config_done(ret_config);
    return status;
}

void config_done(struct config *config)
{
    config_free_texts(config);
    free(config->file);
    memset(config, 0, sizeof *config);
}

void config_restart_needed(const struct config *old, const struct config *fresh, const char **ret_key)
{
    *ret_key = NULL;
    for (size_t i = 0; i < config_setting_count && *ret_key == NULL; i++)
        if ((config_settings[i].traits & SETTING_RELOADABLE) == 0 &&
            !config_setting_same(&config_settings[i], old, fresh))
            *ret_key = config_settings[i].key;
}
