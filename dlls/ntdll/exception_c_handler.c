/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * __C_specific_handler: the language handler of C code with __try, __except and __finally. The handler's data is
 * a table of scopes, inner ones first (Microsoft's ntrtl: SCOPE_TABLE_AMD64): a scope with a JumpTarget is
 * an __except, whose HandlerAddress is the filter or 1 for a constant EXCEPTION_EXECUTE_HANDLER; one
 * without is a __finally.
 */
#include "unwind.h"

struct scope {
    ULONG begin, end, handler, target;
};

struct scope_table {
    ULONG count;
    struct scope scopes[];
};

typedef LONG(WINAPI *filter_function)(EXCEPTION_POINTERS *pointers, void *frame);
typedef void(WINAPI *finally_function)(BOOLEAN is_abnormal, void *frame);

static EXCEPTION_DISPOSITION search_filters(EXCEPTION_RECORD *record, void *frame,
                                            CONTEXT *context, DISPATCHER_CONTEXT *dispatch)
{
    const struct scope_table *table = dispatch->HandlerData;
    EXCEPTION_POINTERS pointers = {record, context};
    ULONG64 base = dispatch->ImageBase, pc = dispatch->ControlPc - base;

    for (ULONG i = dispatch->ScopeIndex; i < table->count; i++) {
        const struct scope *scope = &table->scopes[i];
        LONG answer = EXCEPTION_EXECUTE_HANDLER;

        if (pc < scope->begin || pc >= scope->end || !scope->target)
            continue;
        if (scope->handler != EXCEPTION_EXECUTE_HANDLER)
            answer = ((filter_function)(base + scope->handler))(&pointers, frame);
        if (answer < 0)
            return ExceptionContinueExecution;
        if (answer > 0)
            RtlUnwindEx(frame, (void *)(base + scope->target), record,
                        (void *)(ULONG_PTR)record->ExceptionCode, dispatch->ContextRecord,
                        dispatch->HistoryTable);
    }
    return ExceptionContinueSearch;
}

static void run_finally_blocks(EXCEPTION_RECORD *record, void *frame, DISPATCHER_CONTEXT *dispatch)
{
    const struct scope_table *table = dispatch->HandlerData;
    ULONG64 base = dispatch->ImageBase, pc = dispatch->ControlPc - base;
    ULONG64 target = dispatch->TargetIp - base;
    bool is_target = record->ExceptionFlags & EXCEPTION_TARGET_UNWIND;

    for (ULONG i = dispatch->ScopeIndex; i < table->count; i++) {
        const struct scope *scope = &table->scopes[i];

        if (pc < scope->begin || pc >= scope->end)
            continue;
        if (is_target) {
            /* The unwind ends inside this scope, so neither it nor an outer one is left. */
            if (target >= scope->begin && target < scope->end)
                return;
            if (scope->target) {
                if (target == scope->target)
                    return;
                continue;
            }
        }
        if (scope->target)
            continue;
        /* Should the block itself unwind, the second unwind goes on behind it. */
        dispatch->ScopeIndex = i + 1;
        ((finally_function)(base + scope->handler))(TRUE, frame);
    }
}

EXCEPTION_DISPOSITION WINAPI __C_specific_handler(EXCEPTION_RECORD *record, void *frame,
                                                  CONTEXT *context, DISPATCHER_CONTEXT *dispatch);

EXCEPTION_DISPOSITION WINAPI __C_specific_handler(EXCEPTION_RECORD *record, void *frame,
                                                  CONTEXT *context, DISPATCHER_CONTEXT *dispatch)
{
    if (!(record->ExceptionFlags & EXCEPTION_UNWIND_BITS))
        return search_filters(record, frame, context, dispatch);
    run_finally_blocks(record, frame, dispatch);
    return ExceptionContinueSearch;
}
