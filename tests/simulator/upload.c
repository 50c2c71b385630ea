#include "upload.h"

#include <stdlib.h>
#include <string.h>

static void append(struct upload *upload, const char *bytes, size_t size, size_t limit)
{
    if (upload->too_large || size > limit - upload->length) {
        upload->too_large = true;
        return;
    }
    upload->bytes = realloc(upload->bytes, upload->length + size);
    if (!upload->bytes)
        abort();
    memcpy(upload->bytes + upload->length, bytes, size);
    upload->length += size;
}

bool upload_take(void **request_context, const char *bytes, size_t *size, size_t limit)
{
    struct upload *upload = *request_context;
    if (!upload) {
        *request_context = calloc(1, sizeof(*upload));
        if (!*request_context)
            abort();
        return true;
    }
    if (!*size)
        return false;
    append(upload, bytes, *size, limit);
    *size = 0;
    return true;
}

void upload_completed(void *context, struct MHD_Connection *connection, void **request_context,
                      enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    struct upload *upload = *request_context;
    if (upload)
        free(upload->bytes);
    free(upload);
    *request_context = NULL;
}
