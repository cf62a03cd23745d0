/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Exports of the Rtl rooms that Wine's winternl.h does not declare.
 */
#ifndef DECANT_NTDLL_RTL_H
#define DECANT_NTDLL_RTL_H

#include "ntdll.h"

NTSTATUS WINAPI RtlHashUnicodeString(const UNICODE_STRING *string, BOOLEAN ignore_case,
                                     ULONG algorithm, ULONG *hash);
void WINAPI RtlGetNtVersionNumbers(DWORD *major, DWORD *minor, DWORD *build);

void WINAPI RtlResetRtlTranslations(const NLSTABLEINFO *info);

NTSTATUS WINAPI RtlConsoleMultiByteToUnicodeN(WCHAR *dst, DWORD room, DWORD *written,
                                              const char *src, DWORD length, DWORD *unknown);
BOOLEAN WINAPI RtlDoesFileExists_U(const WCHAR *path);
NTSTATUS WINAPI RtlDosPathNameToRelativeNtPathName_U_WithStatus(const WCHAR *dos,
                                                                UNICODE_STRING *nt_path,
                                                                WCHAR **file_part,
                                                                RTL_RELATIVE_NAME *relative);
BOOLEAN WINAPI RtlDosPathNameToRelativeNtPathName_U(const WCHAR *dos, UNICODE_STRING *nt_path,
                                                    WCHAR **file_part,
                                                    RTL_RELATIVE_NAME *relative);
void WINAPI RtlReleaseRelativeName(RTL_RELATIVE_NAME *relative);

BOOLEAN WINAPI RtlGetProductInfo(DWORD os_major, DWORD os_minor, DWORD sp_major, DWORD sp_minor,
                                 DWORD *type);
struct wine_debug_channel;
unsigned char __cdecl __wine_dbg_get_channel_flags(struct wine_debug_channel *channel);
const char *__cdecl __wine_dbg_strdup(const char *text);
int __cdecl __wine_dbg_output(const char *text);
int __cdecl __wine_dbg_header(ULONG class, struct wine_debug_channel *channel,
                              const char *function);

#endif
