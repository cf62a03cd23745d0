/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dispatching exceptions to vectored and frame-based handlers, and raising them.
 */
#include "unwind.h"

/* A handler's answer that is an error becomes an exception of its own, which names the first (winnt.h,
 * EXCEPTION_RECORD.ExceptionRecord). */
static void __attribute__((noreturn)) raise_about(NTSTATUS status, EXCEPTION_RECORD *about)
{
    EXCEPTION_RECORD record = {.ExceptionCode = (DWORD)status,
                               .ExceptionFlags = EXCEPTION_NONCONTINUABLE,
                               .ExceptionRecord = about};

    for (;;)
        RtlRaiseException(&record);
}

/* Wine's DLLs, which serve as our C runtimes, are built by GCC, which has no __try: they chain registration
 * records at the TEB as 32-bit Windows does, also for x86-64 (wine/exception.h). A record lies in the stack
 * frame of the function that has the __try, so it is that frame's turn when the frame has been unwound. Returns the
 * first record that is not below `end`; *is_handled when one continued. */
static EXCEPTION_REGISTRATION_RECORD *ask_registered(EXCEPTION_REGISTRATION_RECORD *record,
                                                     ULONG64 end, EXCEPTION_RECORD *exception,
                                                     CONTEXT *raised,
                                                     const DISPATCHER_CONTEXT *frame,
                                                     bool *is_handled)
{
    while (is_valid_frame((ULONG64)record) && (ULONG64)record < end) {
        DISPATCHER_CONTEXT dispatch = *frame;

        dispatch.EstablisherFrame = (ULONG64)record;
        dispatch.LanguageHandler = (PEXCEPTION_ROUTINE)(void *)record->Handler;
        if (call_exception_handler(exception, (ULONG64)record, raised, &dispatch) ==
            ExceptionContinueExecution) {
            if (exception->ExceptionFlags & EXCEPTION_NONCONTINUABLE)
                raise_about(STATUS_NONCONTINUABLE_EXCEPTION, exception);
            *is_handled = true;
            break;
        }
        record = record->Prev;
    }
    return record;
}

/* The first pass: handlers are asked from the innermost frame outwards, nothing is taken away yet. */
static bool dispatch_to_frames(EXCEPTION_RECORD *record, CONTEXT *raised)
{
    EXCEPTION_REGISTRATION_RECORD *registered = NtCurrentTeb()->Tib.ExceptionList;
    CONTEXT context = *raised;
    DISPATCHER_CONTEXT dispatch;
    ULONG64 nested_frame = 0;
    bool is_handled = false;

    for (;;) {
        CONTEXT before = context;

        memset(&dispatch, 0, sizeof(dispatch));
        dispatch.ControlPc = context.Rip;
        dispatch.FunctionEntry = RtlLookupFunctionEntry(context.Rip, &dispatch.ImageBase, NULL);
        if (!dispatch.FunctionEntry) {
            if (!is_valid_frame(context.Rsp))
                return false;
            context.Rip = *(ULONG64 *)context.Rsp;
            context.Rsp += 8;
            /* A call to a bad address: the frame is the caller's. A second such step in place is the end. */
            if (!context.Rip || context.Rip == before.Rip)
                return false;
            continue;
        }
        dispatch.LanguageHandler =
            RtlVirtualUnwind(UNW_FLAG_EHANDLER, dispatch.ImageBase, context.Rip,
                             dispatch.FunctionEntry, &context, &dispatch.HandlerData,
                             &dispatch.EstablisherFrame, NULL);
        if (!is_valid_frame(dispatch.EstablisherFrame)) {
            record->ExceptionFlags |= EXCEPTION_STACK_INVALID;
            return false;
        }
        while (dispatch.LanguageHandler) {
            EXCEPTION_DISPOSITION disposition;
            ULONG64 frame = dispatch.EstablisherFrame;

            if (nested_frame && nested_frame == frame) {
                record->ExceptionFlags &= ~EXCEPTION_NESTED_CALL;
                nested_frame = 0;
            }
            dispatch.ContextRecord = &context;
            disposition = call_exception_handler(record, frame, raised, &dispatch);
            if (disposition == ExceptionContinueExecution) {
                if (record->ExceptionFlags & EXCEPTION_NONCONTINUABLE)
                    raise_about(STATUS_NONCONTINUABLE_EXCEPTION, record);
                return true;
            }
            if (disposition == ExceptionContinueSearch)
                break;
            if (disposition == ExceptionNestedException) {
                /* Handlers up to that frame have been asked about an exception that is still
                 * being dispatched. */
                record->ExceptionFlags |= EXCEPTION_NESTED_CALL;
                if (dispatch.EstablisherFrame > nested_frame)
                    nested_frame = dispatch.EstablisherFrame;
                break;
            }
            if (disposition != ExceptionCollidedUnwind)
                raise_about(STATUS_INVALID_DISPOSITION, record);
            /* An unwind was under way in these frames; go on where it stood. */
            context = *dispatch.ContextRecord;
            RtlVirtualUnwind(UNW_FLAG_NHANDLER, dispatch.ImageBase, dispatch.ControlPc,
                             dispatch.FunctionEntry, &context, &dispatch.HandlerData,
                             &dispatch.EstablisherFrame, NULL);
        }
        registered =
            ask_registered(registered, context.Rsp, record, raised, &dispatch, &is_handled);
        if (is_handled)
            return true;
        if (!context.Rip || context.Rsp >= (ULONG64)NtCurrentTeb()->Tib.StackBase)
            return false;
    }
}

