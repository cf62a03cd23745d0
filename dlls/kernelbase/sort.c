/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Comparison of strings and sort keys by Windows' weights (sortdefault.nls), after Microsoft's open specification
 * MS-UCODEREF, 3.1.5.2 "Comparing UTF-16 strings by using sort keys".
 *
 * A character has four weights of a byte each: script and primary weight, diacritic weight, case weight. Strings are
 * compared by all primary weights first, then by diacritics, then by case, then by the hyphens and apostrophes that a
 * word sort has left out. Characters without weight do not count; a combining mark adds to the diacritics of the
 * character before it; a ligature counts as its letters.
 *
 * Not done: contractions and reorderings of single languages, the vowels that a lengthening mark in kana stands for,
 * and old Hangul. Text with them is ordered by the default table.
 */
#include "nls.h"

#define NLS_SORTKEYS  9
#define MINIMUM       2     /* of diacritic and case weights */
#define POSITION_ROOM 0x7fff

enum script {
    UNSORTABLE = 0,
    NONSPACE = 1,
    EXPANSION = 2,
    EAST_ASIA = 3,      /* kana, with what repeats or lengthens it */
    EXTENSION = 5,      /* ideographs: two primary bytes */
    PUNCTUATION = 6,    /* hyphen and apostrophe, which a word sort leaves out */
    LAST_SYMBOL = 12,
    DIGIT = 13,
    KANA = 34,
    IDEOGRAPH = 254,
};

/* As the table has them, little-endian. */
struct weights {
    BYTE primary, script, diacritic, case_;
};

/* What takes part in the comparison: one step of one string. */
struct element {
    ULONG primary;      /* script and primary weight, and one more byte for ideographs and numbers */
    BYTE diacritic, case_;
};

struct special {
    int position;       /* number of elements before it */
    BYTE primary;
};

struct cursor {
    const WCHAR *at, *end;
    const WCHAR *letters;       /* of a ligature, still to come */
    DWORD flags;
    int elements;
    struct special special;     /* the last one met */
    int specials;
};

static const struct weights *table(void)
{
    static const struct weights *weights;
    const struct weights *found = __atomic_load_n(&weights, __ATOMIC_ACQUIRE);
    void *data;
    SIZE_T bytes;

    /* The file begins with the offset of the weights. */
    if (!found && !NtGetNlsSectionPtr(NLS_SORTKEYS, 0, NULL, &data, &bytes)) {
        found = (const struct weights *)((const char *)data + *(const ULONG *)data);
        __atomic_store_n(&weights, found, __ATOMIC_RELEASE);
    }
    return found;
}

static const WCHAR *expansion(WCHAR c)
{
    switch (c) {
    case 0xc6: return L"AE";
    case 0xe6: return L"ae";
    case 0xdf: return L"ss";
    case 0x132: return L"IJ";
    case 0x133: return L"ij";
    case 0x152: return L"OE";
    case 0x153: return L"oe";
    case 0xfb00: return L"ff";
    case 0xfb01: return L"fi";
    case 0xfb02: return L"fl";
    case 0xfb03: return L"ffi";
    case 0xfb04: return L"ffl";
    case 0xfb05:
    case 0xfb06: return L"st";
    default: return NULL;
    }
}

static BYTE mask_case(BYTE weight, DWORD flags)
{
    if (flags & (NORM_IGNORECASE | LINGUISTIC_IGNORECASE))
        weight &= (BYTE)~0x18;
    if (flags & NORM_IGNOREKANATYPE)
        weight &= (BYTE)~0x20;
    if (flags & NORM_IGNOREWIDTH)
        weight &= (BYTE)~0x01;
    return weight;
}

static bool is_digit(WCHAR c)
{
    return c >= '0' && c <= '9';
}

/* SORT_DIGITSASNUMBERS: a run of digits as its length without leading zeroes, in front of the digits. */
static bool starts_number(const struct cursor *cursor, ULONG *length)
{
    const WCHAR *at = cursor->at;

    while (at + 1 < cursor->end && *at == '0' && is_digit(at[1]))
        at++;
    for (*length = 0; at < cursor->end && is_digit(*at); at++)
        ++*length;
    return *length > 0;
}

