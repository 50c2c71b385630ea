#include "listener.h"

#include "upload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

int listener_open(struct listener *listener, struct problem *problem)
{
    if (listener->daemon)
        return 0;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(listener->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, listener->certificate_pem},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, listener->key_pem},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL;
    if (listener->certificate_pem)
        flags |= MHD_USE_TLS;
    errno = 0;
    listener->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, listener->handler, listener->context, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_NOTIFY_COMPLETED, upload_completed, NULL,
        MHD_OPTION_ARRAY, listener->certificate_pem ? tls : &tls[2], MHD_OPTION_END);
    if (!listener->daemon)
        return problem_set(problem, 500, "Port %u on 127.0.0.1 cannot be opened: %s.", listener->port,
                           strerror(errno));
    if (!listener->port)
        listener->port = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return 0;
}

void listener_close(struct listener *listener)
{
    if (listener->daemon)
        MHD_stop_daemon(listener->daemon);
    listener->daemon = NULL;
}
