/*
 * Reading address:port.
 */
#include "service/listen.h"

#include <arpa/inet.h>
#include <string.h>

#define HOST_MAX 253 /* bytes, as in DNS */
#define DIGITS   "0123456789"
#define NAME                                                                                                 \
    DIGITS "-.abcdefghijklmnopqrstuvwxyz"                                                                    \
           "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool is_port(const char *text)
{
    size_t length = strlen(text);
    long port = 0;

    if (length == 0 || length > 5 || strspn(text, DIGITS) != length)
        return false;
    for (; *text; text++)
        port = port * 10 + (*text - '0');
    return port >= 1 && port <= 65535;
}

static bool is_host(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    size_t length = strlen(host);

    if (host[0] == '[' && host[length - 1] == ']') {
        char inside[HOST_MAX + 1];

        memcpy(inside, host + 1, length - 2);
        inside[length - 2] = '\0';
        return inet_pton(AF_INET6, inside, address) == 1;
    }
    if (strspn(host, DIGITS ".") == length)
        return inet_pton(AF_INET, host, address) == 1;
    return strspn(host, NAME) == length;
}

bool listen_valid(const char *text)
{
    const char *colon = strrchr(text, ':');
    char host[HOST_MAX + 1];

    if (!colon || colon == text || colon - text > HOST_MAX || !is_port(colon + 1))
        return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    return is_host(host);
}
