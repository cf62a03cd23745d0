/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How the NtQueryInformation* functions answer and the NtSetInformation* functions read.
 */
#ifndef DECANT_NTDLL_UNIX_INFO_H
#define DECANT_NTDLL_UNIX_INFO_H

#include "unix.h"

/* A class of fixed size: *needed is set in any case, the answer is written only when `length` is exactly its
 * size (STATUS_INFO_LENGTH_MISMATCH otherwise). */
static inline NTSTATUS answer(void *buffer, ULONG length, ULONG *needed, const void *value,
                              ULONG bytes)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (length == bytes)
        status = guest_copy_out(buffer, value, bytes);
    if (!status && needed)
        status = guest_copy_out(needed, &bytes, sizeof(bytes));
    return status ? status : length == bytes ? STATUS_SUCCESS : STATUS_INFO_LENGTH_MISMATCH;
}

/* A UNICODE_STRING followed by its text, as ProcessImageFileName answers. `text` may be NULL. */
static inline NTSTATUS answer_string(void *buffer, ULONG length, ULONG *needed, const WCHAR *text)
{
    UNICODE_STRING string;
    size_t count = 0;
    ULONG bytes;
    NTSTATUS status = STATUS_SUCCESS;

    while (text && text[count])
        count++;
    bytes = (ULONG)(sizeof(string) + (count + 1) * sizeof(WCHAR));
    string.Length = (USHORT)(count * sizeof(WCHAR));
    string.MaximumLength = (USHORT)((count + 1) * sizeof(WCHAR));
    string.Buffer = (WCHAR *)((UNICODE_STRING *)buffer + 1);
    if (length >= bytes) {
        static const WCHAR nothing[1];

        status = guest_copy_out(string.Buffer, text ? text : nothing, string.MaximumLength);
        if (!status)
            status = guest_copy_out(buffer, &string, sizeof(string));
    }
    if (!status && needed)
        status = guest_copy_out(needed, &bytes, sizeof(bytes));
    return status ? status : length >= bytes ? STATUS_SUCCESS : STATUS_INFO_LENGTH_MISMATCH;
}

/* Reads a class of fixed size. */
static inline NTSTATUS take(void *value, ULONG bytes, const void *buffer, ULONG length)
{
    return length == bytes ? guest_copy_in(value, buffer, bytes) : STATUS_INFO_LENGTH_MISMATCH;
}

#endif
