/*
 * Which addresses are taken for an API or a proxy, and what the others are told.
 */
#include "luzmo/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void https_addresses_become_endpoints(void **state)
{
    static const struct {
        const char *base, *endpoint, *host;
    } rows[] = {
        {"https://api.luzmo.com/0.1.0", "https://api.luzmo.com/0.1.0/organization", "api.luzmo.com"},
        {"https://api.us.luzmo.com/0.1.0/", "https://api.us.luzmo.com/0.1.0/organization",
         "api.us.luzmo.com"},
        {"HTTPS://acme-api.luzmo.com/0.1.0//", "https://acme-api.luzmo.com/0.1.0/organization",
         "acme-api.luzmo.com"},
        {"https://luzmo.example.com", "https://luzmo.example.com/organization", "luzmo.example.com"},
        {"https://127.0.0.1:8443/0.1.0", "https://127.0.0.1:8443/0.1.0/organization", "127.0.0.1:8443"},
        {"https://[::1]:8443/0.1.0", "https://[::1]:8443/0.1.0/organization", "[::1]:8443"},
        {"https://api.luzmo.com:443/0.1.0", "https://api.luzmo.com:443/0.1.0/organization", "api.luzmo.com"},
    };
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct address address = {.base = NULL};
        assert_int_equal(address_parse(rows[i].base, &address, &error), 0);
        char *endpoint = address_endpoint(&address, "organization");
        assert_string_equal(endpoint, rows[i].endpoint);
        assert_string_equal(address.host, rows[i].host);
        free(endpoint);
        address_done(&address);
    }
}

static void anything_else_is_refused_without_repeating_it(void **state)
{
    static const struct {
        const char *base, *word;
    } rows[] = {
        {"", "complete address"},
        {"api.luzmo.com/0.1.0", "complete address"},
        {"https://", "complete address"},
        {"https://api.luzmo.com:port/", "complete address"},
        {"https://api.luzmo.com/a b", "complete address"},
        {"http://api.luzmo.com/0.1.0", "does not begin with https://"},
        {"file:///etc/passwd", "does not begin with https://"},
        {"ftp://api.luzmo.com/0.1.0", "does not begin with https://"},
        {"https://user:hunter2@api.luzmo.com/0.1.0", "user or password"},
        {"https://user@api.luzmo.com/0.1.0", "user or password"},
        {"https://api.luzmo.com/0.1.0?token=hunter2", "after ? or #"},
        {"https://api.luzmo.com/0.1.0#hunter2", "after ? or #"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct address address = {.base = NULL};
        struct error error = {.class = ERROR_NONE};
        assert_int_equal(address_parse(rows[i].base, &address, &error), -(int)ERROR_CONFIG);
        if (!strstr(error.text, rows[i].word))
            fail_msg("\"%s\" does not contain \"%s\"", error.text, rows[i].word);
        assert_null(strstr(error.text, "hunter2"));
        assert_null(address.base);
    }
}

static void proxies_are_told_from_nonsense(void **state)
{
    static const struct {
        const char *proxy;
        int result;
    } rows[] = {
        {"", 0},
        {"proxy.example.com", 0},
        {"proxy.example.com:3128", 0},
        {"http://user:hunter2@proxy.example.com:3128", 0},
        {"https://proxy.example.com", 0},
        {"socks5h://127.0.0.1:1080", 0},
        {"gopher://proxy.example.com", -(int)ERROR_CONFIG},
        {"proxy.example.com:hunter2", -(int)ERROR_CONFIG},
        {"http://", -(int)ERROR_CONFIG},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {.class = ERROR_NONE};
        assert_int_equal(address_check_proxy(rows[i].proxy, &error), rows[i].result);
        assert_null(strstr(error.text, "hunter2"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(https_addresses_become_endpoints),
        cmocka_unit_test(anything_else_is_refused_without_repeating_it),
        cmocka_unit_test(proxies_are_told_from_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
