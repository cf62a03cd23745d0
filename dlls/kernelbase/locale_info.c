/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnls.h: GetLocaleInfo and its kin, locale names and ids, their enumeration. The user's locale is en-US.
 */
#include "nls.h"

#define EN_US MAKELCID(MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US), SORT_DEFAULT)

/* What a field of the record holds. */
enum kind {
    TEXT_AT,    /* offset of a string */
    FIRST,      /* array of strings: the first */
    ITEM,       /* array of strings: the number in `index` */
    NUMBER,     /* 16 bits, in decimal */
    NUMBER32,
    HEX4,       /* 16 bits, four hexadecimal digits */
    GROUPING,   /* string of binary numbers: "3;0" */
    DIGITS,     /* array of strings, run together */
    NOT,        /* a truth value, turned round */
    DAY,        /* of the week: the data begin with Sunday, the answers with Monday */
    BINARY,     /* LOCALESIGNATURE */
};

struct field {
    LCTYPE type;
    USHORT offset;
    UCHAR kind, index;
};

#define F(type, name, kind)        {type, offsetof(NLS_LOCALE_DATA, name), kind, 0}
#define I(type, name, index)       {type, offsetof(NLS_LOCALE_DATA, name), ITEM, index}

static const struct field fields[] = {
    F(LOCALE_SLIST, slist, TEXT_AT), F(LOCALE_IMEASURE, imeasure, NUMBER),
    F(LOCALE_SDECIMAL, sdecimal, TEXT_AT), F(LOCALE_STHOUSAND, sthousand, TEXT_AT),
    F(LOCALE_SGROUPING, sgrouping, GROUPING), F(LOCALE_IDIGITS, idigits, NUMBER),
    F(LOCALE_ILZERO, ilzero, NUMBER), F(LOCALE_INEGNUMBER, inegnumber, NUMBER),
    F(LOCALE_SNATIVEDIGITS, snativedigits, DIGITS), F(LOCALE_SCURRENCY, scurrency, TEXT_AT),
    F(LOCALE_SINTLSYMBOL, sintlsymbol, TEXT_AT), F(LOCALE_SMONDECIMALSEP, smondecimalsep, TEXT_AT),
    F(LOCALE_SMONTHOUSANDSEP, smonthousandsep, TEXT_AT),
    F(LOCALE_SMONGROUPING, smongrouping, GROUPING), F(LOCALE_ICURRDIGITS, icurrdigits, NUMBER),
    F(LOCALE_IINTLCURRDIGITS, icurrdigits, NUMBER),
    F(LOCALE_ICURRENCY, icurrency, NUMBER), F(LOCALE_INEGCURR, inegcurr, NUMBER),
    F(LOCALE_SPOSITIVESIGN, spositivesign, TEXT_AT), F(LOCALE_SNEGATIVESIGN, snegativesign, TEXT_AT),
    F(LOCALE_STIMEFORMAT, stimeformat, FIRST), F(LOCALE_SSHORTTIME, sshorttime, FIRST),
    F(LOCALE_SSHORTDATE, sshortdate, FIRST), F(LOCALE_SLONGDATE, slongdate, FIRST),
    F(LOCALE_SYEARMONTH, syearmonth, FIRST), F(LOCALE_SMONTHDAY, smonthday, FIRST),
    F(LOCALE_SDURATION, sduration, FIRST), F(LOCALE_S1159, s1159, TEXT_AT),
    F(LOCALE_S2359, s2359, TEXT_AT), F(LOCALE_IFIRSTDAYOFWEEK, ifirstdayofweek, DAY),
    F(LOCALE_IFIRSTWEEKOFYEAR, ifirstweekofyear, NUMBER),
    F(LOCALE_IDEFAULTLANGUAGE, idefaultlanguage, HEX4), F(LOCALE_ICOUNTRY, icountry, NUMBER),
    F(LOCALE_IDEFAULTANSICODEPAGE, idefaultansicodepage, NUMBER),
    F(LOCALE_IDEFAULTCODEPAGE, idefaultcodepage, NUMBER),
    F(LOCALE_IDEFAULTMACCODEPAGE, idefaultmaccodepage, NUMBER),
    F(LOCALE_IDEFAULTEBCDICCODEPAGE, idefaultebcdiccodepage, NUMBER),
    F(LOCALE_IPAPERSIZE, ipapersize, NUMBER), F(LOCALE_IGEOID, igeoid, NUMBER32),
    F(LOCALE_SABBREVLANGNAME, sabbrevlangname, TEXT_AT),
    F(LOCALE_SISO639LANGNAME, siso639langname, TEXT_AT),
    F(LOCALE_SISO639LANGNAME2, siso639langname2, TEXT_AT),
    F(LOCALE_SENGLANGUAGE, senglanguage, TEXT_AT), F(LOCALE_SNATIVELANGNAME, snativelangname, TEXT_AT),
    F(LOCALE_SENGCOUNTRY, sengcountry, TEXT_AT), F(LOCALE_SNATIVECTRYNAME, snativectryname, TEXT_AT),
    F(LOCALE_SCOUNTRY, sengcountry, TEXT_AT),
    F(LOCALE_SABBREVCTRYNAME, sabbrevctryname, TEXT_AT),
    F(LOCALE_SISO3166CTRYNAME, siso3166ctryname, TEXT_AT),
    F(LOCALE_SISO3166CTRYNAME2, siso3166ctryname2, TEXT_AT),
    F(LOCALE_SENGCURRNAME, sengcurrname, TEXT_AT), F(LOCALE_SNATIVECURRNAME, snativecurrname, TEXT_AT),
    F(LOCALE_FONTSIGNATURE, fontsignature, BINARY), F(LOCALE_SPARENT, sparent, TEXT_AT),
    F(LOCALE_INEUTRAL, inotneutral, NOT), F(LOCALE_INEGATIVEPERCENT, inegativepercent, NUMBER),
    F(LOCALE_IPOSITIVEPERCENT, ipositivepercent, NUMBER),
    F(LOCALE_IREADINGLAYOUT, ireadinglayout, NUMBER), F(LOCALE_SPERCENT, spercent, TEXT_AT),
    F(LOCALE_SENGLISHDISPLAYNAME, sengdisplayname, TEXT_AT),
    F(LOCALE_SNATIVEDISPLAYNAME, snativedisplayname, TEXT_AT),
    F(LOCALE_SLANGUAGE, sengdisplayname, TEXT_AT),
    F(LOCALE_SNAN, snan, TEXT_AT), F(LOCALE_SPOSINFINITY, sposinfinity, TEXT_AT),
    F(LOCALE_SNEGINFINITY, sneginfinity, TEXT_AT),
    F(LOCALE_SCONSOLEFALLBACKNAME, sconsolefallbackname, TEXT_AT),
    F(LOCALE_SSCRIPTS, sscripts, TEXT_AT), F(LOCALE_SNAME, sname, TEXT_AT),
    F(LOCALE_IDIGITSUBSTITUTION, idigitsubstitution, NUMBER),
    F(LOCALE_SSORTLOCALE, ssortlocale, TEXT_AT),
    /* The arrays begin with Sunday, the types with Monday. */
    I(LOCALE_SDAYNAME1, sdayname, 1), I(LOCALE_SDAYNAME2, sdayname, 2),
    I(LOCALE_SDAYNAME3, sdayname, 3), I(LOCALE_SDAYNAME4, sdayname, 4),
    I(LOCALE_SDAYNAME5, sdayname, 5), I(LOCALE_SDAYNAME6, sdayname, 6),
    I(LOCALE_SDAYNAME7, sdayname, 0), I(LOCALE_SABBREVDAYNAME1, sabbrevdayname, 1),
    I(LOCALE_SABBREVDAYNAME2, sabbrevdayname, 2), I(LOCALE_SABBREVDAYNAME3, sabbrevdayname, 3),
    I(LOCALE_SABBREVDAYNAME4, sabbrevdayname, 4), I(LOCALE_SABBREVDAYNAME5, sabbrevdayname, 5),
    I(LOCALE_SABBREVDAYNAME6, sabbrevdayname, 6), I(LOCALE_SABBREVDAYNAME7, sabbrevdayname, 0),
    I(LOCALE_SSHORTESTDAYNAME1, sshortestdayname, 1),
    I(LOCALE_SSHORTESTDAYNAME2, sshortestdayname, 2),
    I(LOCALE_SSHORTESTDAYNAME3, sshortestdayname, 3),
    I(LOCALE_SSHORTESTDAYNAME4, sshortestdayname, 4),
    I(LOCALE_SSHORTESTDAYNAME5, sshortestdayname, 5),
    I(LOCALE_SSHORTESTDAYNAME6, sshortestdayname, 6),
    I(LOCALE_SSHORTESTDAYNAME7, sshortestdayname, 0),
    I(LOCALE_SMONTHNAME13, smonthname, 12), I(LOCALE_SABBREVMONTHNAME13, sabbrevmonthname, 12),
};

