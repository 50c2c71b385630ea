#include "generate.h"

#include "random.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const first_names[] = {"Amélie", "Bram",  "Chiara", "Dawit",  "Elif",  "Fatou",
                                          "Goran",  "Hanna", "Imani",  "Jürgen", "Kaito", "Léa",
                                          "Mateo",  "Nadia", "Oskar",  "Priya"};
static const char *const last_names[] = {"Andersen", "Bakker", "Çelik",  "Dubois",   "Eriksson", "Ferrari",
                                         "García",   "Haddad", "Ivanov", "Janssens", "Kowalski", "Lindqvist",
                                         "Moreau",   "Nguyen", "Okafor", "Peeters"};
static const char *const cities[] = {"null",     "null",          "\"Leuven\"",
                                     "\"Łódź\"", "\"São Paulo\"", "\"Utrecht\""};
static const char *const locales[] = {"en", "nl", "fr", "de"};

void generate_id(uint64_t seed, uint64_t index, char ret_id[GENERATE_ID_SIZE])
{
    uint64_t state = seed * 0x9e3779b97f4a7c15u ^ index;
    uint64_t high = random_next(&state), low = random_next(&state);
    snprintf(ret_id, GENERATE_ID_SIZE, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(high >> 32),
             (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff),
             (unsigned)(0x8000 | (low >> 48 & 0x3fff)), (unsigned long long)(low & 0xffffffffffff));
}

struct moment {
    char text[sizeof "2020-01-01T11:11:27.370Z"];
};

static struct moment moment_in(unsigned year, uint64_t bits)
{
    struct moment moment;
    snprintf(moment.text, sizeof(moment.text), "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year % 10000,
             (unsigned)(bits % 12 + 1), (unsigned)(bits / 12 % 28 + 1), (unsigned)(bits / 336 % 24),
             (unsigned)(bits / 8064 % 60), (unsigned)(bits / 483840 % 60),
             (unsigned)(bits / 29030400 % 1000));
    return moment;
}

static const char *truth(bool value)
{
    return value ? "true" : "false";
}

/* Roughly as in a real organization: a hundredth owns it, a third edits, everybody else looks. */
static int role_text(char *text, size_t size, uint64_t *random, bool owner)
{
    size_t share = owner ? 0 : random_below(random, 100);
    struct moment created = moment_in(2020, random_next(random));
    struct moment updated = moment_in(2021 + (unsigned)random_below(random, 4), random_next(random));
    return snprintf(
        text, size,
        "\"flagMember\":true,\"flagEditor\":%s,\"flagOwn\":%s,\"created_at\":\"%s\",\"updated_at\":\"%s\"",
        truth(share < 34), truth(share < 1), created.text, updated.text);
}

struct record *generate_member(uint64_t seed, uint64_t index, const char *organization_id,
                               char ret_id[GENERATE_ID_SIZE])
{
    generate_id(seed, index + 1, ret_id);
    uint64_t random = seed ^ (index + 1) * 0xd1342543de82ef95u;
    const char *first = first_names[random_below(&random, COUNT(first_names))];
    const char *last = last_names[random_below(&random, COUNT(last_names))];
    const char *city = cities[random_below(&random, COUNT(cities))];
    const char *locale = locales[random_below(&random, COUNT(locales))];
    struct moment created = moment_in(2019, random_next(&random));
    char role[256];
    role_text(role, sizeof(role), &random, index == 0);
    char text[1024];
    int length = snprintf(
        text, sizeof(text),
        "{\"email\":\"member.%llu@members.organization.example\",\"name\":\"%s %s\",\"city\":%s,"
        "\"country_id\":null,\"locale_id\":\"%s\",\"created_at\":\"%s\","
        "\"flag_plan\":\"enterprise\",\"id\":\"%s\",\"organizationRole\":{%s,"
        "\"organization_id\":\"%s\",\"user_id\":\"%s\"}}",
        (unsigned long long)index, first, last, city, locale, created.text, ret_id, role, organization_id,
        ret_id);
    if (length < 0 || (size_t)length >= sizeof(text))
        abort();
    return record_new(text, (size_t)length, RECORD_DOCUMENTED);
}
