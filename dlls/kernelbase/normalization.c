/* SPDX-License-Identifier: LGPL-2.1-or-later
 * winnls.h: NormalizeString and IsNormalizedString, by Unicode's annex 15 on the data of norm*.nls.
 *
 * What is in those files was found by comparing them with Unicode's own tables: in 16-bit words, at 23 the number of
 * hash slots, from 26 on where things begin: classes (bytes), two levels of properties (bytes), slots, a list, the
 * decompositions. A slot is the length (3 bits, 7: up to a zero) and place (13 bits) of a decomposition; without a length,
 * where in the list pairs of character and such a slot begin. Decompositions are full ones. The composed forms use the
 * same two files: what two characters compose to follows from the decompositions.
 */
#include "nls.h"

#define NLS_NORMALIZE 12

#define FIRST_HANGUL 0xac00u
#define HANGULS      11172u
#define FIRST_L      0x1100u
#define FIRST_V      0x1161u
#define FIRST_T      0x11a7u
#define V_COUNT      21u
#define T_COUNT      28u

enum property {
    DECOMPOSES = 0xbf,
    UNDEFINED = 0x7f,
    CLASS_FLAG = 0x80,  /* with the class's index below */
    CLASS_BITS = 0x3f,
};

/* Blocks of 128 characters of one kind have no second level. */
enum block { BLOCK_PLAIN = 0, BLOCK_UNDEFINED = 251, BLOCK_DECOMPOSES = 253 };

struct table {
    const USHORT *words;
    const BYTE *bytes;
};

struct pair {
    ULONG first, second, composite;
};

static bool load(int form, struct table *table)
{
    static void *files[7];
    SIZE_T bytes;
    void *data = __atomic_load_n(&files[form], __ATOMIC_ACQUIRE);

    if (!data && NtGetNlsSectionPtr(NLS_NORMALIZE, (ULONG)form, NULL, &data, &bytes))
        return false;
    __atomic_store_n(&files[form], data, __ATOMIC_RELEASE);
    table->words = data;
    table->bytes = data;
    return true;
}

static BYTE property(const struct table *table, ULONG c)
{
    BYTE block = table->bytes[table->words[27] * 2 + (c >> 7)];

    if (block == BLOCK_DECOMPOSES)
        return DECOMPOSES;
    if (block == BLOCK_PLAIN || block >= BLOCK_UNDEFINED)
        return 0;
    return table->bytes[table->words[28] * 2 + (block - 1) * 128 + (c & 127)];
}

static BYTE class_of(const struct table *table, ULONG c)
{
    BYTE value = property(table, c);

    if (value == DECOMPOSES || !(value & CLASS_FLAG) || value & 0x40)
        return 0;
    return table->bytes[table->words[26] * 2 + (value & CLASS_BITS)];
}

/* The decomposition of a character, in UTF-16; NULL: it has none (Hangul, which is computed, has none here). */
static const WCHAR *decomposition(const struct table *table, ULONG c, int *length)
{
    const USHORT *words = table->words, *entry;
    const WCHAR *text;
    USHORT slot;

    if (property(table, c) != DECOMPOSES)
        return NULL;
    slot = words[words[29] + c % words[23]];
    if (!(slot >> 13)) {
        for (entry = words + words[30] + slot * 2; entry < words + words[31] && entry[0] != (USHORT)c; entry += 2)
            ;
        if (entry >= words + words[31])
            return NULL;
        slot = entry[1];
    }
    text = words + words[31] + (slot & 0x1fff);
    *length = slot >> 13;
    if (*length == 7)
        *length = (int)wcslen(text);
    return text;
}

/* --- Characters of UTF-16 --- */

/* The character at `at`; ~0: half a pair. *at goes on behind it. */
static ULONG take(const WCHAR **at, const WCHAR *end)
{
    WCHAR c = *(*at)++;

    if (c < 0xd800 || c > 0xdfff)
        return c;
    if (c > 0xdbff || *at == end || **at < 0xdc00 || **at > 0xdfff)
        return ~0u;
    return 0x10000 + ((ULONG)(c & 0x3ff) << 10 | (*(*at)++ & 0x3ff));
}

