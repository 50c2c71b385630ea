/*
 * Where to listen: address:port.
 */
#ifndef SERVICE_LISTEN_H
#define SERVICE_LISTEN_H

#include <stdbool.h>

/* An IPv4 address or the name of a host, or an IPv6 address in brackets, then a colon and a port from 1 to 65535. Whether
 * this machine has such an address is not looked up. */
bool listen_valid(const char *text);

#endif
