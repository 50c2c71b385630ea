/*
 * Repeatable pseudo-random numbers (SplitMix64): the same seed gives the same organization and the same shuffle on
 * every machine. Not for secrets.
 */
#ifndef SIMULATOR_RANDOM_H
#define SIMULATOR_RANDOM_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
    uint64_t value = *state += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

/* 0 .. bound - 1; the bias is below 2^-32 for every bound that is used here. */
static inline size_t random_below(uint64_t *state, size_t bound)
{
    return (size_t)(random_next(state) % bound);
}

/* Fisher and Yates: every order is equally likely. */
static inline void random_shuffle(uint64_t *state, void **items, size_t count)
{
    for (size_t left = count; left > 1; left--) {
        size_t chosen = random_below(state, left);
        void *swapped = items[left - 1];
        items[left - 1] = items[chosen];
        items[chosen] = swapped;
    }
}

#endif
