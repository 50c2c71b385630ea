#include "journal.h"

#include <pthread.h>
#include <stdlib.h>

#define KEPT 10000

struct journal {
    pthread_mutex_t lock;
    json_t *entries[KEPT]; /* a ring: request n stands at n % KEPT */
    size_t count, violations;
};

struct journal *journal_new(void)
{
    struct journal *journal = calloc(1, sizeof(*journal));
    if (!journal)
        abort();
    pthread_mutex_init(&journal->lock, NULL);
    return journal;
}

void journal_clear(struct journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    for (size_t index = 0; index < KEPT; index++) {
        json_decref(journal->entries[index]);
        journal->entries[index] = NULL;
    }
    journal->count = 0;
    pthread_mutex_unlock(&journal->lock);
}

void journal_free(struct journal *journal)
{
    if (!journal)
        return;
    journal_clear(journal);
    pthread_mutex_destroy(&journal->lock);
    free(journal);
}

void journal_add(struct journal *journal, json_t *entry, bool violation)
{
    pthread_mutex_lock(&journal->lock);
    json_t **place = &journal->entries[journal->count % KEPT];
    json_decref(*place);
    *place = entry;
    json_object_set_new(entry, "number", json_integer((json_int_t)++journal->count));
    json_object_set_new(entry, "violation", json_boolean(violation));
    journal->violations += violation;
    pthread_mutex_unlock(&journal->lock);
}

json_t *journal_report(struct journal *journal)
{
    json_t *requests = json_array();
    pthread_mutex_lock(&journal->lock);
    size_t first = journal->count > KEPT ? journal->count - KEPT : 0;
    for (size_t index = first; index < journal->count; index++)
        json_array_append_new(requests, json_deep_copy(journal->entries[index % KEPT]));
    json_t *report = json_pack("{s:I, s:I, s:o}", "count", (json_int_t)journal->count, "violations",
                               (json_int_t)journal->violations, "requests", requests);
    pthread_mutex_unlock(&journal->lock);
    return report;
}
