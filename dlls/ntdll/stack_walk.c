/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Walking the stack: RtlWalkFrameChain, RtlCaptureStackBackTrace, RtlGetCallersAddress.
 */
#include "unwind.h"

ULONG WINAPI RtlWalkFrameChain(void **callers, ULONG count, ULONG flags);
USHORT WINAPI RtlCaptureStackBackTrace(ULONG skip, ULONG count, void **callers, ULONG *hash);
void WINAPI RtlGetCallersAddress(void **caller, void **callers_caller);

/* From the caller of the function that captured `context` on. */
static ULONG walk(CONTEXT *context, ULONG skip, void **callers, ULONG count)
{
    ULONG found = 0;

    while (found < count) {
        if (!is_valid_frame(context->Rsp))
            break;
        unwind_one(context);
        if (!context->Rip)
            break;
        if (skip)
            skip--;
        else
            callers[found++] = (void *)context->Rip;
    }
    return found;
}

ULONG WINAPI RtlWalkFrameChain(void **callers, ULONG count, ULONG flags)
{
    CONTEXT context;

    RtlCaptureContext(&context);
    return walk(&context, flags >> 8, callers, count); /* the high bits: frames to skip */
}

USHORT WINAPI RtlCaptureStackBackTrace(ULONG skip, ULONG count, void **callers, ULONG *hash)
{
    CONTEXT context;
    ULONG found, sum = 0;

    RtlCaptureContext(&context);
    found = walk(&context, skip, callers, count < 0xffff ? count : 0xffff);
    for (ULONG i = 0; i < found; i++)
        sum += (ULONG)(ULONG_PTR)callers[i];
    if (hash)
        *hash = sum;
    return (USHORT)found;
}

void WINAPI RtlGetCallersAddress(void **caller, void **callers_caller)
{
    void *callers[2] = {NULL, NULL};
    CONTEXT context;

    RtlCaptureContext(&context);
    walk(&context, 1, callers, 2); /* past the function that asks */
    *caller = callers[0];
    *callers_caller = callers[1];
}
