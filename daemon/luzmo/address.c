/*
 * libcurl's own URL parser judges, so that what is checked here is what will be asked there.
 */
#include "luzmo/address.h"

#include "base/memory.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define EXAMPLE "write it like https://api.luzmo.com/0.1.0"

/* Want of memory must not look like a mistake in the configuration. */
static CURLUcode with_memory(CURLUcode code)
{
    if (code == CURLUE_OUT_OF_MEMORY)
        error_fatal("out of memory while reading an address");
    return code;
}

static CURLU *parser_new(void)
{
    CURLU *url = curl_url();

    (void)with_memory(url ? CURLUE_OK : CURLUE_OUT_OF_MEMORY);
    return url;
}

/* A part of the URL; NULL when it has none. The caller gives it back with curl_free. */
static char *part_of(CURLU *url, CURLUPart part)
{
    char *text = NULL;

    return with_memory(curl_url_get(url, part, &text, 0)) == CURLUE_OK ? text : NULL;
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = part_of(url, part);
    bool there = text != NULL;

    curl_free(text);
    return there;
}

static bool has_scheme(CURLU *url, const char *const *schemes)
{
    char *scheme = part_of(url, CURLUPART_SCHEME);
    bool found = false;

    for (; scheme && *schemes; schemes++)
        found = found || strcmp(scheme, *schemes) == 0;
    curl_free(scheme);
    return found;
}

static int check_url(CURLU *url, struct error *error)
{
    static const char *const https[] = {"https", NULL};

    if (!has_scheme(url, https))
        return error_set(
            error, ERROR_CONFIG,
            "api.url does not begin with https://, and key and token never travel in the open; " EXAMPLE);
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
        return error_set(error, ERROR_CONFIG,
                         "api.url contains a user or password; take it out, Luzmo knows only key and token");
    if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
        return error_set(error, ERROR_CONFIG, "api.url has a part after ? or #; " EXAMPLE);
    return 0;
}

static char *base_of(CURLU *url)
{
    char *whole = part_of(url, CURLUPART_URL);
    size_t length = whole ? strlen(whole) : 0;

    while (length > 0 && whole[length - 1] == '/')
        length--;
    char *base = memory_format("%.*s", (int)length, whole ? whole : "");
    curl_free(whole);
    return base;
}

static char *host_of(CURLU *url)
{
    char *host = part_of(url, CURLUPART_HOST);
    char *port = part_of(url, CURLUPART_PORT);
    bool usual = !port || strcmp(port, "443") == 0;
    char *shown = memory_format("%s%s%s", host ? host : "", usual ? "" : ":", usual ? "" : port);

    curl_free(host);
    curl_free(port);
    return shown;
}

int address_parse(const char *base_url, struct address *ret_address, struct error *error)
{
    CURLU *url = parser_new();
    CURLUcode code = with_memory(curl_url_set(url, CURLUPART_URL, base_url, CURLU_NON_SUPPORT_SCHEME));
    int result;

    if (code != CURLUE_OK)
        result = error_set(error, ERROR_CONFIG, "api.url is not a complete address (%s); " EXAMPLE,
                           curl_url_strerror(code));
    else
        result = check_url(url, error);
    if (result == 0)
        *ret_address = (struct address){.base = base_of(url), .host = host_of(url)};
    curl_url_cleanup(url);
    return result;
}

char *address_endpoint(const struct address *address, const char *resource)
{
    return memory_format("%s/%s", address->base, resource);
}

void address_done(struct address *address)
{
    if (!address)
        return;
    free(address->base);
    free(address->host);
    *address = (struct address){.base = NULL};
}

int address_check_proxy(const char *proxy, struct error *error)
{
    static const char *const kinds[] = {"http", "https", "socks4", "socks4a", "socks5", "socks5h", NULL};

    if (proxy[0] == '\0')
        return 0;
    CURLU *url = parser_new();
    CURLUcode code = with_memory(
        curl_url_set(url, CURLUPART_URL, proxy, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME));
    bool usable = code == CURLUE_OK && has_scheme(url, kinds);
    curl_url_cleanup(url);
    if (!usable)
        return error_set(
            error, ERROR_CONFIG,
            "api.proxy is not an address of a proxy; write it like http://proxy.example.com:3128");
    return 0;
}
