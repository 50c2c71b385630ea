/*
 * The table of settings, printed: for `--help`, as a sample file, as part of the manual page.
 */
#include "service/config.h"

#include "service/config_private.h"

#include <string.h>

/* Whether a default stands between quotes in a file: texts do, words and quantities do not. */
static const char *quote(const struct setting *setting)
{
    return config_setting_is_text(setting) ? "\"" : "";
}

/* What is special about a setting. */
static const char *remark(const struct setting *setting)
{
    if (setting->traits & SETTING_LATER)
        return " (no effect in this version)";
    return setting->traits & SETTING_RELOADABLE ? "" : " (a change needs a restart)";
}

static bool opens_section(size_t index)
{
    return index == 0 || strcmp(config_settings[index - 1].section, config_settings[index].section) != 0;
}

void config_print_help(FILE *out)
{
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];
        if (opens_section(i))
            fprintf(out, "\n  %s\n", setting->section);
        fprintf(out, "    %-16s %s%s\n", setting->key, setting->help, remark(setting));
        fprintf(out, "    %-16s default %s%s%s\n", "", quote(setting), setting->default_text, quote(setting));
    }
}

void config_print_sample(FILE *out)
{
    fputs("# Rollcall. Every setting at its default; what is left out has that value, too.\n"
          "# After a change: systemctl reload rollcall\n",
          out);
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];
        if (opens_section(i))
            fprintf(out, "%s\n%s {\n", i == 0 ? "" : "}\n", setting->section);
        fprintf(out, "    # %s%s\n", setting->help, remark(setting));
        fprintf(out, "    # %s = %s%s%s\n", setting->key, quote(setting), setting->default_text,
                quote(setting));
    }
    fputs("}\n", out);
}

/* A hyphen at the start of a word and a leading period mean something to troff. */
static void print_troff(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        fputs(*text == '\\' ? "\\e" : *text == '-' ? "\\-" : (const char[]){*text, '\0'}, out);
}

void config_print_manual(FILE *out)
{
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];
        if (opens_section(i))
            fprintf(out, ".SS %s\n", setting->section);
        fprintf(out, ".TP\n.B %s\n", setting->key);
        print_troff(out, setting->help);
        fprintf(out, "%s.\nDefault: ", remark(setting));
        print_troff(out, setting->default_text[0] == '\0' ? "empty" : setting->default_text);
        fputs(".\n", out);
    }
}

void config_each_without_effect(const struct config *config, void (*name_cb)(void *context, const char *name),
                                void *context)
{
    struct config defaults = {0};

    config_set_defaults(&defaults);
    for (size_t i = 0; i < config_setting_count; i++)
        if (config_settings[i].traits & SETTING_LATER &&
            !config_setting_same(&config_settings[i], config, &defaults))
            name_cb(context, config_settings[i].name);
    config_free_texts(&defaults);
}