static int give(const WCHAR *text, int length, WCHAR *buffer, int room)
{
    if (!room)
        return length;
    if (room < length)
        return nls_fail(ERROR_INSUFFICIENT_BUFFER);
    memcpy(buffer, text, (size_t)length * sizeof(WCHAR));
    return length;
}

static int give_string(const WCHAR *text, WCHAR *buffer, int room)
{
    return give(text, (int)wcslen(text) + 1, buffer, room);
}

/* LOCALE_RETURN_NUMBER writes a DWORD; the room counts in characters all the same. */
static int give_number(ULONG value, LCTYPE flags, const WCHAR *format, WCHAR *buffer, int room)
{
    WCHAR text[16];

    if (flags & LOCALE_RETURN_NUMBER) {
        memcpy(text, &value, sizeof(value));
        return give(text, (int)(sizeof(value) / sizeof(WCHAR)), buffer, room);
    }
    _snwprintf(text, NLS_ARRAY_COUNT(text), format, value);
    return give_string(text, buffer, room);
}

static int give_grouping(ULONG offset, WCHAR *buffer, int room)
{
    ULONG length;
    const WCHAR *numbers = nls_locale_string(offset, &length);
    WCHAR text[32];
    int count = 0;

    for (ULONG i = 0; i < length && i < 10; i++) {
        text[count++] = (WCHAR)('0' + numbers[i]);
        text[count++] = ';';
    }
    /* The data leave the closing 0 out where the last group repeats, and write one where it does not. */
    if (count && numbers[length - 1])
        text[count++] = '0';
    else if (count)
        count -= 3;
    if (count < 0)
        count = 0;
    text[count] = 0;
    return give_string(text, buffer, room);
}

