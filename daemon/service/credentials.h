/*
 * Key and token of the API: found, checked, never shown.
 */
#ifndef SERVICE_CREDENTIALS_H
#define SERVICE_CREDENTIALS_H

#include "base/error.h"
#include "base/secret.h"
#include "service/config.h"

#define CREDENTIALS_KEY_FILE   "/etc/rollcall/luzmo-key"
#define CREDENTIALS_TOKEN_FILE "/etc/rollcall/luzmo-token"
#define CREDENTIALS_PASSFILE   "/etc/rollcall/pgpass"

#define CREDENTIALS_EXPIRY_TOLD_DAYS 14 /* so long before a token expires, that is told */

struct credentials {
    struct secret key; /* a UUID by documentation, not enforced */
    struct secret token;
    char source[256]; /* where they came from, for `check`: a directory, a file, the environment */
    char *passfile;   /* $CREDENTIALS_DIRECTORY/pgpass when there is one, else NULL */
};

/* Order: $CREDENTIALS_DIRECTORY/luzmo-key and luzmo-token; then key_file and token_file (default
 * /etc/rollcall/luzmo-key and luzmo-token; refused when the world can read them; a file that exists but cannot be read
 * is an error, not skipped); then LUZMO_KEY and LUZMO_TOKEN, whose environment values are wiped. One trailing newline is
 * cut; a lone newline among systemd's credentials stands for "none". ERROR_CONFIG (missing, empty, unsafe mode: what to do) or ERROR_CREDENTIALS. */
MUST_CHECK int credentials_read(const struct config *config, struct credentials *ret_credentials,
                                struct error *error);
void credentials_done(struct credentials *credentials);

/* At the very start of main: takes LUZMO_KEY and LUZMO_TOKEN out of the environment (and wipes them there, also from
 * /proc/self/environ), so that no child sees them; credentials_read uses what was taken. From here on the process leaves no
 * core and nobody but root looks into it. */
void credentials_take_environment(void);

#endif
