/*
 * Stands in for the resolver of the whole test program: getaddrinfo itself.
 *
 *   api.test      127.0.0.1
 *   nowhere.test  is not known
 *   dead.test     gets no answer until names_revive
 */
#ifndef TEST_NAMES_H
#define TEST_NAMES_H

void names_revive(void); /* lookups of dead.test that wait end now, without result; waits until they have */

#endif