static int give_field(const NLS_LOCALE_DATA *locale, const struct field *field, LCTYPE flags,
                      WCHAR *buffer, int room)
{
    const char *at = (const char *)locale + field->offset;
    WCHAR digits[11] = {0};
    const WCHAR *text;
    ULONG value = 0, length;

    memcpy(&value, at, field->kind == NUMBER || field->kind == HEX4 || field->kind == NOT || field->kind == DAY
                           ? sizeof(USHORT) : sizeof(UINT));
    if ((flags & LOCALE_RETURN_NUMBER) && field->kind != NUMBER && field->kind != NUMBER32 &&
        field->kind != HEX4 && field->kind != NOT && field->kind != DAY)
        return nls_fail(ERROR_INVALID_FLAGS);
    switch (field->kind) {
    case TEXT_AT:
        return give_string(nls_locale_string(value, NULL), buffer, room);
    case FIRST:
    case ITEM:
        text = nls_locale_array_string(value, field->kind == ITEM ? field->index : 0);
        return give_string(text ? text : L"", buffer, room);
    case DIGITS:
        for (ULONG i = 0; i < 10 && (text = nls_locale_array_string(value, i)); i++)
            digits[i] = text[0];
        return give_string(digits, buffer, room);
    case GROUPING:
        return give_grouping(value, buffer, room);
    case BINARY:
        text = nls_locale_string(value, &length);
        return give(text, (int)length, buffer, room);
    case HEX4:
        return give_number(value, flags, L"%04x", buffer, room);
    case NOT:
        return give_number(!value, flags, L"%u", buffer, room);
    case DAY:
        return give_number((value + 6) % 7, flags, L"%u", buffer, room);
    default:
        return give_number(value, flags, L"%u", buffer, room);
    }
}

