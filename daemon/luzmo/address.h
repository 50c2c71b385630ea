/*
 * Where the API is: the configured base URL, checked, and the name by which errors call it. Pure.
 */
#ifndef LUZMO_ADDRESS_H
#define LUZMO_ADDRESS_H

#include "base/error.h"

struct address {
    char *base; /* without a slash at its end */
    char *host; /* for people: the host, with its port unless that is 443 */
};

/* Only https, and neither user, query nor fragment; a slash at the end does not matter. Fills ret_address, or
 * ERROR_CONFIG with a text that does not repeat the URL (somebody may have put a password into it). */
MUST_CHECK int address_parse(const char *base_url, struct address *ret_address, struct error *error);
void address_done(struct address *address); /* NULL and zeroed allowed */

/* Where a resource of the API is asked for: <base>/<resource>; malloc. */
char *address_endpoint(const struct address *address, const char *resource);

/* Is this a proxy that libcurl can speak to: [http|https|socks4|socks4a|socks5|socks5h://][user:password@]host[:port]?
 * Empty = none. ERROR_CONFIG if not, and again without repeating it. */
MUST_CHECK int address_check_proxy(const char *proxy, struct error *error);

#endif
