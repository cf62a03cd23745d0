/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * RtlUnwindEx: takes frames away up to a target, calling the termination handlers on the way, and
 * continues there. Also what stands on it: RtlUnwind, RtlRestoreContext, longjmp.
 *
 * A handler that is called here may raise or unwind itself. The second unwind then meets the frame of
 * call_unwind_handler, whose own handler returns ExceptionCollidedUnwind with the first unwind's
 * DISPATCHER_CONTEXT: the second goes on where the first stood, behind the scope that was already run
 * (ScopeIndex), and the first never returns.
 */
#include "unwind.h"

bool is_valid_frame(ULONG64 frame)
{
    const NT_TIB *tib = &NtCurrentTeb()->Tib;

    return !(frame & 7) && frame >= (ULONG64)tib->StackLimit && frame < (ULONG64)tib->StackBase;
}

void unwind_one(CONTEXT *context)
{
    ULONG64 base, frame;
    void *data;
    RUNTIME_FUNCTION *function = RtlLookupFunctionEntry(context->Rip, &base, NULL);

    if (function) {
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, context->Rip, function, context, &data, &frame,
                         NULL);
    } else {
        context->Rip = *(ULONG64 *)context->Rsp;
        context->Rsp += 8;
    }
}

void WINAPI RtlRestoreContext(CONTEXT *context, EXCEPTION_RECORD *record)
{
    if (record && record->ExceptionCode == (DWORD)STATUS_LONGJUMP && record->NumberParameters) {
        const struct jump_buffer *jump = (void *)record->ExceptionInformation[0];

        context->Rbx = jump->Rbx;
        context->Rsp = jump->Rsp;
        context->Rbp = jump->Rbp;
        context->Rsi = jump->Rsi;
        context->Rdi = jump->Rdi;
        context->R12 = jump->R12;
        context->R13 = jump->R13;
        context->R14 = jump->R14;
        context->R15 = jump->R15;
        context->Rip = jump->Rip;
        context->MxCsr = jump->MxCsr;
        context->FltSave.MxCsr = jump->MxCsr;
        context->FltSave.ControlWord = jump->FpCsr;
        memcpy(&context->Xmm6, jump->Xmm, sizeof(jump->Xmm));
    } else if (record && record->ExceptionCode == (DWORD)STATUS_UNWIND_CONSOLIDATE &&
               record->NumberParameters) {
        consolidate_frames(context, record);
    }
    /* A context with less, or with more (AVX), than a plain load covers goes through the Linux side. */
    if ((context->ContextFlags & CONTEXT_FULL) == CONTEXT_FULL &&
        (context->ContextFlags & CONTEXT_XSTATE) != CONTEXT_XSTATE && !((ULONG64)context & 15))
        load_context(context);
    NtContinue(context, FALSE);
}

static void __attribute__((noreturn)) raise_status(NTSTATUS status)
{
    for (;;)
        RtlRaiseStatus(status);
}

/* Calls the frame's handler; returns whether the frame changed by a collision and is to be done again. */
static bool run_handler(EXCEPTION_RECORD *record, ULONG flags, void *target_frame,
                        DISPATCHER_CONTEXT *dispatch, CONTEXT *current, CONTEXT *unwound,
                        void *value)
{
    EXCEPTION_DISPOSITION disposition;

    if (dispatch->EstablisherFrame == (ULONG64)target_frame)
        flags |= EXCEPTION_TARGET_UNWIND;
    record->ExceptionFlags = flags;
    current->Rax = (ULONG64)value;
    dispatch->ContextRecord = current;
    disposition = call_unwind_handler(record, dispatch->EstablisherFrame, current, dispatch);
    if (disposition == ExceptionContinueSearch)
        return false;
    if (disposition != ExceptionCollidedUnwind)
        raise_status(STATUS_INVALID_DISPOSITION);

    /* `dispatch` is now the other unwind's; its context lies on the part of the stack that goes away. */
    *current = *dispatch->ContextRecord;
    *unwound = *current;
    dispatch->ContextRecord = current;
    RtlVirtualUnwind(UNW_FLAG_NHANDLER, dispatch->ImageBase, dispatch->ControlPc,
                     dispatch->FunctionEntry, unwound, &dispatch->HandlerData,
                     &dispatch->EstablisherFrame, NULL);
    return true;
}

/* The second pass for the registration records of Wine's DLLs (exception.c) in a frame that goes away: each is
 * taken off the TEB's chain and its handler called. Returns whether `target` is a record of this frame: the
 * unwind ends there, and it stays on the chain. */