/* Facts that follow from a format string. */
static int order_of_date(const WCHAR *format)
{
    for (; *format; format++) {
        if (*format == 'd')
            return 1;
        if (*format == 'M')
            return 0;
        if (*format == 'y')
            return 2;
    }
    return 0;
}

static ULONG count_of(const WCHAR *format, WCHAR c)
{
    ULONG count = 0;

    for (; *format; format++)
        count += *format == c;
    return count;
}

/* What separates the fields of the format: what stands behind the first one. */
static int give_separator(const WCHAR *format, const WCHAR *letters, WCHAR *buffer, int room)
{
    WCHAR text[8];
    int count = 0;

    while (*format && wcschr(letters, *format))
        format++;
    while (*format && !wcschr(letters, *format) && count < 7)
        text[count++] = *format++;
    text[count] = 0;
    return give_string(text, buffer, room);
}

static int derived(const NLS_LOCALE_DATA *locale, LCID id, LCTYPE type, LCTYPE flags, WCHAR *buffer,
                   int room)
{
    const WCHAR *date = nls_locale_array_string(locale->sshortdate, 0);
    const WCHAR *long_date = nls_locale_array_string(locale->slongdate, 0);
    const WCHAR *time = nls_locale_array_string(locale->stimeformat, 0);
    const WCHAR *text;

    if (!date || !long_date || !time)
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (type >= LOCALE_SMONTHNAME1 && type <= LOCALE_SMONTHNAME12) {
        text = NULL;
        if (flags & LOCALE_RETURN_GENITIVE_NAMES)
            text = nls_locale_array_string(locale->sgenitivemonth, type - LOCALE_SMONTHNAME1);
        if (!text)
            text = nls_locale_array_string(locale->smonthname, type - LOCALE_SMONTHNAME1);
        return give_string(text ? text : L"", buffer, room);
    }
    if (type >= LOCALE_SABBREVMONTHNAME1 && type <= LOCALE_SABBREVMONTHNAME12) {
        text = nls_locale_array_string(locale->sabbrevmonthname, type - LOCALE_SABBREVMONTHNAME1);
        return give_string(text ? text : L"", buffer, room);
    }
    switch (type) {
    case LOCALE_ILANGUAGE:
        return give_number(LANGIDFROMLCID(id), flags, L"%04x", buffer, room);
    case LOCALE_IDEFAULTCOUNTRY:
        return give_number(locale->icountry, flags, L"%u", buffer, room);
    case LOCALE_SDATE:
        return give_separator(date, L"dMy", buffer, room);
    case LOCALE_STIME:
        return give_separator(time, L"hHms", buffer, room);
    case LOCALE_IDATE:
        return give_number((ULONG)order_of_date(date), flags, L"%u", buffer, room);
    case LOCALE_ILDATE:
        return give_number((ULONG)order_of_date(long_date), flags, L"%u", buffer, room);
    case LOCALE_ITIME:
        return give_number(wcschr(time, 'H') != NULL, flags, L"%u", buffer, room);
    case LOCALE_ITIMEMARKPOSN:
        return give_number(*time == 't', flags, L"%u", buffer, room);
    case LOCALE_ICENTURY:
        return give_number(count_of(date, 'y') == 4, flags, L"%u", buffer, room);
    case LOCALE_ITLZERO:
        return give_number(count_of(time, 'h') == 2 || count_of(time, 'H') == 2, flags, L"%u",
                           buffer, room);
    case LOCALE_IDAYLZERO:
        return give_number(count_of(date, 'd') == 2, flags, L"%u", buffer, room);
    case LOCALE_IMONLZERO:
        return give_number(count_of(date, 'M') == 2, flags, L"%u", buffer, room);
    case LOCALE_ICALENDARTYPE:
        text = nls_locale_string(locale->scalendartype, NULL);
        return give_number(text[0], flags, L"%u", buffer, room);
    case LOCALE_IOPTIONALCALENDAR:
        text = nls_locale_string(locale->scalendartype, NULL);
        return give_number(text[0] ? text[1] : 0, flags, L"%u", buffer, room);
    case 0x666: /* LOCALE_IUSEUTF8LEGACYACP */
    case 0x999: /* LOCALE_IUSEUTF8LEGACYOEMCP */
        return give_number(locale->idefaultansicodepage == CP_UTF8, flags, L"%u", buffer, room);
    /* How the currency and the signs stand to the number, from the formats' numbers (winnls.h's table). */
    case LOCALE_IPOSSYMPRECEDES:
        return give_number(!(locale->icurrency & 1), flags, L"%u", buffer, room);
    case LOCALE_IPOSSEPBYSPACE:
        return give_number(locale->icurrency > 1, flags, L"%u", buffer, room);
    case LOCALE_IPOSSIGNPOSN: {
        static const char positions[] = {0, 1, 3, 4, 0, 1, 3, 4, 1, 4, 3, 3, 4, 3, 0, 0};

        return give_number((ULONG)max(positions[locale->inegcurr & 15], 1), flags, L"%u", buffer,
                           room);
    }
    case LOCALE_INEGSIGNPOSN: {
        static const char positions[] = {0, 1, 4, 4, 0, 1, 3, 4, 1, 1, 3, 4, 4, 3, 0, 0};

        return give_number((ULONG)positions[locale->inegcurr & 15], flags, L"%u", buffer, room);
    }
    case LOCALE_INEGSYMPRECEDES:
        return give_number(locale->inegcurr < 16 && (0x5a0f >> locale->inegcurr & 1), flags, L"%u",
                           buffer, room);
    case LOCALE_INEGSEPBYSPACE:
        return give_number(locale->inegcurr >= 8, flags, L"%u", buffer, room);
    case LOCALE_SENGLISHCOUNTRYNAME:
        return give_string(nls_locale_string(locale->sengcountry, NULL), buffer, room);
    }
    return nls_fail(ERROR_INVALID_FLAGS);
}

