/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One-time initialisation, on the address-wait queue.
 *
 * An RTL_RUN_ONCE is one pointer. Its two low bits: 0 untouched, 1 somebody initialises, 2 done (the rest is
 * the context), 3 asynchronous initialisation is going on.
 */
#include "addrwait.h"

static _Atomic uintptr_t *state_of(RTL_RUN_ONCE *once)
{
    return (_Atomic uintptr_t *)&once->Ptr;
}

void WINAPI RtlRunOnceInitialize(RTL_RUN_ONCE *once)
{
    once->Ptr = NULL;
}

DWORD WINAPI RtlRunOnceBeginInitialize(RTL_RUN_ONCE *once, ULONG flags, void **context)
{
    _Atomic uintptr_t *state = state_of(once);

    if (flags & ~(ULONG)(RTL_RUN_ONCE_CHECK_ONLY | RTL_RUN_ONCE_ASYNC))
        return STATUS_INVALID_PARAMETER;
    for (;;) {
        uintptr_t old = atomic_load_explicit(state, memory_order_acquire);

        switch (old & 3) {
        case 2:
            if (context)
                *context = (void *)(old & ~(uintptr_t)3);
            return STATUS_SUCCESS;
        case 0:
            if (flags & RTL_RUN_ONCE_CHECK_ONLY)
                return STATUS_UNSUCCESSFUL;
            if (atomic_compare_exchange_strong(state, &old, flags & RTL_RUN_ONCE_ASYNC ? 3 : 1))
                return STATUS_PENDING;
            break;
        case 1:
            if (flags & RTL_RUN_ONCE_CHECK_ONLY)
                return STATUS_UNSUCCESSFUL;
            if (flags & RTL_RUN_ONCE_ASYNC)
                return STATUS_INVALID_PARAMETER;
            address_wait(once, &old, sizeof(old), NULL);
            break;
        default:
            if (flags & RTL_RUN_ONCE_CHECK_ONLY)
                return STATUS_UNSUCCESSFUL;
            return flags & RTL_RUN_ONCE_ASYNC ? STATUS_PENDING : STATUS_INVALID_PARAMETER;
        }
    }
}

DWORD WINAPI RtlRunOnceComplete(RTL_RUN_ONCE *once, ULONG flags, void *context)
{
    _Atomic uintptr_t *state = state_of(once);
    bool failed = flags & RTL_RUN_ONCE_INIT_FAILED;
    uintptr_t old = atomic_load(state), done = failed ? 0 : (uintptr_t)context | 2;

    if ((uintptr_t)context & 3 || (failed && (context || flags & RTL_RUN_ONCE_ASYNC)))
        return STATUS_INVALID_PARAMETER;
    switch (old & 3) {
    case 1:
        if (flags & RTL_RUN_ONCE_ASYNC)
            return STATUS_INVALID_PARAMETER;
        atomic_store(state, done);
        RtlWakeAddressAll(once);
        return STATUS_SUCCESS;
    case 3:
        if (!(flags & RTL_RUN_ONCE_ASYNC))
            return STATUS_INVALID_PARAMETER;
        return atomic_compare_exchange_strong(state, &old, done) ? STATUS_SUCCESS
                                                                 : STATUS_UNSUCCESSFUL;
    default:
        return STATUS_UNSUCCESSFUL;
    }
}

DWORD WINAPI RtlRunOnceExecuteOnce(RTL_RUN_ONCE *once, PRTL_RUN_ONCE_INIT_FN function,
                                   void *parameter, void **context)
{
    DWORD status = RtlRunOnceBeginInitialize(once, 0, context);
    void *result = NULL;

    if (status != STATUS_PENDING)
        return status;
    if (!function(once, parameter, context ? context : &result)) {
        RtlRunOnceComplete(once, RTL_RUN_ONCE_INIT_FAILED, NULL);
        return STATUS_UNSUCCESSFUL;
    }
    return RtlRunOnceComplete(once, 0, context ? *context : result);
}
