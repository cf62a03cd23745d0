/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Wine's DLLs ask ntdll for their Linux halves, and some (crypt32) do not start without an answer. Here they have
 * none: the handle stands for nothing, and each call answers STATUS_NOT_SUPPORTED, which they take as "the
 * machine has no such thing".
 */
#include "rtl.h"

static NTSTATUS WINAPI call_nothing(uint64_t handle, unsigned code, void *arguments)
{
    (void)handle, (void)code, (void)arguments;
    return STATUS_NOT_SUPPORTED;
}

/* Both are Wine's names: a function, and a pointer to one. */
NTSTATUS WINAPI __wine_unix_call(uint64_t handle, unsigned code, void *arguments)
{
    return call_nothing(handle, code, arguments);
}

NTSTATUS (WINAPI *__wine_unix_call_dispatcher)(uint64_t, unsigned, void *) = call_nothing;
