/*
 * Where a connection string leads, and the addresses behind its host names: libpq would look names up itself, but that
 * blocks. Knows nothing of the protocol.
 */
#include "postgres/connection_private.h"

#include "base/memory.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

/* --- reading the connection string -------------------------------------------------------------------------------- */

static const char *option_value(const PQconninfoOption *options, const char *keyword, struct arena *arena)
{
    for (const PQconninfoOption *option = options; option && option->keyword; option++)
        if (strcmp(option->keyword, keyword) == 0 && option->val)
            return arena_copy(arena, option->val, strlen(option->val));
    return NULL;
}

static const char *text_or(const char *text, const char *otherwise, struct arena *arena)
{
    return text && text[0] ? arena_copy(arena, text, strlen(text)) : otherwise;
}

static void lack_of_memory(void)
{
    error_fatal("out of memory while reading the database's connection string");
}

/* libpq fills in PG* variables, services and defaults only on the way to a connection. An impossible TLS version makes it
 * stop there, before it looks up a name or opens a socket; the password keeps it from searching the pass file. */
static PGconn *probe_start(const char *conninfo)
{
    const char *keywords[] = {"dbname", "password", "ssl_min_protocol_version", NULL};
    const char *values[] = {conninfo, "unused", "none", NULL};
    PGconn *probe = PQconnectStartParams(keywords, values, 1);

    /* Nothing tells a string that is wrong from one that there was no memory for, but these words. */
    if (!probe || strstr(PQerrorMessage(probe), "out of memory"))
        lack_of_memory();
    return probe;
}

/* PQconninfo leaves out what it finds no memory for. */
static PQconninfoOption *all_options(PGconn *probe)
{
    errno = 0;
    PQconninfoOption *options = PQconninfo(probe);

    if (!options || errno == ENOMEM)
        lack_of_memory();
    return options;
}

int connection_target_read(const char *conninfo, struct arena *arena, struct connection_target *ret_target,
                           struct error *error)
{
    PGconn *probe = probe_start(conninfo);
    PQconninfoOption *options = all_options(probe);
    const char *ports = option_value(options, "port", arena);
    const char *hosts = option_value(options, "host", arena);
    const char *addresses = option_value(options, "hostaddr", arena);
    const char *session = option_value(options, "target_session_attrs", arena);

    if (ports) /* it has a default: without it the string was not understood */
        *ret_target = (struct connection_target){
            .hosts = hosts       ? hosts
                     : addresses ? ""
                                 : text_or(PQhost(probe), "", arena),
            .addresses = addresses ? addresses : "",
            .ports = ports,
            .database = text_or(PQdb(probe), "(none)", arena),
            .user = text_or(PQuser(probe), "(unknown)", arena),
            .any_session = !session || strcmp(session, "any") == 0,
            .any_network = !option_value(options, "keepalives_idle", arena) &&
                           !option_value(options, "tcp_user_timeout", arena),
        };
    PQconninfoFree(options);
    PQfinish(probe);
    return ports
               ? 0
               : error_set(
                     error, ERROR_CONFIG,
                     "database.conninfo is not a connection string that libpq understands, or names a service "
                     "that is not defined; write it like \"host=/run/postgresql dbname=rollcall\"");
}

/* --- comma-separated lists ---------------------------------------------------------------------------------------- */

static size_t list_count(const char *list)
{
    size_t count = 1;

    for (const char *comma = strchr(list, ','); comma; comma = strchr(comma + 1, ','))
        count++;
    return count;
}

/* The index-th item; a list of one stands for all. */
static char *list_item(const char *list, size_t index, struct arena *arena)
{
    if (list_count(list) > 1)
        for (; index > 0; index--)
            list = strchr(list, ',') + 1;
    return arena_copy(arena, list, strcspn(list, ","));
}

static void list_add(struct buffer *list, bool first, const char *item)
{
    if (!first)
        buffer_add_char(list, ',');
    buffer_add_text(list, item);
}

/* --- looking names up --------------------------------------------------------------------------------------------- */

#define TARGET_LIST_MAX ((size_t)16 * 1024)

struct resolution {
    uv_getaddrinfo_t request;
    struct connection *connection; /* NULL: nobody waits any more */
    size_t at, count;              /* entries of the target's lists */
    size_t endpoints;              /* entries of the lists below: one for each address of a host */
    struct buffer hosts, addresses, ports;
    struct error failure; /* of the last name that could not be resolved */
};

static void resolution_free(struct resolution *resolution)
{
    buffer_done(&resolution->hosts);
    buffer_done(&resolution->addresses);
    buffer_done(&resolution->ports);
    free(resolution);
}

static void add_endpoint(struct resolution *resolution, const char *host, const char *address)
{
    struct connection *connection = resolution->connection;
    bool first = resolution->endpoints == 0;
    const char *port = list_item(connection->target.ports, resolution->at, &connection->texts);

    list_add(&resolution->hosts, first, host);
    list_add(&resolution->addresses, first, address);
    list_add(&resolution->ports, first, port);
    resolution->endpoints++;
}

static bool needs_lookup(const char *host, const char *address)
{
    struct in6_addr literal;

    return host[0] && host[0] != '/' && host[0] != '@' && !address[0] &&
           uv_inet_pton(AF_INET, host, &literal) != 0 && uv_inet_pton(AF_INET6, host, &literal) != 0;
}

