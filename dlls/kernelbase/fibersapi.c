/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * fibersapi.h: fibers and fiber-local storage.
 *
 * A fiber owns a stack and what the TEB says about it, its FLS values and its activation context stack.
 * All that is swapped with the stack. While a fiber runs, its saved values are stale; TEB.Tib.FiberData
 * points to it and its first word is the parameter, which GetFiberData reads without a call.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winbase.h"
#include "winternl.h"

#define TEB_FLAG_HAS_FIBER_DATA 0x0004 /* SameTebFlags, Windows 10's public symbols */

struct fiber {
    void *parameter;        /* GetFiberData: the first word */
    void *rsp;              /* where fiber_switch left it */
    void *stack_base, *stack_limit, *stack_allocation;
    ULONG guaranteed_bytes;
    DWORD flags;
    LPFIBER_START_ROUTINE start;
    TEB_FLS_DATA *fls;
    ACTIVATION_CONTEXT_STACK *activation_context;
    void *exception_list;
    bool is_thread;         /* made by ConvertThreadToFiber: its stack is the thread's */
};
_Static_assert(offsetof(struct fiber, parameter) == 0, "GetFiberData reads it");

void fiber_switch(void **save_rsp, void *load_rsp);
void fiber_entry(void);
void fiber_main(struct fiber *fiber);
BOOL WINAPI IsThreadAFiber(void);
EXCEPTION_DISPOSITION WINAPI fiber_exception_handler(EXCEPTION_RECORD *record, void *frame,
                                                     CONTEXT *context, void *dispatch);

static bool is_fiber(const TEB *teb)
{
    return teb->SameTebFlags & TEB_FLAG_HAS_FIBER_DATA;
}

static void *fail(NTSTATUS status)
{
    SetLastError(RtlNtStatusToDosError(status));
    return NULL;
}

void fiber_main(struct fiber *fiber)
{
    fiber->start(fiber->parameter);
    RtlExitUserThread(0); /* a fiber that returns ends its thread (documented) */
}

/* As at the bottom of a thread: the last one asked. */
EXCEPTION_DISPOSITION WINAPI fiber_exception_handler(EXCEPTION_RECORD *record, void *frame,
                                                     CONTEXT *context, void *dispatch)
{
    EXCEPTION_POINTERS pointers = {record, context};

    (void)frame, (void)dispatch;
    if (record->ExceptionFlags & 6)
        return ExceptionContinueSearch;
    switch (UnhandledExceptionFilter(&pointers)) {
    case EXCEPTION_CONTINUE_EXECUTION:
        return ExceptionContinueExecution;
    case EXCEPTION_EXECUTE_HANDLER:
        NtTerminateProcess(NtCurrentProcess(), (NTSTATUS)record->ExceptionCode);
        return ExceptionContinueSearch;
    default:
        return ExceptionContinueSearch;
    }
}

/* --- Fibers --- */

void *WINAPI ConvertThreadToFiberEx(void *parameter, DWORD flags)
{
    TEB *teb = NtCurrentTeb();
    struct fiber *fiber;

    if (is_fiber(teb)) {
        SetLastError(ERROR_ALREADY_FIBER);
        return NULL;
    }
    if (flags & ~FIBER_FLAG_FLOAT_SWITCH)
        return fail(STATUS_INVALID_PARAMETER);
    fiber = RtlAllocateHeap(teb->Peb->ProcessHeap, HEAP_ZERO_MEMORY, sizeof(*fiber));
    if (!fiber)
        return fail(STATUS_NO_MEMORY);
    fiber->parameter = parameter;
    fiber->flags = flags;
    fiber->is_thread = true;
    teb->Tib.FiberData = fiber;
    teb->SameTebFlags |= TEB_FLAG_HAS_FIBER_DATA;
    return fiber;
}

void *WINAPI ConvertThreadToFiber(void *parameter)
{
    return ConvertThreadToFiberEx(parameter, 0);
}

