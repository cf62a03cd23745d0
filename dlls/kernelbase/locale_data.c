/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Locale records out of locale.nls (Windows' format, Wine's data): by name, by id, and their strings.
 */
#include "nls.h"

#define NLS_LOCALES 14

/* The file begins with offsets in bytes; the second word group (at 0x10) points to the locale table. */
static const NLS_LOCALE_HEADER *header;
static const BYTE *file_base;

const NLS_LOCALE_HEADER *nls_locale_header(void)
{
    const NLS_LOCALE_HEADER *table = __atomic_load_n(&header, __ATOMIC_ACQUIRE);
    const struct {
        UINT ctypes, unknown1, unknown2, unknown3, locales, charmaps, geoids, scripts;
    } *file;
    void *base;
    SIZE_T bytes;

    if (!table && !NtGetNlsSectionPtr(NLS_LOCALES, 0, NULL, &base, &bytes)) {
        file = base;
        file_base = base;
        table = (const NLS_LOCALE_HEADER *)((const char *)base + file->locales);
        __atomic_store_n(&header, table, __ATOMIC_RELEASE);
    }
    return table;
}

const WCHAR *nls_locale_string(ULONG offset, ULONG *length)
{
    const NLS_LOCALE_HEADER *table = nls_locale_header();
    const WCHAR *pool = (const WCHAR *)((const char *)table + table->strings_offset);

    if (length)
        *length = pool[offset];
    return pool + offset + 1;
}

/* An array of strings: a count, then 32-bit offsets into the same pool. */
const WCHAR *nls_locale_array_string(ULONG offset, ULONG index)
{
    const NLS_LOCALE_HEADER *table = nls_locale_header();
    const WCHAR *pool = (const WCHAR *)((const char *)table + table->strings_offset);
    ULONG item;

    if (!offset || index >= pool[offset])
        return NULL;
    memcpy(&item, pool + offset + 1 + index * 2, sizeof(item));
    return nls_locale_string(item, NULL);
}

/* Character types: the size of the triples' table, the triples, then three levels that lead to one,
 * with offsets in bytes. */
const USHORT *nls_character_types(WCHAR c)
{
    static const struct {
        USHORT none[3];
    } undefined = {{0, 0, 0}};
    const BYTE *section, *triples, *index;
    const USHORT *level;

    if (!nls_locale_header())
        return undefined.none;
    section = file_base + ((const UINT *)file_base)[0];
    triples = section + 2 * sizeof(USHORT);
    index = section + sizeof(USHORT) + ((const USHORT *)section)[1];
    level = (const USHORT *)(index + ((const USHORT *)index)[c >> 8]);
    return (const USHORT *)(triples + 6 * index[level[(c >> 4) & 0xf] + (c & 0xf)]);
}

static const NLS_LOCALE_DATA *record(USHORT index)
{
    const NLS_LOCALE_HEADER *table = nls_locale_header();

    return (const void *)((const char *)table + table->locales_offset +
                          (size_t)index * table->locale_size);
}

/* The index sorts without regard to case, and '_' with '-'. */
static int compare_names(const WCHAR *a, const WCHAR *b)
{
    for (;; a++, b++) {
        WCHAR x = RtlDowncaseUnicodeChar(*a == '_' ? '-' : *a);
        WCHAR y = RtlDowncaseUnicodeChar(*b == '_' ? '-' : *b);

        if (x != y || !x)
            return x - y;
    }
}

const NLS_LOCALE_DATA *nls_locale_by_name(const WCHAR *name, LCID *id)
{
    const NLS_LOCALE_HEADER *table = nls_locale_header();
    const NLS_LOCALE_LCNAME_INDEX *names;
    unsigned low = 0, high;

    if (!table)
        return NULL;
    if (!name) /* LOCALE_NAME_USER_DEFAULT */
        name = L"en-US";
    if (!_wcsicmp(name, L"!x-sys-default-locale"))
        name = L"en-US";
    names = (const void *)((const char *)table + table->lcnames_offset);
    for (high = table->nb_lcnames; low < high;) {
        unsigned middle = (low + high) / 2;
        int order = compare_names(name, nls_locale_string(names[middle].name, NULL));

        if (!order && _wcsicmp(name, nls_locale_string(names[middle].name, NULL)))
            return NULL; /* en_US is no name */
        if (!order) {
            if (id)
                *id = names[middle].id;
            return record(names[middle].idx);
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const NLS_LOCALE_DATA *nls_locale_by_id(LCID id, LCID *real)
{
    const NLS_LOCALE_HEADER *table = nls_locale_header();
    const NLS_LOCALE_LCID_INDEX *ids;
    unsigned low = 0, high;

    if (!table)
        return NULL;
    switch (id) {
    case LOCALE_NEUTRAL:
    case LOCALE_USER_DEFAULT:
    case LOCALE_SYSTEM_DEFAULT:
    case LOCALE_CUSTOM_DEFAULT:
    case LOCALE_CUSTOM_UI_DEFAULT:
        id = MAKELCID(MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US), SORT_DEFAULT);
        break;
    }
    if (real)
        *real = id;
    ids = (const void *)((const char *)table + table->lcids_offset);
    for (;;) {
        for (low = 0, high = table->nb_lcids; low < high;) {
            unsigned middle = (low + high) / 2;

            if (ids[middle].id == id)
                return record(ids[middle].idx);
            if (id < ids[middle].id)
                high = middle;
            else
                low = middle + 1;
        }
        if (!SORTIDFROMLCID(id))
            return NULL;
        id = LANGIDFROMLCID(id); /* an unknown sort order falls back to the default one */
    }
}