static int locale_info(const NLS_LOCALE_DATA *locale, LCID id, LCTYPE type, WCHAR *buffer, int room)
{
    LCTYPE flags = type & (LOCALE_NOUSEROVERRIDE | LOCALE_USE_CP_ACP | LOCALE_RETURN_NUMBER |
                           LOCALE_RETURN_GENITIVE_NAMES | LOCALE_ALLOW_NEUTRAL_NAMES);

    if (room < 0 || (room && !buffer))
        return nls_fail(ERROR_INVALID_PARAMETER);
    type &= 0xffff;
    for (size_t i = 0; i < NLS_ARRAY_COUNT(fields); i++)
        if (fields[i].type == type)
            return give_field(locale, &fields[i], flags, buffer, room);
    return derived(locale, id, type, flags, buffer, room);
}

int WINAPI GetLocaleInfoW(LCID id, LCTYPE type, WCHAR *buffer, INT room)
{
    const NLS_LOCALE_DATA *locale = nls_locale_by_id(id, &id);

    return locale ? locale_info(locale, id, type, buffer, room) : nls_fail(ERROR_INVALID_PARAMETER);
}

int WINAPI GetLocaleInfoEx(const WCHAR *name, LCTYPE type, WCHAR *buffer, INT room)
{
    LCID id = EN_US;
    const NLS_LOCALE_DATA *locale = nls_locale_by_name(name, &id);

    return locale ? locale_info(locale, id, type, buffer, room) : nls_fail(ERROR_INVALID_PARAMETER);
}

