/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The ABI between the two halves: the system calls that are Decant's own (Decant*), and the structures
 * that cross the border. Fixed-size types only; both halves assert the layout. Included after
 * Wine's winternl.h in either half.
 */
#ifndef DECANT_UNIXLIB_H
#define DECANT_UNIXLIB_H

#include <stdatomic.h>
#include <stdint.h>

/* Offsets in the TEB, in the area that Windows gives to GDI batching, which Decant has no use for. */
#define DECANT_TEB_FRAME 0x2f0 /* struct syscall_frame *, top of the Linux stack */

/* Bits of TEB.SameTebFlags that the headers do not name (Windows 10's public symbols). */
#define TEB_FLAG_SKIP_THREAD_ATTACH  0x0008
#define TEB_FLAG_INITIAL_THREAD      0x0400

/* Writes `length` bytes of UTF-8 text to stderr. */
NTSTATUS WINAPI DecantDebugOutput(const char *text, ULONG length);

/* Maps an NLS data file read-only: type as in NtGetNlsSectionPtr (9 sort, 10 casing, 11 code page,
 * 12 normalisation, 14 locale). *base and *bytes are set on success. */
NTSTATUS WINAPI DecantGetNlsFile(ULONG type, ULONG id, void **base, SIZE_T *bytes);

/* Random bytes fit for keys. */
NTSTATUS WINAPI DecantGetRandom(void *buffer, SIZE_T bytes);

/* Maps a PE file for the loader, relocated and with its sections protected. The answer is also
 * given for files that are no x86-64 DLL (then the status says what is wrong). */
struct decant_image {
    uint64_t base;
    uint64_t bytes;
    uint64_t entry;             /* address, 0 for none */
    uint64_t preferred_base;    /* what the file asks for; the header in memory says where it lies */
    uint16_t machine;           /* IMAGE_FILE_MACHINE_* */
    uint16_t characteristics;   /* IMAGE_FILE_* */
    uint16_t dll_characteristics;
    uint16_t subsystem;
};
_Static_assert(sizeof(struct decant_image) == 40, "layout is the ABI");

/* By NT path (\??\C:\...). */
NTSTATUS WINAPI DecantMapImage(const UNICODE_STRING *nt_path, struct decant_image *image);

/* By file name alone ("msvcrt.dll", NUL-terminated, any case) from the DLL folders: Decant's own, those of
 * DECANT_DLL_PATH, Wine's. STATUS_DLL_NOT_FOUND when none has it. */
NTSTATUS WINAPI DecantMapBuiltin(const WCHAR *name, struct decant_image *image);

/* Ends the process because the loader could not start the program, after a line that says why. Windows parents
 * see the status, Linux' see "cannot be started" (decant --help). */
NTSTATUS WINAPI DecantFailStart(NTSTATUS status);

/* Sleeps while *word == expected, until DecantFutexWake, the timeout (NULL: for ever; NT's form) or, with
 * DECANT_FUTEX_ALERTABLE, a user APC. STATUS_SUCCESS may be spurious; STATUS_TIMEOUT, STATUS_USER_APC. */
#define DECANT_FUTEX_ALERTABLE 1u
NTSTATUS WINAPI DecantFutexWait(_Atomic uint32_t *word, uint32_t expected,
                                const LARGE_INTEGER *timeout, ULONG flags);
NTSTATUS WINAPI DecantFutexWake(_Atomic uint32_t *word, ULONG count);

/* The next user APC of the calling thread; STATUS_NO_MORE_ENTRIES when there is none. */
struct decant_apc {
    uint64_t routine;
    uint64_t arguments[3];
};
NTSTATUS WINAPI DecantNextApc(struct decant_apc *apc);

/* Requests about the terminal behind a console handle (unix/console.c). STATUS_INVALID_HANDLE when there is none.
 * `data` is read or written as the request says. */
enum decant_console_request {
    DECANT_CONSOLE_IS_INPUT,    /* out: uint32_t, 1 for the keyboard, 0 for the screen */
    DECANT_CONSOLE_GET_SIZE,    /* out: struct decant_console_size */
    DECANT_CONSOLE_SET_MODE,    /* in: uint32_t, ENABLE_* of input, for line input from now on */
    DECANT_CONSOLE_READ_KEYS,   /* in: uint32_t how long to wait (ms), out: bytes as they were typed */
    DECANT_CONSOLE_SET_ROUTINE, /* in: uint64_t, the thread start that gets control events; no handle */
    DECANT_CONSOLE_SEND_EVENT,  /* in: uint32_t[2], the event and the process group (0: all); no handle */
};
struct decant_console_size {
    uint16_t columns, rows;
};
NTSTATUS WINAPI DecantConsole(HANDLE handle, ULONG request, void *data, ULONG *bytes);

/* An anonymous pipe. `attributes`: OBJ_INHERIT or 0; `bytes`: the wished size, 0 for the default. */
NTSTATUS WINAPI DecantCreatePipe(HANDLE *read_end, HANDLE *write_end, ULONG attributes, ULONG bytes);

#endif
