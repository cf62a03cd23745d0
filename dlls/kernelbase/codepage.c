/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * stringapiset.h and winnls.h: code pages and the conversions between them and UTF-16.
 */
#include "nls.h"

#define NLS_CODE_PAGE 11
#define CACHE_SIZE    160 /* more than there are */

static CPTABLEINFO cache[CACHE_SIZE];
static LONG cached;

static USHORT *peb_table(void *data)
{
    return data;
}

static const CPTABLEINFO utf8_page = {
    .CodePage = CP_UTF8, .MaximumCharacterSize = 4, .DefaultChar = '?', .UniDefaultChar = 0xfffd};
static const CPTABLEINFO utf7_page = {
    .CodePage = CP_UTF7, .MaximumCharacterSize = 5, .DefaultChar = '?', .UniDefaultChar = 0xfffd};

UINT WINAPI GetACP(void)
{
    return peb_table(NtCurrentTeb()->Peb->AnsiCodePageData)[1];
}

UINT WINAPI GetOEMCP(void)
{
    return peb_table(NtCurrentTeb()->Peb->OemCodePageData)[1];
}

static UINT real_page(UINT page)
{
    switch (page) {
    case CP_ACP:
    case CP_THREAD_ACP:
        return GetACP();
    case CP_OEMCP:
        return GetOEMCP();
    case CP_MACCP:
        return 10000;
    }
    return page;
}

/* Entries are only ever added, the count last, so readers need no lock. Two threads that add the same
 * page at once write the same words. */