int WINAPI GetLocaleInfoA(LCID id, LCTYPE type, char *buffer, INT room)
{
    WCHAR text[512];
    UINT page = CP_ACP;
    int length, bytes;

    if (room < 0 || (room && !buffer))
        return nls_fail(ERROR_INVALID_PARAMETER);
    length = GetLocaleInfoW(id, type, text, NLS_ARRAY_COUNT(text));
    if (!length)
        return 0;
    if ((type & LOCALE_RETURN_NUMBER) || (type & 0xffff) == LOCALE_FONTSIGNATURE) {
        bytes = length * (int)sizeof(WCHAR);
        if (room && room < bytes)
            return nls_fail(ERROR_INSUFFICIENT_BUFFER);
        if (room)
            memcpy(buffer, text, (size_t)bytes);
        return bytes;
    }
    if (!(type & LOCALE_USE_CP_ACP))
        GetLocaleInfoW(id, LOCALE_IDEFAULTANSICODEPAGE | LOCALE_RETURN_NUMBER, (WCHAR *)&page,
                       sizeof(page) / sizeof(WCHAR));
    return WideCharToMultiByte(page, 0, text, length, buffer, room, NULL, NULL);
}

/* --- Names and ids ---------------------------------------------------------------------------- */

LCID WINAPI GetUserDefaultLCID(void)
{
    return EN_US;
}

LCID WINAPI GetSystemDefaultLCID(void)
{
    return EN_US;
}

LANGID WINAPI GetUserDefaultLangID(void)
{
    return LANGIDFROMLCID(EN_US);
}

LANGID WINAPI GetSystemDefaultLangID(void)
{
    return LANGIDFROMLCID(EN_US);
}

LANGID WINAPI GetUserDefaultUILanguage(void)
{
    return LANGIDFROMLCID(EN_US);
}

LANGID WINAPI GetSystemDefaultUILanguage(void)
{
    return LANGIDFROMLCID(EN_US);
}

int WINAPI GetUserDefaultLocaleName(WCHAR *name, int room)
{
    return give_string(L"en-US", name, room);
}

int WINAPI GetSystemDefaultLocaleName(WCHAR *name, int room)
{
    return give_string(L"en-US", name, room);
}

LCID WINAPI GetThreadLocale(void)
{
    LCID id = NtCurrentTeb()->CurrentLocale;

    return id ? id : EN_US;
}

