/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table that dispatcher.S calls through, made from include/decant/syscalls.def. A call that no
 * file implements yet is a weak NULL, replaced at start by a function that says so.
 */
#include <stdio.h>

#include "unix.h"
#include "dispatcher.h"

#define SYSCALL(name, count)     extern __typeof__(name) name __attribute__((weak));
#define SYSCALL_APC(name, count) SYSCALL(name, count)
#include "decant/syscalls.def"
#undef SYSCALL
#undef SYSCALL_APC

/* Known to dispatcher.S: 16 bytes, the function first. */
struct syscall_entry {
    void *function;
    uint32_t stack_arguments;
    uint32_t reserved;
};
_Static_assert(sizeof(struct syscall_entry) == 16, "dispatcher.S shifts by 4");

#define SYSCALL(name, count)     {(void *)name, (count) > 4 ? (count) - 4 : 0, 0},
#define SYSCALL_APC(name, count) SYSCALL(name, count)
struct syscall_entry syscall_table[] = {
#include "decant/syscalls.def"
};
#undef SYSCALL
#undef SYSCALL_APC

const uint32_t syscall_count = sizeof(syscall_table) / sizeof(syscall_table[0]);

#define SYSCALL(name, count)     #name,
#define SYSCALL_APC(name, count) #name,
static const char *const syscall_names[] = {
#include "decant/syscalls.def"
};

const char *syscall_name(uint32_t number)
{
    return number < syscall_count ? syscall_names[number] : "unknown system call";
}

/* Once per call and process: a program that polls must not flood the terminal. */
static NTSTATUS WINAPI syscall_not_implemented(void)
{
    static _Atomic uint8_t reported[sizeof(syscall_table) / sizeof(syscall_table[0])];
    uint32_t number = (uint32_t)current_thread->frame->id;

    if (!atomic_exchange(&reported[number], 1))
        trace(TRACE_SYSCALL, "%s is not implemented", syscall_name(number));
    return STATUS_NOT_IMPLEMENTED;
}

void syscall_table_init(void)
{
    for (uint32_t i = 0; i < syscall_count; i++)
        if (!syscall_table[i].function)
            syscall_table[i].function = (void *)syscall_not_implemented;
}
