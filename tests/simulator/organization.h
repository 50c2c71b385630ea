/*
 * The simulated organization: its own fields and a seat for everybody who is or was a member. The only place that
 * holds state about members; every function may be called from any thread. Knows nothing of HTTP or of queries.
 */
#ifndef SIMULATOR_ORGANIZATION_H
#define SIMULATOR_ORGANIZATION_H

#include "problem.h"
#include "record.h"

#include <stdbool.h>
#include <stdint.h>

/* Where the organization starts from, and returns to when it is reset. */
struct origin {
    const char *file; /* an answer of the API as JSON; used when members is 0 */
    uint64_t members; /* how many to generate */
    uint64_t seed;
};

struct organization; /* opaque */

/* NULL with a sentence in `problem` when the origin cannot be read. The origin's strings outlive the organization. */
struct organization *organization_new(const struct origin *origin, struct problem *problem);
void organization_free(struct organization *organization);

/* Everything as at the start: members, who is shown, fields, shuffles, body. */
int organization_reset(struct organization *organization, struct problem *problem);

/* Other members from now on, also after a reset. */
int organization_generate(struct organization *organization, uint64_t members, uint64_t seed,
                          struct problem *problem);

/* --- members. Ids are compared byte by byte; 1 to 63 bytes. Every failure is a sentence in `problem`. ------------- */

/* Seats somebody at the end. What `given` (an object or NULL) leaves out is made up. ret_member: what was seated. */
int organization_join(struct organization *organization, json_t *given, json_t **ret_member,
                      struct problem *problem);

/* Merges `patch` into the member: objects key by key, every other value, null included, replaces. When a flag of the
 * role changes and the patch names no updated_at, the role's updated_at moves to now, as Luzmo's would. */
int organization_patch(struct organization *organization, const char *id, json_t *patch, json_t **ret_member,
                       struct problem *problem);

/* Serves these bytes as the member, whatever they are; seats it when the id is new. */
int organization_put(struct organization *organization, const char *id, const char *text, size_t length,
                     struct problem *problem);

int organization_leave(struct organization *organization, const char *id, struct problem *problem);
int organization_return(struct organization *organization, const char *id, struct problem *problem);

/* Who is shown where. `order`: "members", an array of ids (without it: everybody), and "organization" and "user", each
 * true or false: are they among the members of the organization's answer, and does `user` find them? */
int organization_set_sight(struct organization *organization, json_t *order, struct problem *problem);

/* The bytes that are served for the member; hold and release. NULL with 404 when nobody of this id is present. */
struct record *organization_member(struct organization *organization, const char *id,
                                   struct problem *problem);

#define ORGANIZATION_ID_SIZE 64 /* of a member, with its NUL */

/* The id of whoever was there first; "" when nobody ever was. */
void organization_first_id(struct organization *organization, char ret_id[ORGANIZATION_ID_SIZE]);

/* --- the organization itself -------------------------------------------------------------------------------------- */

/* Merges `patch` into its fields (id, name). */
int organization_patch_fields(struct organization *organization, json_t *patch, json_t **ret_fields,
                              struct problem *problem);

/* From now on answers have members, keys and white space in an order that depends on these; 0 = as stored. */
void organization_shuffle(struct organization *organization, uint64_t member_seed, uint64_t text_seed);

/* From now on the whole answer is this (the reference is taken over); NULL = made from the members again. */
void organization_set_body(struct organization *organization, struct record *body);

/* --- what an answer is made of: a snapshot that no later change touches ------------------------------------------- */

enum sight { SIGHT_ALL, SIGHT_ORGANIZATION, SIGHT_USER };

struct view {
    json_t *fields;          /* id, name; owned */
    struct record **records; /* of those present and in sight, in the order of their seats; held */
    size_t count;
    struct record *body; /* the whole answer, or NULL; held */
    uint64_t member_seed, text_seed;
};

/* ids: only these seats (a string or an array of them), NULL = all. */
void organization_view(struct organization *organization, enum sight sight, json_t *ids,
                       struct view *ret_view);
void view_done(struct view *view);

#endif