static int put(WCHAR *text, ULONG c)
{
    if (c < 0x10000) {
        text[0] = (WCHAR)c;
        return 1;
    }
    text[0] = (WCHAR)(0xd800 + ((c - 0x10000) >> 10));
    text[1] = (WCHAR)(0xdc00 + (c & 0x3ff));
    return 2;
}

/* --- Decomposing --- */

/* One character fully; `out` has room for 20. */
static int decompose(const struct table *table, ULONG c, ULONG *out)
{
    const WCHAR *text;
    int length, count = 0;

    if (c - FIRST_HANGUL < HANGULS) {
        ULONG index = c - FIRST_HANGUL;

        out[0] = FIRST_L + index / (V_COUNT * T_COUNT);
        out[1] = FIRST_V + index / T_COUNT % V_COUNT;
        out[2] = FIRST_T + index % T_COUNT;
        return out[2] == FIRST_T ? 2 : 3;
    }
    text = decomposition(table, c, &length);
    if (!text) {
        out[0] = c;
        return 1;
    }
    for (const WCHAR *end = text + length; text < end && count < 20;)
        out[count++] = take(&text, end);
    return count;
}

/* Marks between two starters in the order of their classes, equal ones as they stood. */
static void order_marks(const struct table *table, ULONG *text, int count)
{
    for (int i = 1; i < count; i++) {
        BYTE class = class_of(table, text[i]);

        for (int j = i; class && j && class_of(table, text[j - 1]) > class; j--) {
            ULONG swapped = text[j];

            text[j] = text[j - 1];
            text[j - 1] = swapped;
        }
    }
}

/* --- Composing --- */

static struct pair *pairs;      /* in ascending order of first, then second */
static int pair_count;

static int compare_pairs(const struct pair *a, ULONG first, ULONG second)
{
    if (a->first != first)
        return a->first < first ? -1 : 1;
    return a->second < second ? -1 : a->second > second;
}

