#include "listener.h"

#include "upload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A socket that is bound and never listens: whoever calls while the listener is closed is refused, and no other program
 * is given the port. Both sockets must allow it. */
static int keep_port(struct listener *listener, struct sockaddr_in *address)
{
    const int allowed = 1;
    socklen_t size = sizeof(*address);
    int place = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (place < 0 || setsockopt(place, SOL_SOCKET, SO_REUSEADDR, &allowed, sizeof(allowed)) < 0 ||
        setsockopt(place, SOL_SOCKET, SO_REUSEPORT, &allowed, sizeof(allowed)) < 0 ||
        bind(place, (struct sockaddr *)address, size) < 0 ||
        getsockname(place, (struct sockaddr *)address, &size) < 0) {
        if (place >= 0)
            close(place);
        return -1;
    }
    listener->place = place;
    listener->port = ntohs(address->sin_port);
    return 0;
}

static struct MHD_Daemon *serve(const struct listener *listener, const struct sockaddr_in *address)
{
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, listener->certificate_pem},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, listener->key_pem},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL;
    if (listener->certificate_pem)
        flags |= MHD_USE_TLS;
    return MHD_start_daemon(flags, 0, NULL, NULL, listener->handler, listener->context, MHD_OPTION_SOCK_ADDR,
                            address, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_NOTIFY_COMPLETED,
                            upload_completed, NULL, MHD_OPTION_ARRAY,
                            listener->certificate_pem ? tls : &tls[2], MHD_OPTION_END);
}

int listener_open(struct listener *listener, struct problem *problem)
{
    if (listener->daemon)
        return 0;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(listener->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    errno = 0;
    if (listener->place || keep_port(listener, &address) == 0)
        listener->daemon = serve(listener, &address);
    if (!listener->daemon)
        return problem_set(problem, 500, "Port %u on 127.0.0.1 cannot be opened: %s.", listener->port,
                           strerror(errno));
    return 0;
}

void listener_close(struct listener *listener)
{
    if (listener->daemon)
        MHD_stop_daemon(listener->daemon);
    listener->daemon = NULL;
}
