/*
 * The configuration's file, read with libconfuse: it knows the grammar and the lines, the table knows the keys.
 */
#include "service/config.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "service/config_comments.h"
#include "service/config_private.h"

#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETTINGS_MAX 64
#define SECTIONS_MAX 8
#define FILE_MAX     ((size_t)1024 * 1024)

/* libconfuse takes the end of the file for the end of a section or comment, too. This option follows the file's own text:
 * met inside a section, where it is not known, it tells of a missing brace; never met, of an open comment or text. */
#define END_OF_FILE "END-OF-FILE"
#define OPEN_TEXT   "a comment or a quoted text; add the missing */ or quote"

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

/* Remembers the first complaint only: what follows it is confusion. The text may repeat any bytes of the file. Returns
 * what a callback of libconfuse does then. */
static int complain(const cfg_t *file, const char *text, const char *advice)
{
    struct buffer shown;

    if (reading.error->class != ERROR_NONE)
        return -1;
    buffer_init(&shown, SIZE_MAX);
    utf8_add_printable(&shown, text, strlen(text));
    error_set(reading.error, ERROR_CONFIG, "%s:%d: %s%s", file->filename, file->line, shown.data, advice);
    buffer_done(&shown);
    return -1;
}

/* Something is open at the file's end, and no line can be told: it began somewhere before. */
static void complain_end(const cfg_t *file, const char *inside)
{
    if (reading.error->class == ERROR_NONE)
        error_set(reading.error, ERROR_CONFIG, "%s: the file ends inside %s", file->filename, inside);
}

/* libconfuse's own complaints: about the grammar, and about names that it was not told. */
PRINTF_LIKE(2, 0)
static void complain_cb(cfg_t *file, const char *format, va_list arguments)
{
    char text[ERROR_TEXT_MAX];

    vsnprintf(text, sizeof(text), format, arguments);
    if (strstr(text, END_OF_FILE))
        complain_end(file, "a section; add the missing }");
    else if (strcmp(text, "premature end of file") == 0 || strcmp(text, "unterminated string constant") == 0)
        complain_end(file, OPEN_TEXT);
    else
        complain(file, text, "; every section and setting: rollcall --help-config");
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

    if (reading.set[index])
        return complain(section, config_settings[index].name, " is set twice; keep one");
    reading.set[index] = true;
    if (config_set(reading.config, &config_settings[index], cfg_opt_getnstr(option, 0), &error) < 0)
        return complain(section, error.text, "");
    return 0;
}

