/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * RtlIsTextUnicode: guesses whether bytes are UTF-16, by the tests that IsTextUnicode documents.
 */
#include "rtl.h"

#define LOOKED_AT 256 /* characters */

struct counts {
    int characters, controls, swapped_controls, nulls, ascii;
};

static bool is_control(WCHAR c)
{
    return c == '\r' || c == '\n' || c == ' ' || c == '\t' || c == 0x3000;
}

static WCHAR swapped(WCHAR c)
{
    return (WCHAR)(c << 8 | c >> 8);
}

static void count(const BYTE *text, int characters, struct counts *counts)
{
    memset(counts, 0, sizeof(*counts));
    counts->characters = characters;
    for (int i = 0; i < characters; i++) {
        WCHAR c = (WCHAR)(text[2 * i] | text[2 * i + 1] << 8);

        counts->controls += is_control(c);
        counts->swapped_controls += is_control(swapped(c));
        counts->nulls += !(c & 0xff) || !(c >> 8);
        counts->ascii += c < 0x80;
    }
}

BOOLEAN WINAPI RtlIsTextUnicode(LPCVOID buffer, INT bytes, INT *tests)
{
    const BYTE *text = buffer;
    int wanted = tests ? *tests : -1, found = 0;
    struct counts counts;
    WCHAR first;

    if (bytes < 2) {
        if (tests)
            *tests = 0;
        return FALSE;
    }
    count(text, bytes / 2 < LOOKED_AT ? bytes / 2 : LOOKED_AT, &counts);
    first = (WCHAR)(text[0] | text[1] << 8);
    if (bytes & 1)
        found |= IS_TEXT_UNICODE_ODD_LENGTH;
    if (first == 0xfeff)
        found |= IS_TEXT_UNICODE_SIGNATURE;
    if (first == 0xfffe)
        found |= IS_TEXT_UNICODE_REVERSE_SIGNATURE;
    if (counts.ascii == counts.characters)
        found |= IS_TEXT_UNICODE_ASCII16;
    if (counts.ascii > counts.characters / 2)
        found |= IS_TEXT_UNICODE_STATISTICS;
    if (counts.controls)
        found |= IS_TEXT_UNICODE_CONTROLS;
    if (counts.swapped_controls)
        found |= IS_TEXT_UNICODE_REVERSE_CONTROLS;
    if (counts.nulls)
        found |= IS_TEXT_UNICODE_NULL_BYTES;
    found &= wanted;
    if (tests)
        *tests = found;
    /* Signs of something else outweigh all but a signature the right way round. */
    if (found & (IS_TEXT_UNICODE_REVERSE_MASK & ~IS_TEXT_UNICODE_REVERSE_CONTROLS))
        return FALSE;
    if (found & IS_TEXT_UNICODE_ODD_LENGTH)
        return FALSE;
    return (found & IS_TEXT_UNICODE_UNICODE_MASK) != 0;
}
