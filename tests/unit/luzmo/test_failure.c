/*
 * Sentences for failures that no test server can bring about, and the class of each; the others are met in
 * test_hostile_answers and test_client.
 */
#include "luzmo/failure.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void assert_failure(const struct failure_facts *facts, enum error_class class, const char *sentence)
{
    struct error error;

    assert_int_equal(failure_of(facts, &error), -(int)class);
    assert_int_equal(error.class, class);
    assert_string_equal(error.text, sentence);
}

static void waits_name_their_phase(void **state)
{
    static const char *const sentences[] = {
        [FAILURE_RESOLVING] = "the host's name was not resolved within 60 s; check this machine's DNS",
        [FAILURE_CONNECTING] = "no connection came about within 60 s; check network, firewall and api.proxy",
        [FAILURE_HANDSHAKING] =
            "the TLS handshake did not get through within 60 s; check that api.url is the address of the Luzmo API",
        [FAILURE_WAITING] = "no answer to the request began within 60 s; it is tried again later, raise "
                            "sync.stall_timeout if the API needs longer",
        [FAILURE_RECEIVING] =
            "the answer stalled and nothing more of it came within 60 s; it is tried again later",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        struct failure_facts facts = {
            .code = CURLE_OPERATION_TIMEDOUT, .phase = (enum failure_phase)i, .waited_us = 60000000};
        assert_failure(&facts, ERROR_UNAVAILABLE, sentences[i]);
    }
}

static void connection_errors_name_the_system_error(void **state)
{
    struct failure_facts facts = {.code = CURLE_COULDNT_CONNECT, .system_error = EHOSTUNREACH};

    (void)state;
    assert_failure(&facts, ERROR_UNAVAILABLE,
                   "no connection came about (No route to host); check network, firewall and api.proxy");
    facts.system_error = 0;
    assert_failure(
        &facts, ERROR_UNAVAILABLE,
        "no connection came about (for a reason not known); check network, firewall and api.proxy");
}

static void certificates_without_a_row_give_their_number(void **state)
{
    const struct failure_facts facts = {.code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 66};

    (void)state;
    assert_failure(
        &facts, ERROR_UNAVAILABLE,
        "the certificate cannot be trusted (OpenSSL's reason 66); check that nothing stands in between");
}

static void unknown_codes_speak_in_the_words_of_libcurl(void **state)
{
    struct failure_facts facts = {.code = CURLE_SSL_CIPHER, .curl_text = "no\ncipher"};

    (void)state;
    assert_failure(&facts, ERROR_UNAVAILABLE, "the request failed (no\\ncipher); it is tried again later");
    facts.curl_text = "";
    assert_failure(&facts, ERROR_UNAVAILABLE,
                   "the request failed (Couldn't use specified SSL cipher); it is tried again later");
}

static void the_whole_pull_has_a_limit(void **state)
{
    struct error error;

    (void)state;
    assert_int_equal(failure_of_total(600000000, &error), -(int)ERROR_UNAVAILABLE);
    assert_string_equal(
        error.text,
        "the answer was not whole within 600 s; raise sync.total_timeout if the organization is that large");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_name_their_phase),
        cmocka_unit_test(connection_errors_name_the_system_error),
        cmocka_unit_test(certificates_without_a_row_give_their_number),
        cmocka_unit_test(unknown_codes_speak_in_the_words_of_libcurl),
        cmocka_unit_test(the_whole_pull_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
