/*
 * The API's error envelope. Gateways in between answer in other forms, which are none of ours.
 */
#include "core/refusal.h"

#include "core/document.h"

bool refusal_message(const char *text, size_t length, struct buffer *ret_message)
{
    json_t *envelope = document_parse("the refusal", text, length, NULL);
    const json_t *message = json_object_get(envelope, "message");
    bool is_ours = json_is_object(json_object_get(envelope, "type")) && json_is_string(message) &&
                   json_string_length(message) > 0;

    is_ours = is_ours &&
              buffer_add(ret_message, json_string_value(message), json_string_length(message)) == 0;
    json_decref(envelope);
    return is_ours;
}
