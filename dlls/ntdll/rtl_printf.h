/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * printf as ntdll.dll exports it, declared here because mingw's stdio.h has inline functions of
 * these names; and the seam between the format parser and the formatting of floating-point numbers.
 */
#ifndef DECANT_NTDLL_RTL_PRINTF_H
#define DECANT_NTDLL_RTL_PRINTF_H

#include "ntdll.h"

#define PRINTF_MAX_PRECISION 512
#define PRINTF_FLOAT_ROOM    (310 + PRINTF_MAX_PRECISION + 16)

/* The number's text without a sign, for %e %f %g and their capitals; the answer is the length. A
 * precision above PRINTF_MAX_PRECISION is cut to it. */
int printf_format_double(char *text, double value, int precision, char form, bool alternate,
                         bool *negative);

int __cdecl _vsnprintf(char *buffer, size_t room, const char *format, va_list args);
int __cdecl _vsnwprintf(WCHAR *buffer, size_t room, const WCHAR *format, va_list args);
int __cdecl vsprintf(char *buffer, const char *format, va_list args);
int __cdecl sprintf(char *buffer, const char *format, ...);
int __cdecl _snprintf(char *buffer, size_t room, const char *format, ...);
int __cdecl _snwprintf(WCHAR *buffer, size_t room, const WCHAR *format, ...);
int __cdecl swprintf(WCHAR *buffer, const WCHAR *format, ...);

#endif
