/*
 * Which bytes JSON's structure is made of, for those who follow it without parsing.
 */
#ifndef CORE_JSON_BYTE_H
#define CORE_JSON_BYTE_H

#include <stdbool.h>

static inline bool json_is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static inline bool json_is_bracket(char byte)
{
    return byte == '{' || byte == '}' || byte == '[' || byte == ']';
}

/* Bytes that numbers, true, false and null are made of. */
static inline bool json_is_scalar(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           byte == '-' || byte == '+' || byte == '.';
}

#endif
