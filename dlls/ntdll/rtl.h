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

#endif
