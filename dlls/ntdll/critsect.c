/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Critical sections, in Windows' layout: LockCount is -1 when free, the owner and the recursion are where
 * debuggers look. Waiters sleep on LockSemaphore's place, used as a word; no event is made.
 */
#include "addrwait.h"

#define NO_DEBUG_INFO ((RTL_CRITICAL_SECTION_DEBUG *)(LONG_PTR)-1)
#define DEFAULT_SPIN  2000

/* winnt.h of the Windows SDK; Wine's headers lack these two. */
#define FLAG_RESOURCE_TYPE    0x08000000u
#define FLAG_FORCE_DEBUG_INFO 0x10000000u

static RTL_CRITICAL_SECTION_DEBUG shared_debug_info;

static _Atomic LONG *count_of(RTL_CRITICAL_SECTION *section)
{
    return (_Atomic LONG *)&section->LockCount;
}

/* A ticket: bumped by each release that has waiters. */
static _Atomic uint32_t *ticket_of(RTL_CRITICAL_SECTION *section)
{
    return (_Atomic uint32_t *)&section->LockSemaphore;
}

NTSTATUS WINAPI RtlInitializeCriticalSectionEx(RTL_CRITICAL_SECTION *section, ULONG spin,
                                               ULONG flags)
{
    const ULONG known = RTL_CRITICAL_SECTION_FLAG_NO_DEBUG_INFO |
                        RTL_CRITICAL_SECTION_FLAG_DYNAMIC_SPIN |
                        RTL_CRITICAL_SECTION_FLAG_STATIC_INIT | FLAG_RESOURCE_TYPE |
                        FLAG_FORCE_DEBUG_INFO;

    if (flags & ~known)
        return STATUS_INVALID_PARAMETER_3;
    if (spin & 0xff000000)
        return STATUS_INVALID_PARAMETER_2;
    /* Windows 8 and later keep no debug information unless it is asked for. Wine's DLLs write a name
     * into it without a look, so by default the pointer leads to one that all share. */
    section->DebugInfo = flags & RTL_CRITICAL_SECTION_FLAG_NO_DEBUG_INFO ? NO_DEBUG_INFO
                                                                          : &shared_debug_info;
    if (flags & FLAG_FORCE_DEBUG_INFO) {
        section->DebugInfo = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY,
                                             sizeof(*section->DebugInfo));
        if (!section->DebugInfo)
            return STATUS_NO_MEMORY;
        section->DebugInfo->CriticalSection = section;
        InitializeListHead(&section->DebugInfo->ProcessLocksList);
    }
    section->LockCount = -1;
    section->RecursionCount = 0;
    section->OwningThread = NULL;
    section->LockSemaphore = NULL;
    section->SpinCount = current_peb()->NumberOfProcessors > 1 ? spin & 0x00ffffff : 0;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlInitializeCriticalSectionAndSpinCount(RTL_CRITICAL_SECTION *section, ULONG spin)
{
    return RtlInitializeCriticalSectionEx(section, spin & 0x00ffffff, 0);
}

NTSTATUS WINAPI RtlInitializeCriticalSection(RTL_CRITICAL_SECTION *section)
{
    return RtlInitializeCriticalSectionEx(section, DEFAULT_SPIN, 0);
}

ULONG WINAPI RtlSetCriticalSectionSpinCount(RTL_CRITICAL_SECTION *section, ULONG spin)
{
    ULONG old = (ULONG)section->SpinCount;

    section->SpinCount = current_peb()->NumberOfProcessors > 1 ? spin & 0x00ffffff : 0;
    return old;
}

NTSTATUS WINAPI RtlDeleteCriticalSection(RTL_CRITICAL_SECTION *section)
{
    if (section->DebugInfo && section->DebugInfo != NO_DEBUG_INFO &&
        section->DebugInfo->CriticalSection == section)
        RtlFreeHeap(process_heap(), 0, section->DebugInfo);
    section->DebugInfo = NULL;
    section->LockCount = -1;
    section->RecursionCount = 0;
    section->OwningThread = NULL;
    section->LockSemaphore = NULL;
    return STATUS_SUCCESS;
}

static HANDLE self(void)
{
    return NtCurrentTeb()->ClientId.UniqueThread;
}

static void own(RTL_CRITICAL_SECTION *section)
{
    section->OwningThread = self();
    section->RecursionCount = 1;
}

BOOL WINAPI RtlTryEnterCriticalSection(RTL_CRITICAL_SECTION *section)
{
    LONG expected = -1;

    if (atomic_compare_exchange_strong_explicit(count_of(section), &expected, 0,
                                                memory_order_acquire, memory_order_relaxed)) {
        own(section);
        return TRUE;
    }
    if (section->OwningThread != self())
        return FALSE;
    atomic_fetch_add_explicit(count_of(section), 1, memory_order_relaxed);
    section->RecursionCount++;
    return TRUE;
}

/* LockCount + 1 is the number of owners' entries and of waiters. A waiter that has counted itself owns the
 * section by a ticket: each release with waiters hands out exactly one. */
NTSTATUS WINAPI RtlEnterCriticalSection(RTL_CRITICAL_SECTION *section)
{
    _Atomic uint32_t *ticket = ticket_of(section);

    for (ULONG_PTR spins = section->SpinCount; spins; spins--) {
        if (RtlTryEnterCriticalSection(section))
            return STATUS_SUCCESS;
        if (*(volatile LONG *)&section->LockCount > 0)
            break; /* others wait already: the hand-over goes in turn */
        spin_pause();
    }
    if (atomic_fetch_add_explicit(count_of(section), 1, memory_order_acquire) == -1) {
        own(section);
        return STATUS_SUCCESS;
    }
    if (section->OwningThread == self()) {
        section->RecursionCount++;
        return STATUS_SUCCESS;
    }
    for (;;) {
        uint32_t have = atomic_load(ticket);

        while (have)
            if (atomic_compare_exchange_weak(ticket, &have, have - 1)) {
                own(section);
                return STATUS_SUCCESS;
            }
        address_wait(ticket, &have, sizeof(have), NULL);
    }
}

NTSTATUS WINAPI RtlLeaveCriticalSection(RTL_CRITICAL_SECTION *section)
{
    if (--section->RecursionCount) {
        if (section->RecursionCount > 0)
            atomic_fetch_sub_explicit(count_of(section), 1, memory_order_relaxed);
        return STATUS_SUCCESS;
    }
    section->OwningThread = NULL;
    if (atomic_fetch_sub_explicit(count_of(section), 1, memory_order_release) > 0) {
        atomic_fetch_add(ticket_of(section), 1);
        RtlWakeAddressSingle((const void *)ticket_of(section));
    }
    return STATUS_SUCCESS;
}

BOOL WINAPI RtlIsCriticalSectionLocked(RTL_CRITICAL_SECTION *section)
{
    return section->RecursionCount != 0;
}

BOOL WINAPI RtlIsCriticalSectionLockedByThread(RTL_CRITICAL_SECTION *section)
{
    return section->OwningThread == self() && section->RecursionCount;
}