const CPTABLEINFO *nls_code_page(UINT page)
{
    static LONG writer;
    LONG count;
    void *data;
    SIZE_T bytes;

    page = real_page(page);
    if (page == CP_UTF8)
        return &utf8_page;
    if (page == CP_UTF7)
        return &utf7_page;
    count = __atomic_load_n(&cached, __ATOMIC_ACQUIRE);
    for (LONG i = 0; i < count; i++)
        if (cache[i].CodePage == page)
            return &cache[i];
    if (page > 0xffff || NtGetNlsSectionPtr(NLS_CODE_PAGE, page, NULL, &data, &bytes))
        return NULL;
    while (__atomic_exchange_n(&writer, 1, __ATOMIC_ACQUIRE))
        NtYieldExecution();
    count = cached;
    for (LONG i = 0; i < count; i++)
        if (cache[i].CodePage == page) {
            __atomic_store_n(&writer, 0, __ATOMIC_RELEASE);
            return &cache[i];
        }
    if (count < CACHE_SIZE) {
        RtlInitCodePageTable(data, &cache[count]);
        __atomic_store_n(&cached, count + 1, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&writer, 0, __ATOMIC_RELEASE);
    return count < CACHE_SIZE ? &cache[count] : NULL;
}

/* --- To UTF-16 -------------------------------------------------------------------------------- */

static int utf8_to_wide(DWORD flags, const char *src, int src_length, WCHAR *dst, int dst_length)
{
    DWORD bytes = 0;
    NTSTATUS status = RtlUTF8ToUnicodeN(dst_length ? dst : NULL,
                                        (DWORD)dst_length * (DWORD)sizeof(WCHAR), &bytes, src,
                                        (DWORD)src_length);

    if (status == STATUS_SOME_NOT_MAPPED && (flags & MB_ERR_INVALID_CHARS))
        return nls_fail(ERROR_NO_UNICODE_TRANSLATION);
    if (status == STATUS_BUFFER_TOO_SMALL)
        return nls_fail(ERROR_INSUFFICIENT_BUFFER);
    return (int)(bytes / sizeof(WCHAR));
}

static int page_to_wide(const CPTABLEINFO *page, DWORD flags, const UCHAR *src, int src_length,
                        WCHAR *dst, int dst_length)
{
    int count = 0;

    for (int i = 0; i < src_length; i++, count++) {
        USHORT offset = page->DBCSCodePage ? page->DBCSOffsets[src[i]] : 0;
        USHORT code = src[i];
        WCHAR c;

        if (!offset) {
            c = page->MultiByteTable[src[i]];
        } else if (i + 1 < src_length && src[i + 1]) {
            code = (USHORT)(code << 8 | src[++i]);
            c = page->DBCSOffsets[offset + src[i]];
        } else {
            c = page->UniDefaultChar;
        }
        if ((flags & MB_ERR_INVALID_CHARS) && c == page->UniDefaultChar &&
            code != page->TransUniDefaultChar)
            return nls_fail(ERROR_NO_UNICODE_TRANSLATION);
        if (dst_length) {
            if (count == dst_length)
                return nls_fail(ERROR_INSUFFICIENT_BUFFER);
            dst[count] = c;
        }
    }
    return count;
}

int WINAPI MultiByteToWideChar(UINT page, DWORD flags, const char *src, int src_length, WCHAR *dst,
                               int dst_length)
{
    const CPTABLEINFO *info;

    if (!src || !src_length || (!dst && dst_length) || dst_length < 0 ||
        (const void *)src == (const void *)dst)
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (src_length < 0)
        src_length = (int)strlen(src) + 1;
    info = nls_code_page(page);
    if (!info)
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (info->CodePage == CP_UTF8) {
        if (flags & ~(DWORD)MB_ERR_INVALID_CHARS) /* documented */
            return nls_fail(ERROR_INVALID_FLAGS);
        return utf8_to_wide(flags, src, src_length, dst, dst_length);
    }
    if (info->CodePage == CP_UTF7)
        return flags ? nls_fail(ERROR_INVALID_FLAGS) : utf7_to_wide(src, src_length, dst, dst_length);
    if ((flags & ~(DWORD)(MB_ERR_INVALID_CHARS | MB_PRECOMPOSED | MB_COMPOSITE |
                          MB_USEGLYPHCHARS)) ||
        (flags & (MB_PRECOMPOSED | MB_COMPOSITE)) == (MB_PRECOMPOSED | MB_COMPOSITE))
        return nls_fail(ERROR_INVALID_FLAGS);
    return page_to_wide(info, flags, (const UCHAR *)src, src_length, dst, dst_length);
}

/* --- From UTF-16 ------------------------------------------------------------------------------ */

static int wide_to_utf8(DWORD flags, const WCHAR *src, int src_length, char *dst, int dst_length)
{
    DWORD bytes = 0;
    NTSTATUS status = RtlUnicodeToUTF8N(dst_length ? dst : NULL, (DWORD)dst_length, &bytes, src,
                                        (DWORD)src_length * (DWORD)sizeof(WCHAR));

    if (status == STATUS_SOME_NOT_MAPPED && (flags & WC_ERR_INVALID_CHARS))
        return nls_fail(ERROR_NO_UNICODE_TRANSLATION);
    if (status == STATUS_BUFFER_TOO_SMALL)
        return nls_fail(ERROR_INSUFFICIENT_BUFFER);
    return (int)bytes;
}

/* The code of one character and whether it is the true one (and not the default or a best fit). */
static USHORT encode(const CPTABLEINFO *page, WCHAR c, bool *exact)
{
    USHORT code;

    if (page->DBCSCodePage) {
        code = ((const USHORT *)page->WideCharTable)[c];
        if (code >> 8)
            *exact = page->DBCSOffsets[page->DBCSOffsets[code >> 8] + (code & 0xff)] == c;
        else
            *exact = page->MultiByteTable[code] == c;
    } else {
        code = ((const UCHAR *)page->WideCharTable)[c];
        *exact = page->MultiByteTable[code] == c;
    }
    return code;
}

static int wide_to_page(const CPTABLEINFO *page, DWORD flags, const WCHAR *src, int src_length,
                        char *dst, int dst_length, USHORT fallback, BOOL *used_default)
{
    BOOL used = FALSE;
    int count = 0;

    for (int i = 0; i < src_length; i++) {
        bool exact;
        USHORT code = encode(page, src[i], &exact);

        if (!exact && (code == page->DefaultChar || (flags & WC_NO_BEST_FIT_CHARS))) {
            used = TRUE;
            code = fallback;
        }
        if (dst_length) {
            if (count + 1 + (code > 0xff) > dst_length)
                return nls_fail(ERROR_INSUFFICIENT_BUFFER);
            if (code > 0xff)
                dst[count] = (char)(code >> 8);
            dst[count + (code > 0xff)] = (char)code;
        }
        count += 1 + (code > 0xff);
    }
    if (used_default)
        *used_default = used;
    return count;
}

int WINAPI WideCharToMultiByte(UINT page, DWORD flags, const WCHAR *src, int src_length, char *dst,
                               int dst_length, const char *default_char, BOOL *used_default)
{
    const CPTABLEINFO *info;
    USHORT fallback;

    if (!src || !src_length || (!dst && dst_length) || dst_length < 0)
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (src_length < 0)
        src_length = (int)wcslen(src) + 1;
    info = nls_code_page(page);
    if (!info)
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (info->CodePage == CP_UTF8 || info->CodePage == CP_UTF7) {
        if (default_char || used_default)
            return nls_fail(ERROR_INVALID_PARAMETER);
        if (info->CodePage == CP_UTF7)
            return flags ? nls_fail(ERROR_INVALID_FLAGS)
                         : utf7_from_wide(src, src_length, dst, dst_length);
        if (flags & ~(DWORD)(WC_ERR_INVALID_CHARS | WC_DISCARDNS | WC_SEPCHARS | WC_DEFAULTCHAR |
                             WC_COMPOSITECHECK | WC_NO_BEST_FIT_CHARS))
            return nls_fail(ERROR_INVALID_FLAGS);
        return wide_to_utf8(flags, src, src_length, dst, dst_length);
    }
    if (flags & ~(DWORD)(WC_DISCARDNS | WC_SEPCHARS | WC_DEFAULTCHAR | WC_COMPOSITECHECK |
                         WC_NO_BEST_FIT_CHARS))
        return nls_fail(ERROR_INVALID_FLAGS);
    fallback = info->DefaultChar;
    if (default_char) {
        fallback = (UCHAR)default_char[0];
        if (info->DBCSCodePage && info->DBCSOffsets[fallback] && default_char[1])
            fallback = (USHORT)(fallback << 8 | (UCHAR)default_char[1]);
    }
    return wide_to_page(info, flags, src, src_length, dst, dst_length, fallback, used_default);
}

/* --- About code pages ------------------------------------------------------------------------- */

BOOL WINAPI IsValidCodePage(UINT page)
{
    /* The symbolic numbers are no code pages here, so on Windows. */
    return page > CP_THREAD_ACP && page != 42 && nls_code_page(page) != NULL;
}

BOOL WINAPI IsDBCSLeadByteEx(UINT page, BYTE byte)
{
    const CPTABLEINFO *info = nls_code_page(page);

    return info && info->DBCSCodePage && info->DBCSOffsets[byte];
}

BOOL WINAPI IsDBCSLeadByte(BYTE byte)
{
    return IsDBCSLeadByteEx(CP_ACP, byte);
}

BOOL WINAPI GetCPInfo(UINT page, CPINFO *out)
{
    const CPTABLEINFO *info = nls_code_page(page);

    if (!info || !out) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    out->MaxCharSize = info->MaximumCharacterSize;
    out->DefaultChar[0] = (BYTE)info->DefaultChar;
    out->DefaultChar[1] = (BYTE)(info->DefaultChar >> 8);
    memcpy(out->LeadByte, info->LeadByte, sizeof(out->LeadByte));
    return TRUE;
}

BOOL WINAPI GetCPInfoExW(UINT page, DWORD flags, CPINFOEXW *out)
{
    const CPTABLEINFO *info = nls_code_page(page);
    CPINFO basic;

    (void)flags;
    if (!out || !GetCPInfo(page, &basic)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    out->MaxCharSize = basic.MaxCharSize;
    memcpy(out->DefaultChar, basic.DefaultChar, sizeof(out->DefaultChar));
    memcpy(out->LeadByte, basic.LeadByte, sizeof(out->LeadByte));
    out->UnicodeDefaultChar = info->UniDefaultChar;
    out->CodePage = info->CodePage;
    /* Windows has a display name such as "1252  (ANSI - Latin I)"; the number is its start. */
    _snwprintf(out->CodePageName, MAX_PATH, L"%u", info->CodePage);
    return TRUE;
}

BOOL WINAPI GetCPInfoExA(UINT page, DWORD flags, CPINFOEXA *out)
{
    CPINFOEXW wide;

    if (!out || !GetCPInfoExW(page, flags, &wide))
        return nls_fail(ERROR_INVALID_PARAMETER);
    out->MaxCharSize = wide.MaxCharSize;
    memcpy(out->DefaultChar, wide.DefaultChar, sizeof(out->DefaultChar));
    memcpy(out->LeadByte, wide.LeadByte, sizeof(out->LeadByte));
    out->UnicodeDefaultChar = wide.UnicodeDefaultChar;
    out->CodePage = wide.CodePage;
    WideCharToMultiByte(CP_ACP, 0, wide.CodePageName, -1, out->CodePageName, MAX_PATH, NULL, NULL);
    return TRUE;
}
