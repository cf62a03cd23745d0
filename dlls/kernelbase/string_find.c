/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libloaderapi.h's FindStringOrdinal and winnls.h's FindNLSString: one string in another.
 */
#include "nls.h"

#define FIND_FLAGS (FIND_STARTSWITH | FIND_ENDSWITH | FIND_FROMSTART | FIND_FROMEND)

/* Exactly one of the four says where. */
static bool is_one_direction(DWORD find)
{
    return find && !(find & (find - 1));
}

/* Documented: FIND_FROMSTART is taken when none is named. */
int WINAPI FindStringOrdinal(DWORD find, LPCWSTR source, int source_length, LPCWSTR value, int value_length,
                             BOOL ignore_case)
{
    int last;

    if (!source || !value || source_length < -1 || value_length < -1) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return -1;
    }
    if (!find)
        find = FIND_FROMSTART;
    if (find & ~(DWORD)FIND_FLAGS || !is_one_direction(find)) {
        SetLastError(ERROR_INVALID_FLAGS);
        return -1;
    }
    if (source_length < 0)
        source_length = (int)wcslen(source);
    if (value_length < 0)
        value_length = (int)wcslen(value);
    SetLastError(ERROR_SUCCESS);
    last = source_length - value_length;
    if (last < 0)
        return -1;
    for (int i = 0; i <= last; i++) {
        int at = find & (FIND_FROMEND | FIND_ENDSWITH) ? last - i : i;

        if (CompareStringOrdinal(source + at, value_length, value, value_length, ignore_case) == CSTR_EQUAL)
            return at;
        if (find & (FIND_STARTSWITH | FIND_ENDSWITH))
            break;
    }
    return -1;
}

/* Equal strings may differ in length by the characters that comparison skips; so for each start, all lengths
 * that come into question, the value's own first. */
static int match_at(LPCWSTR locale, DWORD flags, LPCWSTR source, int room, LPCWSTR value, int value_length)
{
    if (value_length <= room &&
        CompareStringEx(locale, flags, source, value_length, value, value_length, NULL, NULL, 0) == CSTR_EQUAL)
        return value_length;
    for (int length = 1; length <= room && length <= value_length * 2 + 8; length++)
        if (length != value_length &&
            CompareStringEx(locale, flags, source, length, value, value_length, NULL, NULL, 0) == CSTR_EQUAL)
            return length;
    return -1;
}

int WINAPI FindNLSStringEx(LPCWSTR locale, DWORD flags, LPCWSTR source, int source_length, LPCWSTR value,
                           int value_length, LPINT found, LPNLSVERSIONINFO version, LPVOID reserved, LPARAM handle)
{
    DWORD find = flags & FIND_FLAGS;

    (void)version;
    flags &= ~(DWORD)FIND_FLAGS;
    if (!source || !source_length || !value || !value_length || source_length < -1 || value_length < -1 ||
        reserved || handle) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return -1;
    }
    if (!find)
        find = FIND_FROMSTART;
    if (!is_one_direction(find)) {
        SetLastError(ERROR_INVALID_FLAGS);
        return -1;
    }
    if (source_length < 0)
        source_length = (int)wcslen(source);
    if (value_length < 0)
        value_length = (int)wcslen(value);
    /* The comparison judges locale and flags. */
    if (!CompareStringEx(locale, flags, L"", 0, L"", 0, NULL, NULL, 0))
        return -1;
    SetLastError(ERROR_SUCCESS);
    for (int i = 0; i < source_length; i++) {
        int at = find & (FIND_FROMEND | FIND_ENDSWITH) ? source_length - 1 - i : i;
        int length = match_at(locale, flags, source + at, source_length - at, value, value_length);

        if (length >= 0 && (find != FIND_ENDSWITH || at + length == source_length)) {
            if (found)
                *found = length;
            return at;
        }
        if (find == FIND_STARTSWITH)
            break;
    }
    return -1;
}

int WINAPI FindNLSString(LCID id, DWORD flags, LPCWSTR source, int source_length, LPCWSTR value, int value_length,
                         LPINT found)
{
    WCHAR name[LOCALE_NAME_MAX_LENGTH];

    if (!LCIDToLocaleName(id, name, LOCALE_NAME_MAX_LENGTH, LOCALE_ALLOW_NEUTRAL_NAMES)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return -1;
    }
    return FindNLSStringEx(name, flags, source, source_length, value, value_length, found, NULL, NULL, 0);
}

/* --- What sorting knows --- */

/* The version of the comparison of this file's neighbour, string.c: keys are valid as long as it stays. */
#define SORT_VERSION 0x00010000

BOOL WINAPI GetNLSVersionEx(NLS_FUNCTION function, LPCWSTR locale, NLSVERSIONINFOEX *info)
{
    LCID id = LocaleNameToLCID(locale, LOCALE_ALLOW_NEUTRAL_NAMES);
    DWORD bytes = info->dwNLSVersionInfoSize;

    if (function != COMPARE_STRING)
        return nls_fail(ERROR_INVALID_FLAGS);
    if (bytes < offsetof(NLSVERSIONINFOEX, dwEffectiveId))
        return nls_fail(ERROR_INSUFFICIENT_BUFFER);
    if (!id)
        return nls_fail(ERROR_INVALID_PARAMETER);
    info->dwNLSVersion = info->dwDefinedVersion = SORT_VERSION;
    if (bytes >= sizeof(*info)) {
        info->dwEffectiveId = id;
        memset(&info->guidCustomVersion, 0, sizeof(info->guidCustomVersion));
    }
    return TRUE;
}

BOOL WINAPI GetNLSVersion(NLS_FUNCTION function, LCID id, NLSVERSIONINFO *info)
{
    WCHAR name[LOCALE_NAME_MAX_LENGTH];

    if (!LCIDToLocaleName(id, name, LOCALE_NAME_MAX_LENGTH, LOCALE_ALLOW_NEUTRAL_NAMES))
        return nls_fail(ERROR_INVALID_PARAMETER);
    return GetNLSVersionEx(function, name, (NLSVERSIONINFOEX *)info);
}

DWORD WINAPI IsValidNLSVersion(NLS_FUNCTION function, LPCWSTR locale, NLSVERSIONINFOEX *info)
{
    if (function != COMPARE_STRING || !info || !LocaleNameToLCID(locale, LOCALE_ALLOW_NEUTRAL_NAMES))
        return (DWORD)nls_fail(ERROR_INVALID_PARAMETER);
    return info->dwNLSVersion == SORT_VERSION;
}

BOOL WINAPI IsNLSDefinedString(NLS_FUNCTION function, DWORD flags, NLSVERSIONINFO *info, LPCWSTR text, int length)
{
    if (function != COMPARE_STRING || flags || !info || !text)
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (length < 0)
        length = (int)wcslen(text);
    for (int i = 0; i < length; i++) {
        /* A pair counts as defined, a lone half does not. */
        if (text[i] >= 0xd800 && text[i] < 0xdc00 && i + 1 < length && text[i + 1] >= 0xdc00 && text[i + 1] < 0xe000)
            i++;
        else if ((text[i] >= 0xd800 && text[i] < 0xe000) || !(nls_character_types(text[i])[0] & C1_DEFINED))
            return FALSE;
    }
    return TRUE;
}