static bool unwind_registered(EXCEPTION_RECORD *exception, ULONG flags, ULONG64 end,
                              ULONG64 target, CONTEXT *context, DISPATCHER_CONTEXT *dispatch)
{
    NT_TIB *tib = &NtCurrentTeb()->Tib;

    for (;;) {
        EXCEPTION_REGISTRATION_RECORD *record = tib->ExceptionList;

        if (!is_valid_frame((ULONG64)record) || (ULONG64)record >= end)
            return false;
        if (target && (ULONG64)record >= target)
            return (ULONG64)record == target;
        tib->ExceptionList = record->Prev;
        exception->ExceptionFlags = flags;
        record->Handler(exception, record, context, (void *)dispatch);
    }
}

void WINAPI RtlUnwindEx(void *target_frame, void *target_ip, EXCEPTION_RECORD *record, void *value,
                        CONTEXT *context, UNWIND_HISTORY_TABLE *history)
{
    CONTEXT other, *current = context, *unwound = &other;
    DISPATCHER_CONTEXT dispatch;
    EXCEPTION_RECORD own_record;
    ULONG flags = EXCEPTION_UNWINDING;

    RtlCaptureContext(context);
    if (!record) {
        own_record = (EXCEPTION_RECORD){.ExceptionCode = (DWORD)STATUS_UNWIND,
                                        .ExceptionAddress = (void *)context->Rip};
        record = &own_record;
    }
    if (!target_frame)
        flags |= EXCEPTION_EXIT_UNWIND;

    for (;;) {
        ULONG64 frame;

        memset(&dispatch, 0, sizeof(dispatch));
        dispatch.ControlPc = current->Rip;
        dispatch.FunctionEntry =
            RtlLookupFunctionEntry(current->Rip, &dispatch.ImageBase, history);
        if (!dispatch.FunctionEntry) {
            /* A leaf function has no frame and cannot be a target. */
            if (current->Rsp == (ULONG64)target_frame)
                break;
            current->Rip = *(ULONG64 *)current->Rsp;
            current->Rsp += 8;
        } else {
            *unwound = *current;
            dispatch.TargetIp = (ULONG64)target_ip;
            dispatch.HistoryTable = history;
            dispatch.LanguageHandler =
                RtlVirtualUnwind(UNW_FLAG_UHANDLER, dispatch.ImageBase, current->Rip,
                                 dispatch.FunctionEntry, unwound, &dispatch.HandlerData,
                                 &dispatch.EstablisherFrame, NULL);
            frame = dispatch.EstablisherFrame;
            if (!is_valid_frame(frame))
                raise_status(STATUS_BAD_STACK);
            if (target_frame && frame > (ULONG64)target_frame)
                raise_status(STATUS_INVALID_UNWIND_TARGET);
            if (dispatch.LanguageHandler) {
                ULONG collided = 0;

                while (run_handler(record, flags | collided, target_frame, &dispatch, current,
                                   unwound, value)) {
                    collided = EXCEPTION_COLLIDED_UNWIND;
                    dispatch.TargetIp = (ULONG64)target_ip;
                }
                frame = dispatch.EstablisherFrame;
            }
            if (frame == (ULONG64)target_frame ||
                unwind_registered(record, flags, unwound->Rsp, (ULONG64)target_frame, current,
                                  &dispatch))
                break;
            CONTEXT *swap = current;
            current = unwound;
            unwound = swap;
        }
        if (!is_valid_frame(current->Rsp) &&
            current->Rsp != (ULONG64)NtCurrentTeb()->Tib.StackBase)
            raise_status(STATUS_BAD_STACK);
        if (!current->Rip) {
            /* The end of the stack. An exit unwind is complete; another missed its target. */
            if (target_frame)
                raise_status(STATUS_INVALID_UNWIND_TARGET);
            NtRaiseException(record, current, FALSE);
        }
    }
    current->Rax = (ULONG64)value;
    if (record->ExceptionCode != (DWORD)STATUS_UNWIND_CONSOLIDATE)
        current->Rip = (ULONG64)target_ip;
    RtlRestoreContext(current, record);
}

void WINAPI RtlUnwind(void *target_frame, void *target_ip, EXCEPTION_RECORD *record, void *value)
{
    CONTEXT context;

    RtlUnwindEx(target_frame, target_ip, record, value, &context, NULL);
}

void jump_unwind(struct jump_buffer *jump, int value);

/* longjmp of a buffer that _setjmpex filled: with the handlers on the way (exception_entry.S). */
void jump_unwind(struct jump_buffer *jump, int value)
{
    EXCEPTION_RECORD record = {.ExceptionCode = (DWORD)STATUS_LONGJUMP,
                               .NumberParameters = 1,
                               .ExceptionInformation = {(ULONG_PTR)jump}};

    RtlUnwind((void *)jump->Frame, (void *)jump->Rip, &record, (void *)(LONG_PTR)value);
}