/* The next element; false at the end. `in_number` is how many digits of a number are still to come. */
static bool next(struct cursor *cursor, struct element *element, ULONG *in_number)
{
    const struct weights *weights = table();

    for (;;) {
        const struct weights *w;
        WCHAR c;

        if (cursor->letters && *cursor->letters) {
            c = *cursor->letters++;
        } else if (cursor->at < cursor->end) {
            if (cursor->flags & SORT_DIGITSASNUMBERS && !*in_number && is_digit(*cursor->at) &&
                starts_number(cursor, in_number)) {
                while (*cursor->at == '0' && cursor->at + 1 < cursor->end && is_digit(cursor->at[1]))
                    cursor->at++;
                element->primary = (ULONG)DIGIT << 16 | 0x100 | (*in_number > 0xff ? 0xff : *in_number);
                element->diacritic = element->case_ = MINIMUM;
                cursor->elements++;
                return true;
            }
            c = *cursor->at++;
        } else {
            return false;
        }
        if (*in_number)
            --*in_number;
        w = &weights[c];
        switch (w->script) {
        case UNSORTABLE:
        case NONSPACE: /* with nothing before it */
            continue;
        case EXPANSION:
            cursor->letters = expansion(c);
            continue;
        case PUNCTUATION:
            if (!(cursor->flags & (SORT_STRINGSORT | NORM_IGNORESYMBOLS))) {
                cursor->special = (struct special){cursor->elements, w->primary};
                cursor->specials++;
                continue;
            }
            break;
        }
        if (cursor->flags & NORM_IGNORESYMBOLS && w->script >= PUNCTUATION && w->script <= LAST_SYMBOL)
            continue;
        element->diacritic = w->diacritic;
        element->case_ = mask_case(w->case_, cursor->flags);
        if (w->script == EXTENSION) {
            element->primary = (ULONG)IDEOGRAPH << 16 | (ULONG)w->primary << 8 | w->diacritic;
            element->diacritic = MINIMUM;
        } else {
            element->primary = (ULONG)(w->script == EAST_ASIA ? KANA : w->script) << 16 | (ULONG)w->primary << 8;
        }
        while (cursor->at < cursor->end && weights[*cursor->at].script == NONSPACE)
            element->diacritic = (BYTE)(element->diacritic + weights[*cursor->at++].diacritic);
        if (cursor->flags & (NORM_IGNORENONSPACE | LINGUISTIC_IGNOREDIACRITIC))
            element->diacritic = MINIMUM;
        cursor->elements++;
        return true;
    }
}

static int order_of(LONG difference)
{
    return difference < 0 ? CSTR_LESS_THAN : difference > 0 ? CSTR_GREATER_THAN : CSTR_EQUAL;
}

/* Hyphens and apostrophes: by where they stand, then by which they are. */
static int compare_specials(DWORD flags, const WCHAR *a, int a_length, const WCHAR *b, int b_length)
{
    struct cursor x = {.at = a, .end = a + a_length, .flags = flags};
    struct cursor y = {.at = b, .end = b + b_length, .flags = flags};
    const struct weights *weights = table();

    for (;;) {
        struct special first = {-1, 0}, second = {-1, 0};
        struct element element;
        ULONG number = 0;

        /* Up to the next one of each: characters are taken one at a time, so that none is passed over. */
        while (x.at < x.end && first.position < 0) {
            if (weights[*x.at].script == PUNCTUATION) {
                first = (struct special){x.elements, weights[*x.at++].primary};
            } else {
                struct cursor one = {.at = x.at, .end = x.at + 1, .flags = flags & ~(DWORD)SORT_DIGITSASNUMBERS};

                while (next(&one, &element, &number))
                    x.elements++;
                x.at++;
            }
        }
        while (y.at < y.end && second.position < 0) {
            if (weights[*y.at].script == PUNCTUATION) {
                second = (struct special){y.elements, weights[*y.at++].primary};
            } else {
                struct cursor one = {.at = y.at, .end = y.at + 1, .flags = flags & ~(DWORD)SORT_DIGITSASNUMBERS};

                while (next(&one, &element, &number))
                    y.elements++;
                y.at++;
            }
        }
        if (first.position < 0 || second.position < 0)
            return order_of((first.position >= 0) - (second.position >= 0));
        if (first.position != second.position)
            return order_of(first.position - second.position);
        if (first.primary != second.primary)
            return order_of(first.primary - second.primary);
    }
}