static void add_addresses(struct resolution *resolution, const char *host, const struct addrinfo *found)
{
    char address[NI_MAXHOST];

    for (; found; found = found->ai_next)
        if (getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof(address), NULL, 0,
                        NI_NUMERICHOST) == 0)
            add_endpoint(resolution, host, address);
}

static void resolution_advance(struct resolution *resolution);

static void looked_up_cb(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct resolution *resolution = request->data;
    struct connection *connection = resolution->connection;

    if (!connection) {
        uv_freeaddrinfo(found);
        resolution_free(resolution);
        return;
    }
    const char *host = list_item(connection->target.hosts, resolution->at, &connection->texts);
    if (status < 0)
        error_set(&resolution->failure, ERROR_UNAVAILABLE, "the database host %s cannot be resolved: %s",
                  host, uv_strerror(status));
    else
        add_addresses(resolution, host, found);
    uv_freeaddrinfo(found);
    resolution->at++;
    resolution_advance(resolution);
}

static bool look_up(struct resolution *resolution, const char *host)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

    resolution->request.data = resolution;
    return uv_getaddrinfo(resolution->connection->loop, &resolution->request, looked_up_cb, host, NULL,
                          &hints) == 0;
}

static void connect_to(struct connection *connection, const char *hosts, const char *addresses,
                       const char *ports)
{
    struct arena *texts = &connection->texts;

    connection->endpoints = (struct connection_endpoints){
        .hosts = arena_copy(texts, hosts, strlen(hosts)),
        .addresses = arena_copy(texts, addresses, strlen(addresses)),
        .ports = arena_copy(texts, ports, strlen(ports)),
    };
    connection_resolved(connection);
}

/* A host that is unknown does not matter while another one of the list is known. */
static void resolution_end(struct resolution *resolution)
{
    struct connection *connection = resolution->connection;

    connection->resolution = NULL;
    if (resolution->endpoints == 0)
        connection_lose(connection, ERROR_UNAVAILABLE, resolution->failure.text);
    else
        connect_to(connection, resolution->hosts.data, resolution->addresses.data, resolution->ports.data);
    resolution_free(resolution);
}

static void resolution_advance(struct resolution *resolution)
{
    struct connection *connection = resolution->connection;

    for (; resolution->at < resolution->count; resolution->at++) {
        const char *host = list_item(connection->target.hosts, resolution->at, &connection->texts);
        const char *address = list_item(connection->target.addresses, resolution->at, &connection->texts);

        if (!needs_lookup(host, address))
            add_endpoint(resolution, host, address);
        else if (look_up(resolution, host))
            return;
    }
    resolution_end(resolution);
}

static bool lists_fit(size_t count, size_t other)
{
    return other == 1 || other == count;
}

void connection_resolve(struct connection *connection)
{
    const struct connection_target *target = &connection->target;
    size_t hosts = list_count(target->hosts), addresses = list_count(target->addresses);
    size_t count = hosts > addresses ? hosts : addresses;

    connection->state = CONNECTION_STATE_RESOLVING;
    if (!lists_fit(count, hosts) || !lists_fit(count, addresses) ||
        !lists_fit(count, list_count(target->ports))) {
        connect_to(connection, "", "", ""); /* libpq has the words for lists that do not fit */
        return;
    }
    struct resolution *resolution = memory_alloc(sizeof(*resolution));
    resolution->connection = connection;
    resolution->count = count;
    buffer_init(&resolution->hosts, TARGET_LIST_MAX);
    buffer_init(&resolution->addresses, TARGET_LIST_MAX);
    buffer_init(&resolution->ports, TARGET_LIST_MAX);
    connection->resolution = resolution;
    resolution_advance(resolution);
}

void connection_forget_resolution(struct connection *connection)
{
    struct resolution *resolution = connection->resolution;

    if (!resolution)
        return;
    resolution->connection = NULL;
    connection->resolution = NULL;
    (void)uv_cancel((uv_req_t *)&resolution->request); /* when it runs already, it ends by itself */
}

/* --- one endpoint after the other --------------------------------------------------------------------------------- */

/* What stands behind the index-th item. */
static const char *list_behind(const char *list, size_t index)
{
    for (size_t i = 0; i <= index; i++)
        list = strchr(list, ',') + 1;
    return list;
}

static bool is_tried(struct connection *connection, size_t index)
{
    const struct connection_endpoints *endpoints = &connection->endpoints;
    const char *host = list_item(endpoints->hosts, index, &connection->texts);
    const char *address = list_item(endpoints->addresses, index, &connection->texts);
    const char *port = list_item(endpoints->ports, index, &connection->texts);

    if (port[0] && strcmp(port, PQport(connection->pg)) != 0)
        return false;
    return address[0] ? strcmp(address, PQhostaddr(connection->pg)) == 0
                      : strcmp(host, PQhost(connection->pg)) == 0;
}

bool connection_skip_endpoint(struct connection *connection)
{
    struct connection_endpoints *endpoints = &connection->endpoints;
    size_t count = list_count(endpoints->hosts);

    for (size_t i = 0; i + 1 < count; i++) {
        if (!is_tried(connection, i))
            continue;
        *endpoints = (struct connection_endpoints){
            .hosts = list_behind(endpoints->hosts, i),
            .addresses = list_behind(endpoints->addresses, i),
            .ports = list_behind(endpoints->ports, i),
        };
        return true;
    }
    return false;
}
