/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Giving an exception to the program, and the end of a program that does not take it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "signal.h"
#include "thread.h"

/* What KiUserExceptionDispatcher finds at rsp; Windows' layout, which programs that hook it know. The
 * machine frame lets the unwinder pass from there to where the exception came from. */
struct exception_frame {
    CONTEXT context;
    CONTEXT_EX context_ex;
    EXCEPTION_RECORD record;
    uint64_t align;
    struct {
        uint64_t rip, cs, eflags, rsp, ss;
    } machine;
    uint64_t align2;
};
_Static_assert(offsetof(struct exception_frame, context_ex) == 0x4d0, "Windows' layout");
_Static_assert(offsetof(struct exception_frame, record) == 0x4f0, "Windows' layout");
_Static_assert(offsetof(struct exception_frame, machine) == 0x590, "known to exception_entry.S");

/* A gap between the program's stack and the frame. Windows has no red zone, so it needs to hold
 * nothing; it serves code compiled for Linux' convention that ends up in a program. */
#define GAP 128

NTSTATUS exception_push(struct register_state *state, EXCEPTION_RECORD *record)
{
    CONTEXT *context = &state->context;
    uint64_t top = (context->Rsp - GAP) & ~15ull, xstate = 0;
    size_t xstate_bytes = state->xmask ? XSAVE_BYTES - XSAVE_LEGACY_BYTES : 0;
    struct exception_frame *frame;

    if (xstate_bytes) {
        xstate = (top - xstate_bytes) & ~63ull;
        top = xstate;
    }
    frame = (struct exception_frame *)(uintptr_t)((top - sizeof(*frame)) & ~15ull);
    if (!guest_try())
        return STATUS_STACK_OVERFLOW;
    /* Highest address first, as the program's own pushes would come: the stack's guard page lies below. */
    if (xstate_bytes)
        memcpy((void *)(uintptr_t)xstate, state->xsave + XSAVE_LEGACY_BYTES, xstate_bytes);
    memset(&frame->context_ex, 0, sizeof(*frame) - offsetof(struct exception_frame, context_ex));
    frame->machine.rip = context->Rip;
    frame->machine.cs = 0x33;
    frame->machine.eflags = context->EFlags;
    frame->machine.rsp = context->Rsp;
    frame->machine.ss = 0x2b;
    frame->record = *record;
    frame->context = *context;
    frame->context.ContextFlags |= CONTEXT_FULL;
    frame->context_ex.Legacy.Offset = -(LONG)sizeof(CONTEXT);
    frame->context_ex.Legacy.Length = sizeof(CONTEXT);
    frame->context_ex.All.Offset = -(LONG)sizeof(CONTEXT);
    frame->context_ex.All.Length = sizeof(CONTEXT) + sizeof(CONTEXT_EX);
    if (xstate_bytes) {
        frame->context.ContextFlags |= CONTEXT_XSTATE;
        frame->context_ex.XState.Offset = (LONG)(xstate - (uintptr_t)&frame->context_ex);
        frame->context_ex.XState.Length = (ULONG)xstate_bytes;
        frame->context_ex.All.Length =
            (ULONG)(xstate + xstate_bytes - (uintptr_t)&frame->context);
    } else {
        frame->context_ex.XState.Offset = sizeof(CONTEXT_EX);
    }
    guest_end();

    context->Rip = (ULONG64)(uintptr_t)pKiUserExceptionDispatcher;
    context->Rsp = (ULONG64)(uintptr_t)frame;
    context->EFlags = 0x202;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI NtRaiseException(EXCEPTION_RECORD *guest_record, CONTEXT *guest_context,
                                 BOOL first_chance)
{
    struct thread *thread = current_thread;
    struct register_state *leave = &signal_state(thread)->leave;
    struct register_state given;
    EXCEPTION_RECORD record;
    NTSTATUS status;

    status = guest_copy_in(&record, guest_record, sizeof(record));
    if (!status)
        status = context_copy_in(&given, guest_context);
    if (status)
        return status;
    if (!first_chance)
        exception_unhandled(&record, &given.context);
    context_from_frame(leave, thread->frame);
    context_merge(&leave->context, &given.context, given.context.ContextFlags);
    leave->context.ContextFlags = given.context.ContextFlags & ~(CONTEXT_XSTATE ^ CONTEXT_AMD64);
    leave->xmask = given.xmask;
    memcpy(leave->xsave, given.xsave, sizeof(given.xsave));
    if (exception_push(leave, &record))
        exception_unhandled(&record, &given.context);
    leave_with_context(thread, leave);
    return STATUS_SUCCESS;
}

/* --- The end --- */

/* NULL for a code of the program's own. */
static const char *exception_name(uint32_t code)
{
    static const struct {
        NTSTATUS code;
        const char *name;
    } names[] = {
        {STATUS_ACCESS_VIOLATION, "access violation"},
        {STATUS_IN_PAGE_ERROR, "in page error"},
        {STATUS_GUARD_PAGE_VIOLATION, "guard page violation"},
        {STATUS_STACK_OVERFLOW, "stack overflow"},
        {STATUS_STACK_BUFFER_OVERRUN, "fail fast"},
        {STATUS_BREAKPOINT, "breakpoint"},
        {STATUS_SINGLE_STEP, "single step"},
        {STATUS_ILLEGAL_INSTRUCTION, "illegal instruction"},
        {STATUS_PRIVILEGED_INSTRUCTION, "privileged instruction"},
        {STATUS_INTEGER_DIVIDE_BY_ZERO, "integer division by zero"},
        {STATUS_INTEGER_OVERFLOW, "integer overflow"},
        {STATUS_ARRAY_BOUNDS_EXCEEDED, "array bounds exceeded"},
        {STATUS_DATATYPE_MISALIGNMENT, "data type misalignment"},
        {STATUS_FLOAT_DENORMAL_OPERAND, "floating-point denormal operand"},
        {STATUS_FLOAT_DIVIDE_BY_ZERO, "floating-point division by zero"},
        {STATUS_FLOAT_INEXACT_RESULT, "floating-point inexact result"},
        {STATUS_FLOAT_INVALID_OPERATION, "floating-point invalid operation"},
        {STATUS_FLOAT_OVERFLOW, "floating-point overflow"},
        {STATUS_FLOAT_STACK_CHECK, "floating-point stack check"},
        {STATUS_FLOAT_UNDERFLOW, "floating-point underflow"},
        {STATUS_NONCONTINUABLE_EXCEPTION, "continued from a noncontinuable exception"},
        {STATUS_INVALID_DISPOSITION, "invalid exception disposition"},
        {STATUS_ASSERTION_FAILURE, "assertion failure"},
        {STATUS_NO_MEMORY, "out of memory"},
        {STATUS_INVALID_HANDLE, "invalid handle"},
        {STATUS_POSSIBLE_DEADLOCK, "possible deadlock"},
        {STATUS_BAD_STACK, "bad stack"},
        {STATUS_INVALID_UNWIND_TARGET, "invalid unwind target"},
        {STATUS_HEAP_CORRUPTION, "heap corruption"},
        {STATUS_FAIL_FAST_EXCEPTION, "fail fast"},
        {(NTSTATUS)0xe06d7363, "C++ exception"},
        {(NTSTATUS)0x20474343, "C++ exception"}, /* mingw's: "GCC " */
        {(NTSTATUS)0xe0434352, ".NET exception"},
        {(NTSTATUS)0x80000100, "call of a function that does not exist"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if ((uint32_t)names[i].code == code)
            return names[i].name;
    return NULL;
}

/* "program.exe+0x1234" from the loader's list, which the program may have broken. */
static void describe_address(char *text, size_t room, uint64_t address)
{
    const LIST_ENTRY *head, *link;
    unsigned count = 0;

    snprintf(text, room, "0x%llx", (unsigned long long)address);
    if (!process.peb || !guest_try())
        return;
    head = process.peb->LdrData ? &process.peb->LdrData->InLoadOrderModuleList : NULL;
    for (link = head ? head->Flink : NULL; link && link != head && count++ < 10000;
         link = link->Flink) {
        const LDR_DATA_TABLE_ENTRY *entry =
            CONTAINING_RECORD(link, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks);
        uint64_t base = (uint64_t)(uintptr_t)entry->DllBase;
        char name[128];
        size_t length;

        if (address < base || address - base >= entry->SizeOfImage)
            continue;
        length = entry->BaseDllName.Length / sizeof(WCHAR);
        if (length > sizeof(name) - 1)
            length = sizeof(name) - 1;
        for (size_t i = 0; i < length; i++) {
            WCHAR c = entry->BaseDllName.Buffer[i];

            name[i] = c >= 32 && c < 127 ? (char)c : '?';
        }
        name[length] = 0;
        snprintf(text, room, "%s+0x%llx", name, (unsigned long long)(address - base));
        break;
    }
    guest_end();
}

void exception_unhandled(const EXCEPTION_RECORD *record, const CONTEXT *context)
{
    const char *name = exception_name(record->ExceptionCode);
    char where[192], code[96], detail[96] = "";
    ULONG_PTR access = record->ExceptionInformation[0];

    describe_address(where, sizeof(where), (uint64_t)(uintptr_t)record->ExceptionAddress);
    if (record->NumberParameters >= 2 && (record->ExceptionCode == (DWORD)STATUS_ACCESS_VIOLATION ||
                                          record->ExceptionCode == (DWORD)STATUS_IN_PAGE_ERROR))
        snprintf(detail, sizeof(detail), " (%s 0x%llx)",
                 access == EXCEPTION_WRITE_FAULT     ? "writing to"
                 : access == EXCEPTION_EXECUTE_FAULT ? "executing"
                                                     : "reading",
                 (unsigned long long)record->ExceptionInformation[1]);
    else if (record->ExceptionCode == (DWORD)STATUS_STACK_BUFFER_OVERRUN &&
             record->NumberParameters)
        snprintf(detail, sizeof(detail), " (code %llu)", (unsigned long long)access);
    snprintf(code, sizeof(code), name ? "%s (0x%08x)" : "%s0x%08x", name ? name : "",
             (unsigned)record->ExceptionCode);
    report_error("unhandled exception %s%s at %s in thread %d", code, detail, where, (int)gettid());
    trace(TRACE_SEH, "rip %llx rsp %llx rbp %llx rax %llx rcx %llx rdx %llx",
          (unsigned long long)context->Rip, (unsigned long long)context->Rsp,
          (unsigned long long)context->Rbp, (unsigned long long)context->Rax,
          (unsigned long long)context->Rcx, (unsigned long long)context->Rdx);
    process_exit(record->ExceptionCode);
}
