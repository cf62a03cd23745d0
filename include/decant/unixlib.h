/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The ABI between the two halves: the system calls that are Decant's own (Decant*), and the structures
 * that cross the border. Fixed-size types only; both halves assert the layout. Included after
 * Wine's winternl.h in either half.
 */
#ifndef DECANT_UNIXLIB_H
#define DECANT_UNIXLIB_H

#include <stdint.h>

/* Offsets in the TEB, in the area that Windows gives to GDI batching, which Decant has no use for. */
#define DECANT_TEB_FRAME 0x2f0 /* struct syscall_frame *, top of the Linux stack */

/* What ntdll.dll is told when a process starts; written by the Linux side before the first
 * instruction of the program's half, read-only afterwards. */
struct decant_init {
    uint64_t dispatcher;        /* address that every Nt* stub jumps to */
    uint64_t exe_base;          /* where the program is mapped */
    uint64_t ntdll_base;
    uint64_t trace;             /* non-zero: the loader channel is traced */
};
_Static_assert(sizeof(struct decant_init) == 32, "layout is the ABI");

/* Writes `length` bytes of UTF-8 text to stderr. */
NTSTATUS WINAPI DecantDebugOutput(const char *text, ULONG length);

/* Maps an NLS data file read-only: type as in NtGetNlsSectionPtr (9 sort, 10 casing, 11 code page,
 * 12 normalisation, 14 locale). *base and *bytes are set on success. */
NTSTATUS WINAPI DecantGetNlsFile(ULONG type, ULONG id, void **base, SIZE_T *bytes);

/* First call of a process's first thread; fills *init. */
NTSTATUS WINAPI DecantInitProcess(struct decant_init *init, ULONG bytes);

#endif
