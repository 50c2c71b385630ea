/*
 * luzmo-simulator: the Luzmo Core API on loopback, over HTTPS, with an organization in memory that tests steer.
 * README.md beside this file says how.
 */
#include "control.h"
#include "tls.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_USAGE 64

struct options {
    struct origin origin;
    const char *tls_dir, *ready_file, *key, *token;
    uint16_t port, control_port;
    enum tls_flaw flaw;
};

static const char *const help_text =
    "Usage: luzmo-simulator [OPTION]...\n"
    "Serves a simulated Luzmo Core API over HTTPS on 127.0.0.1 until it is ended by SIGTERM or SIGINT.\n"
    "\n"
    "  --port N             the API's port; 0, the default, takes a free one\n"
    "  --control-port N     the port for steering it (plain HTTP); 0, the default, takes a free one\n"
    "  --tls-dir DIR        where ca.pem is written; without it the current directory\n"
    "  --ready-file FILE    is written when everything answers: SIMULATOR_URL=... lines for a shell\n"
    "  --organization FILE  start from this answer of the API instead of the documented one\n"
    "  --members N          generate an organization of N members instead\n"
    "  --seed N             which one (default 1)\n"
    "  --key, --token TEXT  the credentials that are accepted\n"
    "  --tls-flaw WHAT      none, expired, self-signed, wrong-host or unknown-ca\n";

/* --- the command line --------------------------------------------------------------------------------------------- */

static const struct option long_options[] = {
    {"port", required_argument, NULL, 'p'},
    {"control-port", required_argument, NULL, 'c'},
    {"tls-dir", required_argument, NULL, 'd'},
    {"ready-file", required_argument, NULL, 'r'},
    {"organization", required_argument, NULL, 'o'},
    {"members", required_argument, NULL, 'm'},
    {"seed", required_argument, NULL, 's'},
    {"key", required_argument, NULL, 'k'},
    {"token", required_argument, NULL, 't'},
    {"tls-flaw", required_argument, NULL, 'f'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int read_number(const char *text, uint64_t max, uint64_t *ret_number)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || number > max)
        return -1;
    *ret_number = number;
    return 0;
}

static int read_port(const char *text, uint16_t *ret_port)
{
    uint64_t number;
    if (read_number(text, UINT16_MAX, &number) < 0)
        return -1;
    *ret_port = (uint16_t)number;
    return 0;
}

static int take_text(const char *text, const char **ret_text)
{
    *ret_text = text;
    return 0;
}

static int take_option(struct options *options, int option, const char *value)
{
    switch (option) {
    case 'p':
        return read_port(value, &options->port);
    case 'c':
        return read_port(value, &options->control_port);
    case 'd':
        return take_text(value, &options->tls_dir);
    case 'r':
        return take_text(value, &options->ready_file);
    case 'o':
        return take_text(value, &options->origin.file);
    case 'm':
        return read_number(value, 100000000, &options->origin.members);
    case 's':
        return read_number(value, UINT64_MAX, &options->origin.seed);
    case 'k':
        return take_text(value, &options->key);
    case 't':
        return take_text(value, &options->token);
    default:
        return tls_flaw_parse(value, &options->flaw);
    }
}

/* 0; 1 when help was asked for; -1 when something is wrong and was said. */
static int read_options(int argc, char **argv, struct options *options)
{
    int option, index = 0;
    while ((option = getopt_long(argc, argv, "", long_options, &index)) != -1) {
        if (option == 'h')
            return 1;
        if (option == '?')
            return -1;
        if (take_option(options, option, optarg) < 0) {
            fprintf(stderr, "luzmo-simulator: --%s cannot be '%s'; see --help.\n", long_options[index].name,
                    optarg);
            return -1;
        }
    }
    if (optind == argc)
        return 0;
    fprintf(stderr, "luzmo-simulator: '%s' is not an option; see --help.\n", argv[optind]);
    return -1;
}

/* --- telling where it is ------------------------------------------------------------------------------------------ */

