/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * RtlUserThreadStart: the outermost frame of every thread. It calls the entry point through
 * kernel32's BaseThreadInitThunk and catches what nobody else does: its handler hands the
 * exception to the unhandled exception filter.
 */
#include "ldr.h"

/* kernel32's; NULL until kernel32 is loaded. */
void *base_thread_start;

typedef void(WINAPI *base_thread_start_function)(DWORD unknown, void *entry, void *argument);
typedef DWORD(WINAPI *thread_function)(void *argument);

void user_thread_start_body(void *entry, void *argument);

void user_thread_start_body(void *entry, void *argument)
{
    if (base_thread_start)
        ((base_thread_start_function)base_thread_start)(0, entry, argument);
    else
        RtlExitUserThread(((thread_function)entry)(argument));
}

/* The handler's address goes into this function's unwind information, which C cannot say. */
__asm__(".text\n"
        ".globl RtlUserThreadStart\n"
        ".def RtlUserThreadStart; .scl 2; .type 32; .endef\n"
        ".seh_proc RtlUserThreadStart\n"
        "RtlUserThreadStart:\n"
        "    subq $0x28, %rsp\n"
        "    .seh_stackalloc 0x28\n"
        "    .seh_endprologue\n"
        "    call user_thread_start_body\n"
        "    nop\n"
        "    int3\n"
        "    .seh_handler user_thread_exception_handler, @except\n"
        "    .seh_endproc\n");
