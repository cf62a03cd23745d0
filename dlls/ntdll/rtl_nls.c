/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NLS tables: where they come from, code page tables out of c_NNN.nls, casing out of l_intl.nls. The
 * files are Wine's, in Windows' format; the Linux side maps them (dlls/ntdll/unix/nls.c).
 *
 * The ANSI code page is 1252 and the OEM code page 437, as on an en-US Windows. DECANT_ACP=NUMBER in the
 * environment chooses another ANSI code page (65001 for UTF-8).
 */
#include "nls.h"
#include "rtl.h"
#include <stdlib.h>

#define NLS_CASING    10
#define NLS_CODE_PAGE 11

NLSTABLEINFO nls_tables = {
    .OemTableInfo = {.CodePage = CP_UTF8},
    .AnsiTableInfo = {.CodePage = CP_UTF8},
};

/* A code page file: a header whose first word is its length in words, then a word that says how
 * far the table to the code page is, 256 words from the code page, an optional 256 words for glyphs
 * (a flag says whether), the number of lead byte ranges, and for double-byte pages 256 offsets of
 * second-byte tables. */
void WINAPI RtlInitCodePageTable(USHORT *data, CPTABLEINFO *info)
{
    USHORT header = data[0], *glyphs;

    info->CodePage = data[1];
    info->MaximumCharacterSize = data[2];
    info->DefaultChar = data[3];
    info->UniDefaultChar = data[4];
    info->TransDefaultChar = data[5];
    info->TransUniDefaultChar = data[6];
    memcpy(info->LeadByte, data + 7, sizeof(info->LeadByte));
    if (info->CodePage == CP_UTF8) {
        info->MultiByteTable = info->WideCharTable = NULL;
        info->DBCSRanges = info->DBCSOffsets = NULL;
        info->DBCSCodePage = 0;
        return;
    }
    info->WideCharTable = data + header + 1 + data[header];
    info->MultiByteTable = data + header + 1;
    glyphs = info->MultiByteTable + 256;
    info->DBCSRanges = glyphs + 1 + (glyphs[0] ? 256 : 0);
    info->DBCSCodePage = info->DBCSRanges[0] != 0;
    info->DBCSOffsets = info->DBCSCodePage ? info->DBCSRanges + 1 : NULL;
}

void WINAPI RtlInitNlsTables(USHORT *ansi, USHORT *oem, USHORT *casing, NLSTABLEINFO *info)
{
    RtlInitCodePageTable(ansi, &info->AnsiTableInfo);
    RtlInitCodePageTable(oem, &info->OemTableInfo);
    info->UpperCaseTable = casing + 2;
    info->LowerCaseTable = casing + 2 + casing[1];
}

void WINAPI RtlResetRtlTranslations(const NLSTABLEINFO *info)
{
    nls_tables = *info;
}

/* UTF-8 has no file: this header stands for one. */
static const USHORT utf8_page[] = {13, CP_UTF8, 4, '?', 0xfffd, '?', '?', 0, 0, 0, 0, 0, 0, 0};

static const USHORT *code_page_file(ULONG page)
{
    void *base;
    SIZE_T bytes;

    if (page != CP_UTF8 && !DecantGetNlsFile(NLS_CODE_PAGE, page, &base, &bytes))
        return base;
    return utf8_page;
}

/* The number in the environment variable; 0 when it is not set. Works before the heap does. */
static ULONG variable_number(const WCHAR *name)
{
    const WCHAR *entry = current_peb()->ProcessParameters->Environment;
    size_t length = wcslen(name);

    for (; entry && *entry; entry += wcslen(entry) + 1)
        if (!_wcsnicmp(entry, name, length) && entry[length] == '=')
            return wcstoul(entry + length + 1, NULL, 10);
    return 0;
}

void nls_init(void)
{
    PEB *peb = current_peb();
    ULONG page = variable_number(L"DECANT_ACP");
    const USHORT *ansi = code_page_file(page ? page : 1252), *oem = code_page_file(437);
    void *casing;
    SIZE_T bytes;

    RtlInitCodePageTable((USHORT *)ansi, &nls_tables.AnsiTableInfo);
    RtlInitCodePageTable((USHORT *)oem, &nls_tables.OemTableInfo);
    peb->AnsiCodePageData = (void *)ansi;
    peb->OemCodePageData = (void *)oem;
    if (!DecantGetNlsFile(NLS_CASING, 0, &casing, &bytes)) {
        nls_tables.UpperCaseTable = (USHORT *)casing + 2;
        nls_tables.LowerCaseTable = (USHORT *)casing + 2 + ((USHORT *)casing)[1];
        peb->UnicodeCaseTableData = casing;
    }
}

NTSTATUS WINAPI NtGetNlsSectionPtr(ULONG type, ULONG id, void *unused, void **base, SIZE_T *bytes)
{
    (void)unused;
    return DecantGetNlsFile(type, id, base, bytes);
}

/* --- Case ------------------------------------------------------------------------------------- */

WCHAR WINAPI RtlUpcaseUnicodeChar(WCHAR c)
{
    return nls_upcase(c);
}

WCHAR WINAPI RtlDowncaseUnicodeChar(WCHAR c)
{
    return nls_downcase(c);
}

static NTSTATUS map_string(UNICODE_STRING *target, const UNICODE_STRING *source, BOOLEAN allocate,
                           bool up)
{
    if (allocate) {
        target->MaximumLength = source->Length;
        target->Buffer = RtlAllocateHeap(process_heap(), 0, source->Length);
        if (!target->Buffer)
            return STATUS_NO_MEMORY;
    } else if (source->Length > target->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    for (ULONG i = 0; i < source->Length / sizeof(WCHAR); i++)
        target->Buffer[i] = up ? nls_upcase(source->Buffer[i]) : nls_downcase(source->Buffer[i]);
    target->Length = source->Length;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlUpcaseUnicodeString(UNICODE_STRING *target, const UNICODE_STRING *source,
                                       BOOLEAN allocate)
{
    return map_string(target, source, allocate, true);
}

NTSTATUS WINAPI RtlDowncaseUnicodeString(UNICODE_STRING *target, const UNICODE_STRING *source,
                                         BOOLEAN allocate)
{
    return map_string(target, source, allocate, false);
}

/* An ANSI character's upper case, through Unicode and back. */
CHAR WINAPI RtlUpperChar(CHAR c)
{
    const CPTABLEINFO *page = &nls_tables.AnsiTableInfo;
    UCHAR byte = (UCHAR)c;
    WCHAR wide;

    if (byte < 0x80 || page->MaximumCharacterSize != 1 || !page->MultiByteTable)
        return byte >= 'a' && byte <= 'z' ? c - 32 : c;
    wide = nls_upcase(page->MultiByteTable[byte]);
    return (CHAR)((const UCHAR *)page->WideCharTable)[wide];
}

void WINAPI RtlUpperString(STRING *target, const STRING *source)
{
    ULONG length = min(source->Length, target->MaximumLength);

    for (ULONG i = 0; i < length; i++)
        target->Buffer[i] = RtlUpperChar(source->Buffer[i]);
    target->Length = (USHORT)length;
}
