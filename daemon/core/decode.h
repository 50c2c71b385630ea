/*
 * Decoding with jansson, strictly: one slice to a member value, the envelope to the organization. Decides what may be
 * believed of a single record; never what follows from it.
 */
#ifndef CORE_DECODE_H
#define CORE_DECODE_H

#include "base/arena.h"
#include "base/error.h"
#include "core/model.h"

/* A record that was believed. Its text lives in the arena that was given. */
struct decoded_record {
    struct member member;
    const char *role_organization; /* role.organization_id */
};

/* organization_id: what the role must name; NULL when it is not known yet. On failure ERROR_MALFORMED and one sentence
 * that names the field but quotes no personal data; it becomes rejected_record.reason. Required: `id` (UUID) and
 * `organizationRole` with user_id equal to it and an organization_id; all other missing or null fields become unknown. */
MUST_CHECK int decode_member(const char *slice, size_t length, const char *organization_id,
                             struct arena *arena, struct decoded_record *ret_record, struct error *error);

struct envelope {
    char organization_id[ORGANIZATION_ID_MAX + 1];
    char *
        name_json; /* canonical JSON object text of the multilingual name, malloc; NULL when null or missing */
};

/* Checks: one JSON object, no duplicate keys, `rows` with exactly one object, `count` 1, `id` an opaque non-empty string
 * of at most 128 bytes, `users` there and an array (emptied by the slicer), `name` null, missing or an object of strings (a
 * locale that is null is left out).
 * slices: how many elements the slicer cut; 0 fails as an empty list. expected_organization_id: NULL when not pinned. */
MUST_CHECK int decode_envelope(const char *text, size_t length, uint64_t slices,
                               const char *expected_organization_id, struct envelope *ret_envelope,
                               struct error *error);
void envelope_done(struct envelope *envelope);

/* The canonical text, in `arena`, of an object as PostgreSQL prints jsonb: what a FIELD_TYPE_JSON value or a name read from
 * a table must become before it is compared with a decoded one. Text that is no object stays as it is. */
const char *decode_canonical(const char *text, size_t length, struct arena *arena, size_t *ret_length);

#endif