int sort_compare(DWORD flags, const WCHAR *a, int a_length, const WCHAR *b, int b_length)
{
    struct cursor x = {.at = a, .end = a + a_length, .flags = flags};
    struct cursor y = {.at = b, .end = b + b_length, .flags = flags};
    int diacritics = 0, cases = 0;
    ULONG x_number = 0, y_number = 0;

    if (!table())
        return nls_fail(ERROR_INVALID_PARAMETER);
    for (;;) {
        struct element first, second;
        bool has_first = next(&x, &first, &x_number), has_second = next(&y, &second, &y_number);

        if (!has_first || !has_second) {
            if (has_first != has_second)
                return has_second ? CSTR_LESS_THAN : CSTR_GREATER_THAN;
            break;
        }
        if (first.primary != second.primary)
            return first.primary < second.primary ? CSTR_LESS_THAN : CSTR_GREATER_THAN;
        if (!diacritics)
            diacritics = first.diacritic - second.diacritic;
        if (!cases)
            cases = first.case_ - second.case_;
    }
    if (diacritics)
        return order_of(diacritics);
    if (cases)
        return order_of(cases);
    return x.specials || y.specials ? compare_specials(flags, a, a_length, b, b_length) : CSTR_EQUAL;
}

/* --- Keys --- */

struct output {
    BYTE *bytes;
    int room, length;
};

static void put(struct output *out, ULONG byte)
{
    if (out->length < out->room)
        out->bytes[out->length] = (BYTE)byte;
    out->length++;
}

/* One level's weights, without those at the end that are the least. */
static void put_level(struct output *out, const BYTE *weights, int count)
{
    while (count && weights[count - 1] <= MINIMUM)
        count--;
    for (int i = 0; i < count; i++)
        put(out, weights[i] < MINIMUM ? MINIMUM : weights[i]);
}

int sort_key(DWORD flags, const WCHAR *src, int length, BYTE *dst, int room)
{
    struct cursor cursor = {.at = src, .end = src + length, .flags = flags};
    struct output out = {dst, room, 0};
    struct element element;
    BYTE *levels = nls_alloc((SIZE_T)length * 16 + 16); /* a ligature is three elements, a number one more */
    BYTE *diacritics = levels, *cases = levels + length * 6 + 8;
    const struct weights *weights = table();
    int count = 0;
    ULONG number = 0;

    if (!levels || !weights) {
        nls_free(levels);
        return nls_fail(ERROR_NOT_ENOUGH_MEMORY);
    }
    while (next(&cursor, &element, &number)) {
        put(&out, element.primary >> 16);
        put(&out, element.primary >> 8 & 0xff ? element.primary >> 8 & 0xff : 1);
        if (element.primary & 0xff)
            put(&out, element.primary & 0xff);
        diacritics[count] = element.diacritic;
        cases[count++] = element.case_;
    }
    put(&out, 1);
    put_level(&out, diacritics, count);
    put(&out, 1);
    put_level(&out, cases, count);
    put(&out, 1);
    put(&out, 1);
    /* Positions count from 0x8000, so that no byte is zero. */
    if (cursor.specials) {
        int elements = 0;

        for (int i = 0; i < length; i++) {
            if (weights[src[i]].script == PUNCTUATION) {
                int position = elements < POSITION_ROOM / 4 ? elements * 4 + 3 : POSITION_ROOM;

                put(&out, 0x80 | (ULONG)position >> 8);
                put(&out, position & 0xff ? (ULONG)position & 0xff : 1);
                put(&out, PUNCTUATION);
                put(&out, weights[src[i]].primary);
            } else {
                struct cursor one = {.at = src + i, .end = src + i + 1,
                                     .flags = flags & ~(DWORD)SORT_DIGITSASNUMBERS};

                while (next(&one, &element, &number))
                    elements++;
            }
        }
    }
    put(&out, 0);
    nls_free(levels);
    if (room && out.length > room)
        return nls_fail(ERROR_INSUFFICIENT_BUFFER);
    return out.length;
}