BOOL WINAPI SetThreadLocale(LCID id)
{
    if (!nls_locale_by_id(id, &id)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    NtCurrentTeb()->CurrentLocale = id;
    return TRUE;
}

LCID WINAPI ConvertDefaultLocale(LCID id)
{
    LCID real = id;

    return nls_locale_by_id(id, &real) ? real : id;
}

LCID WINAPI LocaleNameToLCID(const WCHAR *name, DWORD flags)
{
    LCID id = 0;

    if (flags & ~(DWORD)LOCALE_ALLOW_NEUTRAL_NAMES)
        return (LCID)nls_fail(ERROR_INVALID_PARAMETER);
    if (!nls_locale_by_name(name, &id))
        return (LCID)nls_fail(ERROR_INVALID_PARAMETER);
    return id;
}

int WINAPI LCIDToLocaleName(LCID id, WCHAR *name, int room, DWORD flags)
{
    const NLS_LOCALE_DATA *locale = nls_locale_by_id(id, &id);

    if (!locale || (flags & ~(DWORD)LOCALE_ALLOW_NEUTRAL_NAMES) || room < 0)
        return nls_fail(ERROR_INVALID_PARAMETER);
    return give_string(nls_locale_string(locale->sname, NULL), name, room);
}

BOOL WINAPI IsValidLocaleName(const WCHAR *name)
{
    return nls_locale_by_name(name, NULL) != NULL;
}

BOOL WINAPI IsValidLocale(LCID id, DWORD flags)
{
    (void)flags;
    return nls_locale_by_id(id, NULL) != NULL;
}

BOOL WINAPI EnumSystemLocalesEx(LOCALE_ENUMPROCEX proc, DWORD flags, LPARAM param, void *reserved)
{
    const NLS_LOCALE_HEADER *table = nls_locale_header();
    const NLS_LOCALE_LCNAME_INDEX *names;
    WCHAR name[LOCALE_NAME_MAX_LENGTH];

    if (reserved || !proc) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    if (!table)
        return FALSE;
    names = (const void *)((const char *)table + table->lcnames_offset);
    for (unsigned i = 0; i < table->nb_lcnames; i++) {
        const NLS_LOCALE_DATA *locale;
        const WCHAR *text = nls_locale_string(names[i].name, NULL);
        DWORD kind;

        locale = nls_locale_by_name(text, NULL);
        if (!locale || !*text)
            continue;
        kind = LOCALE_WINDOWS |
               (names[i].id & 0x80000000 ? LOCALE_ALTERNATE_SORTS
                : locale->inotneutral ? LOCALE_SPECIFICDATA : LOCALE_NEUTRALDATA);
        if (flags && !(flags & kind))
            continue;
        wcsncpy_s(name, NLS_ARRAY_COUNT(name), text, (size_t)-1);
        if (!proc(name, kind, param))
            break;
    }
    return TRUE;
}

static BOOL enum_ids(DWORD flags, BOOL (*call)(LCID id, void *proc), void *proc)
{
    const NLS_LOCALE_HEADER *table = nls_locale_header();
    const NLS_LOCALE_LCID_INDEX *ids;

    (void)flags;
    if (!table)
        return FALSE;
    ids = (const void *)((const char *)table + table->lcids_offset);
    for (unsigned i = 0; i < table->nb_lcids; i++)
        if (SUBLANGID(LANGIDFROMLCID(ids[i].id)) && !call(ids[i].id, proc))
            break;
    return TRUE;
}

static BOOL call_wide(LCID id, void *proc)
{
    WCHAR text[9];

    _snwprintf(text, NLS_ARRAY_COUNT(text), L"%08x", id);
    return ((LOCALE_ENUMPROCW)proc)(text);
}

static BOOL call_ansi(LCID id, void *proc)
{
    char text[9];

    for (int i = 0; i < 8; i++)
        text[i] = "0123456789abcdef"[id >> (28 - 4 * i) & 15];
    text[8] = 0;
    return ((LOCALE_ENUMPROCA)proc)(text);
}

BOOL WINAPI EnumSystemLocalesW(LOCALE_ENUMPROCW proc, DWORD flags)
{
    return enum_ids(flags, call_wide, proc);
}

BOOL WINAPI EnumSystemLocalesA(LOCALE_ENUMPROCA proc, DWORD flags)
{
    return enum_ids(flags, call_ansi, proc);
}

/* Lists of language names: "en-US", and with the list's closing empty string. */
static BOOL languages(DWORD flags, ULONG *count, WCHAR *buffer, ULONG *room)
{
    const WCHAR *list = flags & MUI_LANGUAGE_ID ? L"0409\0" : L"en-US\0";
    ULONG length = (ULONG)wcslen(list) + 2;

    if (!count || !room || (*room && !buffer) ||
        (flags & (MUI_LANGUAGE_ID | MUI_LANGUAGE_NAME)) == (MUI_LANGUAGE_ID | MUI_LANGUAGE_NAME)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    *count = 1;
    if (buffer && *room < length) {
        *room = length;
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return FALSE;
    }
    if (buffer)
        memcpy(buffer, list, length * sizeof(WCHAR));
    *room = length;
    return TRUE;
}

BOOL WINAPI GetUserPreferredUILanguages(DWORD flags, ULONG *count, WCHAR *buffer, ULONG *room)
{
    return languages(flags, count, buffer, room);
}

BOOL WINAPI GetSystemPreferredUILanguages(DWORD flags, ULONG *count, WCHAR *buffer, ULONG *room)
{
    return languages(flags, count, buffer, room);
}

BOOL WINAPI GetThreadPreferredUILanguages(DWORD flags, ULONG *count, WCHAR *buffer, ULONG *room)
{
    return languages(flags & (MUI_LANGUAGE_ID | MUI_LANGUAGE_NAME), count, buffer, room);
}
