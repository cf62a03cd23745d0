/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The private header of kernelbase.dll: Win32 on Nt*. Errors are NTSTATUS inside; an exported
 * function turns them into the last error at its end, with check_status or set_status. Success leaves the
 * last error alone unless the function's documentation says otherwise.
 */
#ifndef DECANT_KERNELBASE_H
#define DECANT_KERNELBASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winbase.h"
#include "winnls.h"
#include "wincon.h"
#include "winternl.h"
#include "winioctl.h"
#include "fileapi.h"
#include "libloaderapi.h"
#include "processthreadsapi.h"
#include "synchapi.h"

#include "decant/unixlib.h"

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* True for success; otherwise sets the last error. */
static inline BOOL check_status(NTSTATUS status)
{
    if (NT_SUCCESS(status))
        return TRUE;
    SetLastError(RtlNtStatusToDosError(status));
    return FALSE;
}

static inline BOOL set_error(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

static inline PEB *current_peb(void)
{
    return NtCurrentTeb()->Peb;
}

static inline HANDLE process_heap(void)
{
    return current_peb()->ProcessHeap;
}

/* Calls that take a handle to read or write also take STD_INPUT_HANDLE and its kin, as Windows does. */
static inline HANDLE std_handle_or(HANDLE handle)
{
    switch ((DWORD)(ULONG_PTR)handle) {
    case STD_INPUT_HANDLE: return current_peb()->ProcessParameters->hStdInput;
    case STD_OUTPUT_HANDLE: return current_peb()->ProcessParameters->hStdOutput;
    case STD_ERROR_HANDLE: return current_peb()->ProcessParameters->hStdError;
    default: return handle;
    }
}

/* What a completion port gets as the value: the OVERLAPPED, or nothing when its event's lowest bit asks for
 * silence (documented at GetQueuedCompletionStatus). */
static inline void *overlapped_context(OVERLAPPED *overlapped)
{
    return (ULONG_PTR)overlapped->hEvent & 1 ? NULL : overlapped;
}

/* The APC that calls the program's completion routine, which is its context. In fileapi.c. */
void WINAPI call_completion_routine(void *routine, IO_STATUS_BLOCK *io, ULONG reserved);

/* Wine 8's headers end before these classes of Windows 10. */
#define FileDispositionInformationEx ((FILE_INFORMATION_CLASS)64)
#define FileRenameInformationEx      ((FILE_INFORMATION_CLASS)65)

/* An A string as W, in memory that free_wide gives back; NULL (with the last error set) when there is no
 * memory or `text` is NULL. File names go by the file API's code page. */
WCHAR *wide_from_ansi(const char *text);
WCHAR *wide_from_file_name(const char *text);
void free_wide(WCHAR *text);
/* A W string as A into the caller's buffer, in the manner of Get…A functions: returns the length without
 * the NUL when it fits, else the room needed. */
DWORD ansi_to_buffer(const WCHAR *text, char *buffer, DWORD room);

/* A timeout in milliseconds as NT's; NULL for INFINITE. */
static inline LARGE_INTEGER *timeout_from_ms(LARGE_INTEGER *time, DWORD ms)
{
    if (ms == INFINITE)
        return NULL;
    time->QuadPart = (LONGLONG)ms * -10000;
    return time;
}

/* What a program without a manifest for this Windows is told instead of its version (sysinfoapi_version.c). */
void manifest_version(ULONG *major, ULONG *minor, ULONG *build);

/* Object attributes for a name in the session's space; `name` NULL: unnamed. */
void object_attributes(OBJECT_ATTRIBUTES *attributes, UNICODE_STRING *string,
                       const SECURITY_ATTRIBUTES *security, const WCHAR *name);

/* A DOS path as an NT path in *nt (freed with RtlFreeUnicodeString). */
BOOL nt_path(const WCHAR *path, UNICODE_STRING *nt);
NTSTATUS nt_path_status(const WCHAR *path, UNICODE_STRING *nt);

#endif
