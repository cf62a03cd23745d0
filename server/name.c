/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The names of shared objects: full NT paths (\BaseNamedObjects\…), which the programs have resolved.
 * Compared by UTF-16 unit; upper and lower case differ unless the request says otherwise, but the table
 * is by folded name, so that both ways of looking find the same place.
 */
#include <string.h>
#include <wctype.h>

#include "object.h"

#define BUCKETS 1024u

static struct object *buckets[BUCKETS];

static uint16_t fold(uint16_t unit)
{
    wint_t upper;

    if (unit < 0x80)
        return unit >= 'a' && unit <= 'z' ? (uint16_t)(unit - 32) : unit;
    if (unit >= 0xd800 && unit < 0xe000)
        return unit; /* half of a pair: no letters with case that Windows folds */
    upper = towupper(unit); /* main.c chose the C.UTF-8 locale */
    return upper < 0x10000 ? (uint16_t)upper : unit;
}

static struct object **bucket_of(const uint16_t *name, uint32_t bytes)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (uint32_t i = 0; i < bytes / 2; i++)
        hash = (hash ^ fold(name[i])) * 16777619u;
    return &buckets[hash % BUCKETS];
}

static bool is_same(const uint16_t *a, const uint16_t *b, uint32_t bytes, bool any_case)
{
    if (!any_case)
        return !memcmp(a, b, bytes);
    for (uint32_t i = 0; i < bytes / 2; i++)
        if (fold(a[i]) != fold(b[i]))
            return false;
    return true;
}

struct object *name_find(const uint16_t *name, uint32_t bytes, bool any_case)
{
    struct object *object = *bucket_of(name, bytes);

    while (object && !(object->name_bytes == bytes && is_same(object->name, name, bytes, any_case)))
        object = object->name_next;
    return object;
}

void name_insert(struct object *object)
{
    struct object **bucket = bucket_of(object->name, object->name_bytes);

    object->name_next = *bucket;
    *bucket = object;
}

void name_remove(struct object *object)
{
    struct object **link = bucket_of(object->name, object->name_bytes);

    while (*link != object)
        link = &(*link)->name_next;
    *link = object->name_next;
}
