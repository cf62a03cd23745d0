/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bitmaps: set, clear, test and find bits and runs. Wine's C runtimes keep their file tables' state in them.
 */
#include "ntdll.h"

#define NOT_FOUND 0xffffffffu

void WINAPI RtlInitializeBitMap(RTL_BITMAP *map, ULONG *buffer, ULONG bits)
{
    map->SizeOfBitMap = bits;
    map->Buffer = buffer;
}

static bool get(const RTL_BITMAP *map, ULONG i)
{
    return map->Buffer[i / 32] >> (i % 32) & 1;
}

static void put(RTL_BITMAP *map, ULONG start, ULONG count, bool value)
{
    ULONG end;

    if (start >= map->SizeOfBitMap || count > map->SizeOfBitMap - start)
        return;
    for (end = start + count; start < end;) {
        if (!(start % 32) && end - start >= 32) {
            map->Buffer[start / 32] = value ? ~0u : 0;
            start += 32;
        } else {
            if (value)
                map->Buffer[start / 32] |= 1u << (start % 32);
            else
                map->Buffer[start / 32] &= ~(1u << (start % 32));
            start++;
        }
    }
}

void WINAPI RtlSetAllBits(RTL_BITMAP *map)
{
    memset(map->Buffer, 0xff, (map->SizeOfBitMap + 31) / 32 * sizeof(ULONG));
}

void WINAPI RtlClearAllBits(RTL_BITMAP *map)
{
    memset(map->Buffer, 0, (map->SizeOfBitMap + 31) / 32 * sizeof(ULONG));
}

void WINAPI RtlSetBits(RTL_BITMAP *map, ULONG start, ULONG count)
{
    put(map, start, count, true);
}

void WINAPI RtlClearBits(RTL_BITMAP *map, ULONG start, ULONG count)
{
    put(map, start, count, false);
}

static BOOLEAN are_bits(const RTL_BITMAP *map, ULONG start, ULONG count, bool value)
{
    if (!count || start >= map->SizeOfBitMap || count > map->SizeOfBitMap - start)
        return FALSE;
    for (ULONG i = start; i < start + count; i++)
        if (get(map, i) != value)
            return FALSE;
    return TRUE;
}

BOOLEAN WINAPI RtlAreBitsSet(const RTL_BITMAP *map, ULONG start, ULONG count)
{
    return are_bits(map, start, count, true);
}

BOOLEAN WINAPI RtlAreBitsClear(const RTL_BITMAP *map, ULONG start, ULONG count)
{
    return are_bits(map, start, count, false);
}

/* The length of the run of `value` at `start`. */
static ULONG run_length(const RTL_BITMAP *map, ULONG start, bool value)
{
    ULONG i = start;

    while (i < map->SizeOfBitMap && get(map, i) == value)
        i++;
    return i - start;
}

static ULONG find_in(const RTL_BITMAP *map, ULONG from, ULONG to, ULONG count, bool value)
{
    while (from < to) {
        ULONG run = run_length(map, from, value);

        if (run >= count)
            return from;
        from += run + 1;
    }
    return NOT_FOUND;
}

/* From the hint to the end, then from the start. */
static ULONG find(const RTL_BITMAP *map, ULONG count, ULONG hint, bool value)
{
    ULONG found;

    if (count > map->SizeOfBitMap)
        return NOT_FOUND;
    if (hint >= map->SizeOfBitMap)
        hint = 0;
    if (!count)
        return hint & ~7u;
    found = find_in(map, hint, map->SizeOfBitMap, count, value);
    return found == NOT_FOUND && hint ? find_in(map, 0, hint, count, value) : found;
}

ULONG WINAPI RtlFindSetBits(const RTL_BITMAP *map, ULONG count, ULONG hint)
{
    return find(map, count, hint, true);
}

ULONG WINAPI RtlFindClearBits(const RTL_BITMAP *map, ULONG count, ULONG hint)
{
    return find(map, count, hint, false);
}

ULONG WINAPI RtlFindSetBitsAndClear(RTL_BITMAP *map, ULONG count, ULONG hint)
{
    ULONG found = find(map, count, hint, true);

    if (found != NOT_FOUND)
        put(map, found, count, false);
    return found;
}

ULONG WINAPI RtlFindClearBitsAndSet(RTL_BITMAP *map, ULONG count, ULONG hint)
{
    ULONG found = find(map, count, hint, false);

    if (found != NOT_FOUND)
        put(map, found, count, true);
    return found;
}

ULONG WINAPI RtlNumberOfSetBits(const RTL_BITMAP *map)
{
    ULONG count = 0;

    for (ULONG i = 0; i < map->SizeOfBitMap; i++)
        count += get(map, i);
    return count;
}

ULONG WINAPI RtlNumberOfClearBits(const RTL_BITMAP *map)
{
    return map->SizeOfBitMap - RtlNumberOfSetBits(map);
}

static ULONG next_run(const RTL_BITMAP *map, ULONG from, ULONG *start, bool value)
{
    while (from < map->SizeOfBitMap && get(map, from) != value)
        from++;
    *start = from;
    return run_length(map, from, value);
}

ULONG WINAPI RtlFindNextForwardRunSet(const RTL_BITMAP *map, ULONG from, ULONG *start)
{
    return next_run(map, from, start, true);
}

ULONG WINAPI RtlFindNextForwardRunClear(const RTL_BITMAP *map, ULONG from, ULONG *start)
{
    return next_run(map, from, start, false);
}

static ULONG longest_run(const RTL_BITMAP *map, ULONG *start, bool value)
{
    ULONG longest = 0, from = 0, at, length;

    while ((length = next_run(map, from, &at, value))) {
        if (length > longest) {
            longest = length;
            *start = at;
        }
        from = at + length;
    }
    return longest;
}

ULONG WINAPI RtlFindLongestRunSet(const RTL_BITMAP *map, ULONG *start)
{
    return longest_run(map, start, true);
}

ULONG WINAPI RtlFindLongestRunClear(const RTL_BITMAP *map, ULONG *start)
{
    return longest_run(map, start, false);
}

CCHAR WINAPI RtlFindMostSignificantBit(ULONGLONG value)
{
    return value ? (CCHAR)(63 - __builtin_clzll(value)) : -1;
}

CCHAR WINAPI RtlFindLeastSignificantBit(ULONGLONG value)
{
    return value ? (CCHAR)__builtin_ctzll(value) : -1;
}
