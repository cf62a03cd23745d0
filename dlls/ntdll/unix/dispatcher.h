/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What dispatcher.S and syscall_table.c offer to the other files of the Linux side.
 */
#ifndef DECANT_NTDLL_UNIX_DISPATCHER_H
#define DECANT_NTDLL_UNIX_DISPATCHER_H

#include "unix.h"

/* Where the Nt* stubs jump to; never called from C. */
void dispatcher_entry(void);

/* Runs the program's code at rip, on its stack, with rcx = arg, until dispatcher_leave_guest. */
void dispatcher_run_guest(struct syscall_frame **slot, void *rip, void *rsp, void *arg);

/* Ends this thread's dispatcher_run_guest; to be called on the thread's Linux stack. */
void dispatcher_leave_guest(struct syscall_frame *frame) __attribute__((noreturn));

/* Fills the entries of system calls that nobody implements; before the first call. */
void syscall_table_init(void);
const char *syscall_name(uint32_t number);
extern const uint32_t syscall_count;

/* The calls' numbers, as in syscall_frame.id. */
enum {
#define SYSCALL(name, arguments)     SYSCALL_##name,
#define SYSCALL_APC(name, arguments) SYSCALL_##name,
#include "decant/syscalls.def"
#undef SYSCALL
#undef SYSCALL_APC
};

#endif
