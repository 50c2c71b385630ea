/*
 * The configuration: whatever the file holds, either every setting is within its bounds or one sentence names file and
 * line, nothing is left behind, and the next file is read as if there had been none before (a broken file at SIGHUP).
 *
 * Input: the file.
 */
#include "fuzz.h"
#include "service/config.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define SECOND INT64_C(1000000)
#define DAY    (86400 * SECOND)

struct memory_file {
    int fd;
    char path[64];
};

static void write_file(struct memory_file *file, const void *text, size_t length)
{
    file->fd = memfd_create("rollcall.conf", MFD_CLOEXEC);
    claim(file->fd >= 0 && write(file->fd, text, length) == (ssize_t)length, "no memory for a file");
    snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
}

static int read_text(const void *text, size_t length, struct config *ret_config, struct error *error)
{
    struct memory_file file;

    write_file(&file, text, length);
    int status = config_read(file.path, ret_config, error);
    close(file.fd);
    return status;
}

static bool is_within(int64_t value, int64_t least, int64_t most)
{
    return value >= least && value <= most;
}

static bool is_share(double share)
{
    return share == -1 || (share >= 0 && share <= 1);
}

static void check_bounds(const struct config *config)
{
    claim(strncmp(config->api.url, "https://", 8) == 0, "an address is not https");
    claim(strlen(config->api.organization_id) <= ORGANIZATION_ID_MAX, "an organization's id is too long");
    claim(config->api.ca_file && config->api.key_file && config->api.token_file && config->api.proxy &&
              config->database.conninfo && config->http.listen && config->file,
          "a text is missing");
    claim(is_within(config->sync.interval, SECOND, 7 * DAY) &&
              is_within(config->sync.stall_timeout, SECOND, DAY) &&
              is_within(config->sync.total_timeout, SECOND, DAY) &&
              is_within(config->sync.confirm_after, SECOND, DAY) && config->sync.max_gap >= SECOND,
          "a duration is out of bounds");
    claim(is_within(config->sync.removal_polls, 1, 1000) &&
              is_within(config->sync.max_members, 1, 100000000) &&
              is_within(config->sync.max_body, 1024, INT64_C(1) << 40),
          "a number is out of bounds");
    claim(is_share(config->guard.removals) && is_share(config->guard.vanished_flags) &&
              is_share(config->guard.demotions) && is_share(config->guard.owner_grants),
          "a share is out of bounds");
}

/* What came before leaves no trace. */
static void check_next_file(void)
{
    static const char text[] = "api { organization_id = \"ours\" }\n/* and */ sync { interval = 7min }\n";
    struct config config;
    struct error error = {.class = ERROR_NONE};

    if (read_text(text, strlen(text), &config, &error) != 0)
        fprintf(stderr, "%s\n", error.text);
    claim(error.class == ERROR_NONE, "after this file a good one is refused");
    claim(strcmp(config.api.organization_id, "ours") == 0 && config.sync.interval == 420 * SECOND &&
              config.sync.removal_polls == 2,
          "after this file a good one is misread");
    config_done(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config, again;
    struct error error, same;
    const char *name = NULL;

    int status = read_text(data, size, &config, &error);
    check_next_file();
    claim(read_text(data, size, &again, &same) == status, "a second look decides otherwise");
    if (status < 0) {
        claim_refusal(&error, status, ERROR_CONFIG);
        return 0;
    }
    check_bounds(&config);
    config_restart_needed(&config, &again, &name);
    claim(!name, "a second look reads other settings");
    config_done(&config);
    config_done(&again);
    return 0;
}