BOOLEAN WINAPI RtlDispatchException(EXCEPTION_RECORD *record, CONTEXT *context)
{
    bool handled = call_vectored_handlers(record, context) || dispatch_to_frames(record, context);

    if (handled)
        call_continue_handlers(record, context);
    return handled;
}

/* From KiUserExceptionDispatcher; does not return. */
void dispatch_hardware_exception(EXCEPTION_RECORD *record, CONTEXT *context);

void dispatch_hardware_exception(EXCEPTION_RECORD *record, CONTEXT *context)
{
    NTSTATUS status;

    if (RtlDispatchException(record, context))
        status = NtContinue(context, FALSE);
    else
        status = NtRaiseException(record, context, FALSE);
    for (;;)
        RtlRaiseStatus(status);
}

/* Where an exception is raised and how it goes on: in the caller of the function that captured. */
static void raise(EXCEPTION_RECORD *record, CONTEXT *context)
{
    NTSTATUS status;

    if (RtlDispatchException(record, context))
        status = NtContinue(context, FALSE);
    else
        status = NtRaiseException(record, context, FALSE);
    for (;;)
        RtlRaiseStatus(status);
}

void WINAPI RtlRaiseException(EXCEPTION_RECORD *record)
{
    CONTEXT context;

    RtlCaptureContext(&context);
    unwind_one(&context);
    record->ExceptionAddress = (void *)context.Rip;
    raise(record, &context);
}

void WINAPI RtlRaiseStatus(NTSTATUS status)
{
    EXCEPTION_RECORD record = {.ExceptionCode = (DWORD)status,
                               .ExceptionFlags = EXCEPTION_NONCONTINUABLE};
    CONTEXT context;

    RtlCaptureContext(&context);
    unwind_one(&context);
    record.ExceptionAddress = (void *)context.Rip;
    raise(&record, &context);
}

/* KiRaiseUserExceptionDispatcher: the kernel asks a thread to raise TEB.ExceptionCode. */
void raise_teb_exception(void);

void raise_teb_exception(void)
{
    EXCEPTION_RECORD record = {.ExceptionCode = (DWORD)NtCurrentTeb()->ExceptionCode};

    RtlRaiseException(&record);
}

/* --- What nobody handled --- */

static PRTL_EXCEPTION_FILTER unhandled_filter; /* kernelbase's UnhandledExceptionFilter */

void WINAPI RtlSetUnhandledExceptionFilter(PRTL_EXCEPTION_FILTER filter)
{
    unhandled_filter = filter;
}

LONG WINAPI RtlUnhandledExceptionFilter(EXCEPTION_POINTERS *pointers);

LONG WINAPI RtlUnhandledExceptionFilter(EXCEPTION_POINTERS *pointers)
{
    return unhandled_filter ? unhandled_filter(pointers) : EXCEPTION_CONTINUE_SEARCH;
}

EXCEPTION_DISPOSITION WINAPI user_thread_exception_handler(EXCEPTION_RECORD *record, void *frame,
                                                           CONTEXT *context, void *dispatch);

/* The language handler of RtlUserThreadStart, the outermost frame. */
EXCEPTION_DISPOSITION WINAPI user_thread_exception_handler(EXCEPTION_RECORD *record, void *frame,
                                                           CONTEXT *context, void *dispatch)
{
    EXCEPTION_POINTERS pointers = {record, context};

    (void)frame, (void)dispatch;
    if (record->ExceptionFlags & EXCEPTION_UNWIND_BITS)
        return ExceptionContinueSearch;
    switch (RtlUnhandledExceptionFilter(&pointers)) {
    case EXCEPTION_CONTINUE_EXECUTION:
        return ExceptionContinueExecution;
    case EXCEPTION_EXECUTE_HANDLER:
        /* The program's own filter took it: it ends without a word, as on Windows. */
        NtTerminateProcess(NtCurrentProcess(), (NTSTATUS)record->ExceptionCode);
        return ExceptionContinueSearch;
    default:
        return ExceptionContinueSearch;
    }
}

/* --- Break points and assertions --- */

void WINAPI DbgBreakPoint(void)
{
    __asm__ volatile("int3");
}

void WINAPI DbgUserBreakPoint(void)
{
    __asm__ volatile("int3");
}