BOOL WINAPI ConvertFiberToThread(void)
{
    TEB *teb = NtCurrentTeb();
    struct fiber *fiber = teb->Tib.FiberData;

    if (!is_fiber(teb)) {
        SetLastError(ERROR_ALREADY_THREAD);
        return FALSE;
    }
    teb->SameTebFlags &= (USHORT)~TEB_FLAG_HAS_FIBER_DATA;
    teb->Tib.FiberData = NULL;
    RtlFreeHeap(teb->Peb->ProcessHeap, 0, fiber);
    return TRUE;
}

BOOL WINAPI IsThreadAFiber(void)
{
    return is_fiber(NtCurrentTeb());
}

static const IMAGE_NT_HEADERS64 *program_headers(void)
{
    const char *base = (const char *)NtCurrentTeb()->Peb->ImageBaseAddress;

    return (const void *)(base + ((const IMAGE_DOS_HEADER *)base)->e_lfanew);
}

/* A stack as threads have it: reserved, committed at the top, a guard page below that. */
static NTSTATUS allocate_stack(struct fiber *fiber, SIZE_T commit, SIZE_T reserve)
{
    const IMAGE_NT_HEADERS64 *nt = program_headers();
    SIZE_T bytes;
    void *base = NULL, *top, *part;
    ULONG old;
    NTSTATUS status;

    if (!reserve)
        reserve = nt->OptionalHeader.SizeOfStackReserve;
    if (!commit)
        commit = nt->OptionalHeader.SizeOfStackCommit;
    commit = (commit + 0xfff) & ~(SIZE_T)0xfff;
    if (commit + 0x3000 > reserve)
        reserve = commit + 0x100000;
    reserve = (reserve + 0xffff) & ~(SIZE_T)0xffff;
    bytes = reserve;
    status = NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &bytes, MEM_RESERVE,
                                     PAGE_READWRITE);
    if (status)
        return status;
    top = (char *)base + reserve;
    bytes = commit + 0x1000;
    part = (char *)top - bytes;
    status = NtAllocateVirtualMemory(NtCurrentProcess(), &part, 0, &bytes, MEM_COMMIT,
                                     PAGE_READWRITE);
    if (!status) {
        bytes = 0x1000;
        status = NtProtectVirtualMemory(NtCurrentProcess(), &part, &bytes,
                                        PAGE_READWRITE | PAGE_GUARD, &old);
    }
    if (status) {
        bytes = 0;
        NtFreeVirtualMemory(NtCurrentProcess(), &base, &bytes, MEM_RELEASE);
        return status;
    }
    fiber->stack_allocation = base;
    fiber->stack_base = top;
    fiber->stack_limit = (char *)top - commit;
    return STATUS_SUCCESS;
}

void *WINAPI CreateFiberEx(SIZE_T commit, SIZE_T reserve, DWORD flags, LPFIBER_START_ROUTINE start,
                           void *parameter)
{
    TEB *teb = NtCurrentTeb();
    struct fiber *fiber;
    ULONG64 *top;
    NTSTATUS status;

    if (flags & ~FIBER_FLAG_FLOAT_SWITCH)
        return fail(STATUS_INVALID_PARAMETER);
    fiber = RtlAllocateHeap(teb->Peb->ProcessHeap, HEAP_ZERO_MEMORY, sizeof(*fiber));
    if (!fiber)
        return fail(STATUS_NO_MEMORY);
    status = allocate_stack(fiber, commit, reserve);
    if (status) {
        RtlFreeHeap(teb->Peb->ProcessHeap, 0, fiber);
        return fail(status);
    }
    fiber->parameter = parameter;
    fiber->start = start;
    fiber->flags = flags;
    fiber->exception_list = (void *)~(ULONG_PTR)0;
    fiber->guaranteed_bytes = teb->GuaranteedStackBytes;

    /* As if fiber_entry had been called and fiber_switch had been left just before it returned there:
     * its save area (0xb8), eight registers, the return address, and above them 0 as
     * fiber_entry's own return address. Fresh memory is 0. */
    top = (ULONG64 *)((char *)fiber->stack_base - 0x20);
    top[0] = 0;
    top[-1] = (ULONG64)fiber_entry;
    top[-2] = (ULONG64)fiber; /* rbx, pushed first */
    fiber->rsp = (char *)&top[-9] - 0xb8;
    *(ULONG *)((char *)fiber->rsp + 0xa0) = 0x1f80;
    *(USHORT *)((char *)fiber->rsp + 0xa4) = 0x27f;
    return fiber;
}

