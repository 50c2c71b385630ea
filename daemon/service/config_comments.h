/*
 * Comments in the configuration's text. libconfuse counts their lines three times over, and errors would name lines that
 * are not there; so it gets to see none.
 */
#ifndef SERVICE_CONFIG_COMMENTS_H
#define SERVICE_CONFIG_COMMENTS_H

#include <stddef.h>

/* Overwrites comments with spaces; line ends stay. What is quoted stays too, and a comment that never ends. */
void config_comments_blank(char *text, size_t length);

#endif