static int section_cb(cfg_t *file, cfg_opt_t *option)
{
    for (size_t i = 0; i < reading.section_count; i++) {
        if (strcmp(reading.sections[i], cfg_opt_name(option)) != 0)
            continue;
        if (reading.section_met[i])
            return complain(file, cfg_opt_name(option), " is a section already; put its settings together");
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

/* Here and not by cfg_set_validate_func, which passes over what it finds no memory for without a word: the setting would
 * be lost. */
static cfg_opt_t with_check(cfg_opt_t option, cfg_validate_callback_t validate_cb)
{
    option.validcb = validate_cb;
    return option;
}

/* libconfuse copies what it is given, so one array of options serves each section in turn. */
static cfg_t *describe(void)
{
    cfg_opt_t sections[SECTIONS_MAX + 2];
    cfg_opt_t keys[SECTIONS_MAX][SETTINGS_MAX];
    cfg_opt_t end = CFG_END();

    for (size_t i = 0; i < config_setting_count; i++) {
        const char *name = config_settings[i].section;
        if (section_known(name))
            continue;
        size_t count = 0;
        for (size_t k = 0; k < config_setting_count; k++)
            if (strcmp(config_settings[k].section, name) == 0)
                keys[reading.section_count][count++] = with_check(
                    (cfg_opt_t)CFG_STR(config_settings[k].key, NULL, CFGF_NODEFAULT), value_cb);
        keys[reading.section_count][count] = end;
        sections[reading.section_count] = with_check(
            (cfg_opt_t)CFG_SEC(name, keys[reading.section_count], CFGF_NODEFAULT), section_cb);
        reading.sections[reading.section_count++] = name;
    }
    sections[reading.section_count] = (cfg_opt_t)CFG_BOOL(END_OF_FILE, cfg_false, CFGF_NONE);
    sections[reading.section_count + 1] = end;
    return cfg_init(sections, CFGF_NONE);
}

/* Want of memory must not look like a mistake in the file, after which systemd does not start the service again. */
static void must_have_memory(bool enough)
{
    if (!enough)
        error_fatal("out of memory while reading the configuration");
}

static int parse(const char *path, struct buffer *text, struct error *error)
{
    cfg_t *file = describe();
    FILE *stream = fmemopen(text->data, text->length, "r");

    must_have_memory(file && stream);
    cfg_set_error_function(file, complain_cb);
    file->filename = memory_string(path); /* cfg_free frees it */
    errno = 0;
    bool understood = cfg_parse_fp(file, stream) == CFG_SUCCESS;
    must_have_memory(errno != ENOMEM);
    if (understood && !cfg_getbool(file, END_OF_FILE))
        complain_end(file, OPEN_TEXT);
    fclose(stream);
    cfg_free(file);
    if (!understood && error->class == ERROR_NONE)
        return error_set(error, ERROR_CONFIG, "%s is not a configuration that can be understood", path);
    return -(int)error->class;
}

static int read_text(const char *path, struct buffer *text, struct error *error)
{
    char bytes[4096];
    size_t length = 0;
    FILE *stream = fopen(path, "re");
    bool failed = !stream;

    while (!failed && !text->overflowed && (length = fread(bytes, 1, sizeof(bytes), stream)) > 0)
        buffer_add(text, bytes, length);
    failed = failed || ferror(stream);
    int reason = errno;
    must_have_memory(!failed || reason != ENOMEM);
    if (stream)
        fclose(stream);
    if (failed)
        return error_set(error, ERROR_CONFIG, "the configuration %s cannot be read: %s%s", path,
                         strerror(reason), reason == EACCES ? CONFIG_OTHER_USER : "");
    buffer_add_text(text, "\n" END_OF_FILE " = true\n");
    if (text->overflowed)
        return error_set(error, ERROR_CONFIG, "%s is too large to be a configuration", path);
    config_comments_blank(text->data, text->length);
    return 0;
}

static int read_file(const char *path, struct config *config, struct error *error)
{
    struct buffer text;

    error_clear(error);
    reading.config = config;
    reading.error = error;
    buffer_init(&text, FILE_MAX);
    int status = read_text(path, &text, error);
    if (status == 0)
        status = parse(path, &text, error);
    buffer_done(&text);
    return status;
}

/* What follows from settings that were left out. */
static void derive(struct config *config)
{
    if (!reading.set[setting_index("sync", "max_gap")])
        config->sync.max_gap = 3 * config->sync.interval;
}

int config_read(const char *path, struct config *ret_config, struct error *error)
{
    const char *file = path ? path : CONFIG_DEFAULT_FILE;
    int status = 0;

    memset(ret_config, 0, sizeof(*ret_config));
    memset(&reading, 0, sizeof(reading));
    config_set_defaults(ret_config);
    ret_config->file = memory_string(file);
    if (path || access(file, F_OK) == 0 || errno != ENOENT)
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
    memset(config, 0, sizeof(*config));
}

void config_restart_needed(const struct config *old, const struct config *fresh, const char **ret_name)
{
    *ret_name = NULL;
    for (size_t i = 0; i < config_setting_count && !*ret_name; i++)
        if ((config_settings[i].traits & SETTING_RELOADABLE) == 0 &&
            !config_setting_same(&config_settings[i], old, fresh))
            *ret_name = config_settings[i].name;
}
