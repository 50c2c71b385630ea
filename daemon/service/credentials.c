/*
 * Key and token of the API: where they are looked for, and which places are refused.
 */
#include "service/credentials.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX 4096

extern char **environ;

/* What credentials_take_environment found. */
static struct secret environment_key;
static struct secret environment_token;

/* --- the environment ---------------------------------------------------------------------------------------------- */

/* Takes one variable and overwrites its value where the kernel shows it (/proc/PID/environ). */
static void take_variable(const char *name, struct secret *ret_secret)
{
    char *value = getenv(name);

    if (!value)
        return;
    secret_set(ret_secret, value, strlen(value));
    secret_wipe(value, strlen(value));
    unsetenv(name);
}

void credentials_take_environment(void)
{
    prctl(PR_SET_DUMPABLE, 0);
    take_variable("LUZMO_KEY", &environment_key);
    take_variable("LUZMO_TOKEN", &environment_token);
}

/* --- one file ----------------------------------------------------------------------------------------------------- */

static int refuse_unsafe(int fd, const char *path, bool check_mode, struct error *error)
{
    struct stat status;

    if (fstat(fd, &status) < 0)
        return error_set(error, ERROR_CONFIG, "%s cannot be examined: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_CONFIG, "%s is not a file", path);
    if (check_mode && (status.st_mode & (S_IROTH | S_IWOTH)) != 0)
        return error_set(error, ERROR_CONFIG,
                         "%s can be read or written by everybody; run: chgrp rollcall %s && chmod 0640 %s",
                         path, path, path);
    return 0;
}

static bool one_line(const char *bytes, ssize_t length)
{
    return length <= SECRET_MAX && !memchr(bytes, '\0', (size_t)length) &&
           !memchr(bytes, '\n', (size_t)length);
}

static int read_secret(int fd, const char *path, struct secret *ret_secret, struct error *error)
{
    char bytes[SECRET_MAX + 1];
    ssize_t length = read(fd, bytes, sizeof(bytes));
    int status = 0;

    if (length < 0)
        status = error_set(error, ERROR_CONFIG, "%s cannot be read: %s", path, strerror(errno));
    while (length > 0 && length <= SECRET_MAX && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
        length--;
    if (status == 0 && length == 0)
        status = error_set(error, ERROR_CONFIG, "%s is empty; put the value into it", path);
    if (status == 0 && !one_line(bytes, length))
        status = error_set(error, ERROR_CONFIG,
                           "%s does not look like a key or token: it must be one line of text", path);
    if (status == 0)
        secret_set(ret_secret, bytes, (size_t)length);
    secret_wipe(bytes, sizeof(bytes));
    return status;
}

/* 1 with the secret, 0 when there is no such file, negative when there is one that cannot be used. systemd keeps its own
 * copies unreadable to others, so their mode is not looked at. */
static int read_file(const char *path, bool check_mode, struct secret *ret_secret, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 && errno == EACCES)
        return error_set(
            error, ERROR_CONFIG,
            "%s may not be read by this user; give it owner root:rollcall and mode 0640, and run the "
            "command as the service's user: sudo -u rollcall rollcall ...",
            path);
    if (fd < 0)
        return error_set(error, ERROR_CONFIG, "%s cannot be opened: %s", path, strerror(errno));
    int status = refuse_unsafe(fd, path, check_mode, error);
    if (status == 0)
        status = read_secret(fd, path, ret_secret, error);
    close(fd);
    return status == 0 ? 1 : status;
}

/* --- the places, in order ----------------------------------------------------------------------------------------- */

/* Both from one directory: 1 when both were there, 0 when neither, an error when one is missing. */
static int read_pair(const char *key_path, const char *token_path, bool check_mode,
                     struct credentials *credentials, struct error *error)
{
    int key = read_file(key_path, check_mode, &credentials->key, error);
    if (key < 0)
        return key;
    int token = read_file(token_path, check_mode, &credentials->token, error);
    if (token < 0)
        return token;
    if (key != token)
        return error_set(error, ERROR_CONFIG, "%s is there, but %s is missing", key ? key_path : token_path,
                         key ? token_path : key_path);
    return key;
}

/* A lone newline is what the unit files put in the place of a file that is missing, because systemd starts no service
 * without it. */
static bool is_given(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && status.st_size > 1;
}

static int from_systemd(struct credentials *credentials, struct error *error)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    int status = 0;

    if (!directory || directory[0] != '/')
        return 0;
    char *key_path = memory_format("%s/luzmo-key", directory);
    char *token_path = memory_format("%s/luzmo-token", directory);
    char *passfile = memory_format("%s/pgpass", directory);
    if (is_given(key_path) &&
        is_given(token_path)) /* else the files are asked, and what is missing is said of them */
        status = read_pair(key_path, token_path, false, credentials, error);
    if (status > 0)
        snprintf(credentials->source, sizeof(credentials->source), "the service's credentials");
    if (is_given(passfile)) {
        credentials->passfile = passfile;
        passfile = NULL;
    }
    free(key_path);
    free(token_path);
    free(passfile);
    return status;
}

static int from_files(const struct config *config, struct credentials *credentials, struct error *error)
{
    const char *key_path = config->api.key_file[0] != '\0' ? config->api.key_file : CREDENTIALS_KEY_FILE;
    const char *token_path = config->api.token_file[0] != '\0' ? config->api.token_file
                                                               : CREDENTIALS_TOKEN_FILE;
    int status = read_pair(key_path, token_path, true, credentials, error);

    if (status > 0)
        snprintf(credentials->source, sizeof(credentials->source), "%.120s and %.120s", key_path, token_path);
    if (status == 0 && config->api.key_file[0] != '\0')
        return error_set(error, ERROR_CONFIG, "api.key_file names %s, which does not exist", key_path);
    if (status == 0 && config->api.token_file[0] != '\0')
        return error_set(error, ERROR_CONFIG, "api.token_file names %s, which does not exist", token_path);
    return status;
}

static int from_environment(struct credentials *credentials)
{
    if (!secret_is_set(&environment_key) || !secret_is_set(&environment_token))
        return 0;
    secret_set(&credentials->key, environment_key.bytes, environment_key.length);
    secret_set(&credentials->token, environment_token.bytes, environment_token.length);
    snprintf(credentials->source, sizeof(credentials->source), "the environment (LUZMO_KEY, LUZMO_TOKEN)");
    return 1;
}

int credentials_read(const struct config *config, struct credentials *ret_credentials, struct error *error)
{
    memset(ret_credentials, 0, sizeof(*ret_credentials));
    int status = from_systemd(ret_credentials, error);
    if (status == 0)
        status = from_files(config, ret_credentials, error);
    if (status == 0)
        status = from_environment(ret_credentials);
    if (status == 0)
        status = error_set(
            error, ERROR_CONFIG,
            "there is no API key and token; put them into %s and %s (owner root:rollcall, mode 0640), or set LUZMO_KEY "
            "and LUZMO_TOKEN",
            CREDENTIALS_KEY_FILE, CREDENTIALS_TOKEN_FILE);
    if (status < 0)
        credentials_done(ret_credentials);
    return status < 0 ? status : 0;
}

void credentials_done(struct credentials *credentials)
{
    secret_done(&credentials->key);
    secret_done(&credentials->token);
    free(credentials->passfile);
    memset(credentials, 0, sizeof(*credentials));
}
