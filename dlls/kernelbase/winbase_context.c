/* SPDX-License-Identifier: LGPL-2.1-or-later
 * winbase.h, contexts with extended state in buffers of the caller's. The work is ntdll's (rtl_xstate.c).
 */
#include "kernelbase.h"

#define FEATURE_X87 0 /* XSTATE_LEGACY_FLOATING_POINT */
#define FEATURE_SSE 1
#define LEGACY_MASK 3ull

BOOL WINAPI CopyContext(CONTEXT *to, DWORD flags, CONTEXT *from);
BOOL WINAPI InitializeContext(void *buffer, DWORD flags, CONTEXT **context, DWORD *length);
BOOL WINAPI InitializeContext2(void *buffer, DWORD flags, CONTEXT **context, DWORD *length,
                               ULONG64 mask);
NTSTATUS WINAPI RtlCopyContext(CONTEXT *to, DWORD flags, CONTEXT *from);

static bool has_xstate(DWORD flags)
{
    return (flags & CONTEXT_XSTATE) == CONTEXT_XSTATE;
}

/* *length is the room on entry, what is needed on return. */
BOOL WINAPI InitializeContext2(void *buffer, DWORD flags, CONTEXT **context, DWORD *length,
                               ULONG64 mask)
{
    DWORD room = *length;
    CONTEXT_EX *ex;
    ULONG needed;

    if (!check_status(RtlGetExtendedContextLength2(flags, &needed, mask)))
        return FALSE;
    *length = needed;
    if (!buffer || room < needed)
        return set_error(ERROR_INSUFFICIENT_BUFFER);
    if (!check_status(RtlInitializeExtendedContext2(buffer, flags, &ex, mask)))
        return FALSE;
    *context = RtlLocateLegacyContext(ex, NULL);
    return TRUE;
}

BOOL WINAPI InitializeContext(void *buffer, DWORD flags, CONTEXT **context, DWORD *length)
{
    return InitializeContext2(buffer, flags, context, length, ~(ULONG64)0);
}

BOOL WINAPI CopyContext(CONTEXT *to, DWORD flags, CONTEXT *from)
{
    return check_status(RtlCopyContext(to, flags, from));
}

void *WINAPI LocateXStateFeature(CONTEXT *context, DWORD feature, DWORD *length)
{
    if (!(context->ContextFlags & CONTEXT_AMD64))
        return NULL;
    if (feature == FEATURE_X87) {
        if (length)
            *length = offsetof(XSAVE_FORMAT, XmmRegisters);
        return &context->FltSave;
    }
    if (feature == FEATURE_SSE) {
        if (length)
            *length = sizeof(context->FltSave.XmmRegisters);
        return context->FltSave.XmmRegisters;
    }
    return has_xstate(context->ContextFlags)
               ? RtlLocateExtendedFeature((CONTEXT_EX *)(context + 1), feature, (ULONG *)length)
               : NULL;
}

BOOL WINAPI GetXStateFeaturesMask(CONTEXT *context, DWORD64 *mask)
{
    if (!(context->ContextFlags & CONTEXT_AMD64))
        return FALSE;
    *mask = context->ContextFlags & CONTEXT_FLOATING_POINT & ~CONTEXT_AMD64 ? LEGACY_MASK : 0;
    if (has_xstate(context->ContextFlags))
        *mask |= RtlGetExtendedFeaturesMask((CONTEXT_EX *)(context + 1));
    return TRUE;
}

BOOL WINAPI SetXStateFeaturesMask(CONTEXT *context, DWORD64 mask)
{
    if (!(context->ContextFlags & CONTEXT_AMD64))
        return FALSE;
    if (mask & LEGACY_MASK)
        context->ContextFlags |= CONTEXT_FLOATING_POINT;
    if (!has_xstate(context->ContextFlags))
        return !(mask & ~LEGACY_MASK);
    RtlSetExtendedFeaturesMask((CONTEXT_EX *)(context + 1), mask);
    return TRUE;
}

DWORD64 WINAPI GetEnabledXStateFeatures(void)
{
    return RtlGetEnabledExtendedFeatures(~(ULONG64)0);
}
