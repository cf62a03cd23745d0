/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The address space, as other files of the Linux side use it. Implemented by virtual.c and the
 * files around it (section.c, image.c, write watch).
 */
#ifndef DECANT_NTDLL_UNIX_VIRTUAL_H
#define DECANT_NTDLL_UNIX_VIRTUAL_H

#include "unix.h"

/* Sets up the bookkeeping; before any other call. */
NTSTATUS virtual_init(void);

/* Maps a PE file as an image view: sections with their protections, relocated to where it landed.
 * On success *base and *bytes (SizeOfImage) are set; if `info` is not NULL it is filled. `nt_name` is what
 * NtQueryVirtualMemory(MemoryMappedFilenameInformation) answers, may be NULL. */
struct image_info {
    uint64_t entry;          /* address of the entry point, 0 for none */
    uint64_t preferred_base;
    uint64_t stack_reserve;
    uint64_t stack_commit;
    uint16_t machine;
    uint16_t subsystem;
    uint16_t dll_characteristics;
    uint16_t characteristics;
    bool is_dotnet;             /* has a CLR header, so its code is not for a CPU */
    uint32_t subsystem_version; /* major << 16 | minor */
};
NTSTATUS virtual_map_image_file(const char *unix_path, void **base, size_t *bytes,
                                struct image_info *info);

/* A Windows stack: reserve with `commit` bytes committed at the top and a guard page below them. Fills
 * the TEB's StackBase, StackLimit and DeallocationStack. Sizes 0 mean 1 MiB and 64 KiB. */
NTSTATUS virtual_alloc_stack(TEB *teb, size_t reserve, size_t commit);

/* A zeroed TEB (two pages or more) that VirtualQuery shows as private memory; freed by virtual_free. */
NTSTATUS virtual_alloc_teb(TEB **teb);
NTSTATUS virtual_alloc_peb(PEB **peb);
void virtual_free(void *base); /* releases a whole allocation */

/* NtAllocateVirtualMemoryEx as another process asks for it: where the allocation may lie is plain numbers, 0 for
 * no wish. */
NTSTATUS virtual_allocate_placed(void **base, SIZE_T *bytes, ULONG type, ULONG protect,
                                 uint64_t low, uint64_t high, uint64_t align);

/* Called by the SIGSEGV/SIGBUS handler, async-signal-safe with respect to the interrupted thread's own code
 * (virtual.c blocks signals while it holds its lock). `error_code` is the CPU's page fault error, with
 * FAULT_BEYOND_FILE for SIGBUS. Returns STATUS_SUCCESS when the access should be retried, else the exception to raise:
 * STATUS_GUARD_PAGE_VIOLATION, STATUS_STACK_OVERFLOW, STATUS_IN_PAGE_ERROR or STATUS_ACCESS_VIOLATION. */
#define FAULT_WRITE       2u
#define FAULT_FETCH       16u
#define FAULT_BEYOND_FILE 0x80000000u /* ours: a mapped file has become shorter than its view */
NTSTATUS virtual_handle_fault(void *address, uint32_t error_code, uint64_t stack_pointer);

#endif