static void print_places(FILE *out, const struct options *options, const struct listener *api,
                         const struct listener *control)
{
    char directory[4096];
    if (!realpath(options->tls_dir, directory))
        snprintf(directory, sizeof(directory), "%s", options->tls_dir);
    fprintf(out,
            "SIMULATOR_URL=https://127.0.0.1:%u/0.1.0\n"
            "SIMULATOR_LOCALHOST_URL=https://localhost:%u/0.1.0\n"
            "SIMULATOR_CONTROL=http://127.0.0.1:%u\n"
            "SIMULATOR_PORT=%u\n"
            "SIMULATOR_CA='%s/ca.pem'\n"
            "SIMULATOR_KEY='%s'\n"
            "SIMULATOR_TOKEN='%s'\n"
            "SIMULATOR_PID=%d\n",
            api->port, api->port, control->port, api->port, directory, options->key, options->token,
            (int)getpid());
}

/* Whoever waits for the file sees it whole or not at all. */
static int write_ready_file(const struct options *options, const struct listener *api,
                            const struct listener *control, struct problem *problem)
{
    char draft[4096];
    snprintf(draft, sizeof(draft), "%s.new", options->ready_file);
    FILE *file = fopen(draft, "w");
    if (!file)
        return problem_set(problem, 500, "%s cannot be written: %s.", draft, strerror(errno));
    print_places(file, options, api, control);
    if (fclose(file) != 0 || rename(draft, options->ready_file) != 0)
        return problem_set(problem, 500, "%s cannot be written: %s.", options->ready_file, strerror(errno));
    return 0;
}

static int announce(const struct options *options, const struct listener *api, const struct listener *control,
                    struct problem *problem)
{
    print_places(stdout, options, api, control);
    fflush(stdout);
    return options->ready_file ? write_ready_file(options, api, control, problem) : 0;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void wait_for_the_end(const sigset_t *signals)
{
    int signal;
    while (sigwait(signals, &signal) != 0)
        ;
}

static int serve(const struct options *options, const struct tls_identity *identity, struct api *api,
                 struct problem *problem)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct listener api_listener = {.port = options->port,
                                    .handler = api_handle,
                                    .context = api,
                                    .certificate_pem = identity->certificate_pem,
                                    .key_pem = identity->key_pem};
    struct control control = {
        .api = api, .api_listener = &api_listener, .listening = PTHREAD_MUTEX_INITIALIZER};
    struct listener control_listener = {
        .port = options->control_port, .handler = control_handle, .context = &control};
    int result = -1;
    if (listener_open(&api_listener, problem) == 0 && listener_open(&control_listener, problem) == 0 &&
        announce(options, &api_listener, &control_listener, problem) == 0) {
        wait_for_the_end(&signals);
        result = 0;
    }
    faults_clear(api->faults);
    listener_close(&control_listener);
    listener_close(&api_listener);
    return result;
}

static int run(const struct options *options, struct problem *problem)
{
    struct tls_identity identity;
    struct api api = {.organization = organization_new(&options->origin, problem),
                      .faults = faults_new(),
                      .own = token_new(options->key),
                      .limit = limit_new(),
                      .journal = journal_new(),
                      .key = options->key,
                      .token = options->token};
    tls_identity_make(options->flaw, &identity);
    int result = -1;
    if (api.organization && tls_identity_publish(&identity, options->tls_dir, problem) == 0)
        result = serve(options, &identity, &api, problem);
    tls_identity_done(&identity);
    organization_free(api.organization);
    journal_free(api.journal);
    faults_free(api.faults);
    token_free(api.own);
    limit_free(api.limit);
    return result;
}

int main(int argc, char **argv)
{
    struct options options = {
        .origin = {.file = SIMULATOR_DOCUMENTED_ANSWER, .seed = 1},
        .tls_dir = ".",
        .key = "00000000-5111-4000-8000-000000000001",
        .token = "the-simulated-token",
    };
    struct problem problem;
    switch (read_options(argc, argv, &options)) {
    case 0:
        break;
    case 1:
        fputs(help_text, stdout);
        return EXIT_SUCCESS;
    default:
        return EXIT_USAGE;
    }
    if (run(&options, &problem) == 0)
        return EXIT_SUCCESS;
    fprintf(stderr, "luzmo-simulator: %s\n", problem.text);
    return EXIT_FAILURE;
}