static ULONG find_pair(const struct pair *list, int count, ULONG first, ULONG second)
{
    int low = 0, high = count;

    while (low < high) {
        int middle = (low + high) / 2, order = compare_pairs(&list[middle], first, second);

        if (!order)
            return list[middle].composite;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* Characters that stay composed in form C: all with a decomposition of two or more, but those that form C takes apart
 * as well (the composition exclusions). A longer decomposition is that of a shorter composite and one mark more. */
static bool make_pairs(void)
{
    struct table full, composed;
    struct pair *list;
    int count = 0;

    if (__atomic_load_n(&pairs, __ATOMIC_ACQUIRE))
        return true;
    list = nls_alloc(2000 * sizeof(*list));
    if (!list || !load(NormalizationD, &full) || !load(NormalizationC, &composed)) {
        nls_free(list);
        return false;
    }
    for (int length = 2; length <= 4; length++)
        for (ULONG c = 0xc0; c < 0x12000 && count < 2000; c++) {
            ULONG parts[20], first;
            int at = count;

            if (property(&full, c) != DECOMPOSES || property(&composed, c) == DECOMPOSES ||
                decompose(&full, c, parts) != length)
                continue;
            first = parts[0];
            for (int i = 1; i < length - 1 && first; i++)
                first = find_pair(list, count, first, parts[i]);
            if (!first)
                continue;
            while (at && compare_pairs(&list[at - 1], first, parts[length - 1]) > 0)
                at--;
            memmove(list + at + 1, list + at, (SIZE_T)(count - at) * sizeof(*list));
            list[at] = (struct pair){first, parts[length - 1], c};
            count++;
        }
    pair_count = count;
    __atomic_store_n(&pairs, list, __ATOMIC_RELEASE); /* of two threads at once, one list is lost */
    return true;
}

static ULONG compose_pair(ULONG first, ULONG second)
{
    if (first - FIRST_L < 19 && second - FIRST_V < V_COUNT)
        return FIRST_HANGUL + ((first - FIRST_L) * V_COUNT + second - FIRST_V) * T_COUNT;
    if (first - FIRST_HANGUL < HANGULS && !((first - FIRST_HANGUL) % T_COUNT) && second - FIRST_T - 1 < T_COUNT - 1)
        return first + (second - FIRST_T);
    return find_pair(pairs, pair_count, first, second);
}

static int compose(const struct table *table, ULONG *text, int count)
{
    int starter = -1, out = 0;
    BYTE last = 0;

    for (int i = 0; i < count; i++) {
        BYTE class = class_of(table, text[i]);
        ULONG both = 0;

        /* Blocked when a mark of the same or a higher class, or a starter, stands between. */
        if (starter >= 0 && (starter == out - 1 || (last && last < class)))
            both = compose_pair(text[starter], text[i]);
        if (both) {
            text[starter] = both;
            continue;
        }
        if (!class)
            starter = out;
        last = class;
        text[out++] = text[i];
    }
    return out;
}

/* --- The functions --- */

/* The normalized text, to be given back with nls_free; NULL with *bad the place of a half pair, or -1: no memory. */
static ULONG *normalize(int form, const WCHAR *src, int length, int *count, int *bad)
{
    bool is_composed = form == NormalizationC || form == NormalizationKC;
    bool is_compatible = form == NormalizationKC || form == NormalizationKD;
    const WCHAR *at = src, *end = src + length;
    ULONG *text = nls_alloc(((SIZE_T)length * (is_compatible ? 18 : 4) + 20) * sizeof(*text));
    struct table table;

    *count = 0;
    *bad = -1;
    if (!text || !load(is_compatible ? NormalizationKD : NormalizationD, &table) || (is_composed && !make_pairs())) {
        nls_free(text);
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    while (at < end) {
        const WCHAR *start = at;
        ULONG c = take(&at, end);

        if (c == ~0u) {
            *bad = (int)(start - src);
            nls_free(text);
            SetLastError(ERROR_NO_UNICODE_TRANSLATION);
            return NULL;
        }
        *count += decompose(&table, c, text + *count);
    }
    order_marks(&table, text, *count);
    if (is_composed)
        *count = compose(&table, text, *count);
    return text;
}

static bool is_form(int form)
{
    return form == NormalizationC || form == NormalizationD || form == NormalizationKC || form == NormalizationKD;
}

/* Negative: the place of what is not valid, or the room that is needed; the last error tells which. */
INT WINAPI NormalizeString(NORM_FORM form, LPCWSTR src, INT length, LPWSTR dst, INT room)
{
    int count, bad, used = 0;
    ULONG *text;

    if (!is_form((int)form) || !src || length < -1 || room < 0 || (room && !dst))
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (length < 0)
        length = (INT)wcslen(src) + 1;
    text = normalize((int)form, src, length, &count, &bad);
    if (!text)
        return bad < 0 ? 0 : -bad;
    for (int i = 0; i < count; i++) {
        WCHAR units[2];
        int needed = put(units, text[i]);

        if (room && used + needed <= room)
            memcpy(dst + used, units, (SIZE_T)needed * sizeof(WCHAR));
        used += needed;
    }
    nls_free(text);
    if (room && used > room) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return -used;
    }
    SetLastError(ERROR_SUCCESS);
    return used;
}

BOOL WINAPI IsNormalizedString(NORM_FORM form, LPCWSTR src, INT length)
{
    int count, bad;
    const WCHAR *at = src;
    ULONG *text;
    BOOL is_same = TRUE;

    if (!is_form((int)form) || !src || length < -1)
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (length < 0)
        length = (INT)wcslen(src);
    text = normalize((int)form, src, length, &count, &bad);
    if (!text)
        return FALSE;
    for (int i = 0; i < count && is_same; i++)
        is_same = at < src + length && take(&at, src + length) == text[i];
    is_same = is_same && at == src + length;
    nls_free(text);
    SetLastError(ERROR_SUCCESS);
    return is_same;
}