void *WINAPI CreateFiber(SIZE_T stack, LPFIBER_START_ROUTINE start, void *parameter)
{
    return CreateFiberEx(stack, 0, 0, start, parameter);
}

void WINAPI SwitchToFiber(void *target)
{
    TEB *teb = NtCurrentTeb();
    struct fiber *old = teb->Tib.FiberData, *new = target;

    old->stack_base = teb->Tib.StackBase;
    old->stack_limit = teb->Tib.StackLimit;
    old->stack_allocation = teb->DeallocationStack;
    old->guaranteed_bytes = teb->GuaranteedStackBytes;
    old->exception_list = teb->Tib.ExceptionList;
    old->fls = teb->FlsSlots;
    old->activation_context = teb->ActivationContextStackPointer;

    teb->Tib.FiberData = new;
    teb->Tib.StackBase = new->stack_base;
    teb->Tib.StackLimit = new->stack_limit;
    teb->DeallocationStack = new->stack_allocation;
    teb->GuaranteedStackBytes = new->guaranteed_bytes;
    teb->Tib.ExceptionList = new->exception_list;
    teb->FlsSlots = new->fls;
    teb->ActivationContextStackPointer = new->activation_context;
    fiber_switch(&old->rsp, new->rsp);
}

void WINAPI DeleteFiber(void *pointer)
{
    TEB *teb = NtCurrentTeb();
    struct fiber *fiber = pointer;
    SIZE_T bytes = 0;

    if (!fiber)
        return;
    /* The running one: the thread ends (documented). */
    if (is_fiber(teb) && fiber == teb->Tib.FiberData) {
        teb->SameTebFlags &= (USHORT)~TEB_FLAG_HAS_FIBER_DATA;
        RtlFreeHeap(teb->Peb->ProcessHeap, 0, fiber);
        RtlExitUserThread(1);
    }
    RtlProcessFlsData(fiber->fls, 3);
    if (!fiber->is_thread)
        NtFreeVirtualMemory(NtCurrentProcess(), &fiber->stack_allocation, &bytes, MEM_RELEASE);
    RtlFreeHeap(teb->Peb->ProcessHeap, 0, fiber);
}

/* --- Fiber-local storage --- */

DWORD WINAPI FlsAlloc(PFLS_CALLBACK_FUNCTION callback)
{
    ULONG index;
    NTSTATUS status = RtlFlsAlloc(callback, &index);

    if (status) {
        fail(status);
        return FLS_OUT_OF_INDEXES;
    }
    return index;
}

BOOL WINAPI FlsFree(DWORD index)
{
    NTSTATUS status = RtlFlsFree(index);

    if (status)
        fail(status);
    return !status;
}

void *WINAPI FlsGetValue(DWORD index)
{
    void *value = NULL;
    NTSTATUS status = RtlFlsGetValue(index, &value);

    if (status)
        return fail(status);
    SetLastError(ERROR_SUCCESS); /* so that a NULL value can be told from a failure */
    return value;
}

BOOL WINAPI FlsSetValue(DWORD index, void *value)
{
    NTSTATUS status = RtlFlsSetValue(index, value);

    if (status)
        fail(status);
    return !status;
}
