/*
 * Members, rows and changes as bytes in a spool. Only this program reads them, within one cycle.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "base/buffer.h"
#include "core/change.h"
#include "core/hold.h"
#include "core/model.h"

/* A decoded member waiting to be compared. */
struct decoded {
    struct member member;
    struct digest slice_digest;
    struct digest role_organization; /* of role.organization_id, for when the id is not known yet */
};

/* A decoded member whose change a guard may hold, and the row that it was compared with. */
struct candidate {
    bool has_before; /* false: a newcomer */
    bool stored;     /* the table has a row */
    bool edited;     /* which somebody else has edited */
    struct member_row before;
    struct decoded now;
};

/* Each _add appends one record to an empty buffer; each _read points into the record's bytes, which must outlive the
 * result. A record that is not well-formed is a defect and aborts. */
void record_add_decoded(struct buffer *buffer, const struct decoded *decoded);
void record_read_decoded(const void *record, size_t length, struct decoded *ret_decoded);
/* A row to be written: its value_digest, which is made then, stays behind and is read as zero. */
void record_add_row(struct buffer *buffer, const struct member_row *row);
void record_read_row(const void *record, size_t length, struct member_row *ret_row);
void record_add_change(struct buffer *buffer, const struct change *change);
void record_read_change(const void *record, size_t length, struct change *ret_change);
void record_add_held(struct buffer *buffer, const struct held *held);
void record_read_held(const void *record, size_t length, struct held *ret_held);
void record_add_candidate(struct buffer *buffer, const struct candidate *candidate);
void record_read_candidate(const void *record, size_t length, struct candidate *ret_candidate);

#endif
