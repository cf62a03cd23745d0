/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Contexts with extended state (AVX and later): how large they are, where their parts lie, copying them. Behind the
 * CONTEXT stands a CONTEXT_EX with the places of the parts, and behind that, at a multiple of 64, the XSAVE area without its
 * legacy part: header, then each feature where the CPU puts it in the standard format (not compacted; said by
 * KUSER_SHARED_DATA.XState, which the Linux side fills from CPUID).
 *
 * Sources: winnt.h for the layouts; Microsoft's "Working with XState context".
 */
#include "rtl.h"

#define LEGACY_MASK   3ull
#define LEGACY_BYTES  512u /* of the XSAVE area; offsets of features count from its start */
#define HEADER_BYTES  64u
#define CONTEXT_ALIGN 16u
#define XSTATE_ALIGN  64u

/* KUSER_SHARED_DATA.XState. Wine declares that structure for drivers only; kuser.c asserts the place. */
static const XSTATE_CONFIGURATION *configuration(void)
{
    return (const XSTATE_CONFIGURATION *)(ULONG_PTR)(0x7ffe0000 + 0x3d8);
}

static bool has_xstate(ULONG flags)
{
    return (flags & CONTEXT_XSTATE) == CONTEXT_XSTATE;
}

/* Of header and features, without the legacy part. */
static ULONG xstate_bytes(ULONG64 mask)
{
    const XSTATE_CONFIGURATION *config = configuration();
    ULONG end = LEGACY_BYTES + HEADER_BYTES;

    mask &= config->EnabledFeatures & ~LEGACY_MASK;
    for (ULONG i = 2; i < MAXIMUM_XSTATE_FEATURES; i++)
        if ((mask >> i & 1) && config->Features[i].Offset + config->Features[i].Size > end)
            end = config->Features[i].Offset + config->Features[i].Size;
    return end - LEGACY_BYTES;
}

static char *xstate_of(CONTEXT_EX *ex)
{
    return (char *)ex + ex->XState.Offset;
}

ULONG64 WINAPI RtlGetEnabledExtendedFeatures(ULONG64 mask)
{
    return configuration()->EnabledFeatures & mask;
}

static NTSTATUS check_flags(ULONG flags)
{
    if (!(flags & CONTEXT_AMD64))
        return STATUS_INVALID_PARAMETER;
    return has_xstate(flags) && !configuration()->EnabledFeatures ? STATUS_NOT_SUPPORTED
                                                                  : STATUS_SUCCESS;
}

/* With room for alignment: the buffer may begin anywhere. */
NTSTATUS WINAPI RtlGetExtendedContextLength2(ULONG flags, ULONG *length, ULONG64 mask)
{
    NTSTATUS status = check_flags(flags);

    if (status)
        return status;
    *length = sizeof(CONTEXT) + sizeof(CONTEXT_EX) + CONTEXT_ALIGN - 1;
    if (has_xstate(flags))
        *length += XSTATE_ALIGN - 1 + xstate_bytes(mask);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlGetExtendedContextLength(ULONG flags, ULONG *length)
{
    return RtlGetExtendedContextLength2(flags, length, ~0ull);
}

NTSTATUS WINAPI RtlInitializeExtendedContext2(void *buffer, ULONG flags, CONTEXT_EX **out,
                                              ULONG64 mask)
{
    CONTEXT *context =
        (CONTEXT *)(((ULONG_PTR)buffer + CONTEXT_ALIGN - 1) & ~(ULONG_PTR)(CONTEXT_ALIGN - 1));
    CONTEXT_EX *ex = (CONTEXT_EX *)(context + 1);
    NTSTATUS status = check_flags(flags);

    if (status)
        return status;
    context->ContextFlags = flags;
    ex->Legacy.Offset = ex->All.Offset = -(LONG)sizeof(CONTEXT);
    ex->Legacy.Length = sizeof(CONTEXT);
    ex->XState.Offset = sizeof(CONTEXT_EX);
    ex->XState.Length = 0;
    ex->All.Length = sizeof(CONTEXT) + sizeof(CONTEXT_EX);
    if (has_xstate(flags)) {
        ULONG_PTR area =
            ((ULONG_PTR)(ex + 1) + XSTATE_ALIGN - 1) & ~(ULONG_PTR)(XSTATE_ALIGN - 1);

        ex->XState.Offset = (LONG)(area - (ULONG_PTR)ex);
        ex->XState.Length = xstate_bytes(mask);
        ex->All.Length = (ULONG)(area + ex->XState.Length - (ULONG_PTR)context);
        memset((void *)area, 0, HEADER_BYTES);
    }
    *out = ex;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlInitializeExtendedContext(void *buffer, ULONG flags, CONTEXT_EX **out)
{
    return RtlInitializeExtendedContext2(buffer, flags, out, ~0ull);
}

void *WINAPI RtlLocateLegacyContext(CONTEXT_EX *ex, ULONG *length)
{
    if (length)
        *length = ex->Legacy.Length;
    return (char *)ex + ex->Legacy.Offset;
}

/* NULL: not enabled, or the context was made without it. */
void *WINAPI RtlLocateExtendedFeature2(CONTEXT_EX *ex, ULONG feature, XSTATE_CONFIGURATION *config,
                                       ULONG *length)
{
    ULONG start;

    if (feature < 2 || feature >= MAXIMUM_XSTATE_FEATURES ||
        !(config->EnabledFeatures >> feature & 1))
        return NULL;
    start = config->Features[feature].Offset - LEGACY_BYTES;
    if (start + config->Features[feature].Size > ex->XState.Length)
        return NULL;
    if (length)
        *length = config->Features[feature].Size;
    return xstate_of(ex) + start;
}

void *WINAPI RtlLocateExtendedFeature(CONTEXT_EX *ex, ULONG feature, ULONG *length)
{
    return RtlLocateExtendedFeature2(ex, feature, (XSTATE_CONFIGURATION *)configuration(), length);
}

ULONG64 WINAPI RtlGetExtendedFeaturesMask(CONTEXT_EX *ex)
{
    return ((XSTATE *)xstate_of(ex))->Mask & ~LEGACY_MASK;
}

void WINAPI RtlSetExtendedFeaturesMask(CONTEXT_EX *ex, ULONG64 mask)
{
    ((XSTATE *)xstate_of(ex))->Mask = configuration()->EnabledFeatures & mask & ~LEGACY_MASK;
}

static void copy_legacy(CONTEXT *to, ULONG flags, const CONTEXT *from)
{
    if (flags & CONTEXT_CONTROL) {
        to->SegCs = from->SegCs;
        to->SegSs = from->SegSs;
        to->EFlags = from->EFlags;
        to->Rip = from->Rip;
        to->Rsp = from->Rsp;
    }
    if (flags & CONTEXT_INTEGER) {
        ULONG64 rsp = to->Rsp; /* stands among them, and belongs to the control part */

        memcpy(&to->Rax, &from->Rax, offsetof(CONTEXT, Rip) - offsetof(CONTEXT, Rax));
        to->Rsp = rsp;
    }
    if (flags & CONTEXT_SEGMENTS) {
        to->SegDs = from->SegDs;
        to->SegEs = from->SegEs;
        to->SegFs = from->SegFs;
        to->SegGs = from->SegGs;
    }
    if (flags & CONTEXT_FLOATING_POINT)
        to->FltSave = from->FltSave; /* and not MxCsr beside it: Windows leaves that */
    if (flags & CONTEXT_DEBUG_REGISTERS)
        memcpy(&to->Dr0, &from->Dr0, offsetof(CONTEXT, Rax) - offsetof(CONTEXT, Dr0));
}

/* Features that `to` has no room for are left out of its mask. */
static void copy_xstate(CONTEXT_EX *to, CONTEXT_EX *from)
{
    ULONG64 mask = RtlGetExtendedFeaturesMask(from), copied = 0;

    for (ULONG i = 2; i < MAXIMUM_XSTATE_FEATURES; i++) {
        void *source, *target;
        ULONG bytes;

        if (!(mask >> i & 1))
            continue;
        source = RtlLocateExtendedFeature(from, i, &bytes);
        target = RtlLocateExtendedFeature(to, i, &bytes);
        if (source && target) {
            memcpy(target, source, bytes);
            copied |= 1ull << i;
        }
    }
    RtlSetExtendedFeaturesMask(to, copied);
}

NTSTATUS WINAPI RtlCopyContext(CONTEXT *to, DWORD flags, CONTEXT *from);

/* Only with CONTEXT_XSTATE is there something behind a context. */
NTSTATUS WINAPI RtlCopyContext(CONTEXT *to, DWORD flags, CONTEXT *from)
{
    if (!(flags & to->ContextFlags & from->ContextFlags & CONTEXT_AMD64))
        return STATUS_INVALID_PARAMETER;
    if (has_xstate(flags)) {
        if (!has_xstate(to->ContextFlags & from->ContextFlags))
            return STATUS_INVALID_PARAMETER;
        return RtlCopyExtendedContext((CONTEXT_EX *)(to + 1), flags, (CONTEXT_EX *)(from + 1));
    }
    to->ContextFlags |= flags;
    copy_legacy(to, flags & ~CONTEXT_AMD64, from);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlCopyExtendedContext(CONTEXT_EX *to, ULONG flags, CONTEXT_EX *from)
{
    CONTEXT *target = RtlLocateLegacyContext(to, NULL);
    const CONTEXT *source = RtlLocateLegacyContext(from, NULL);

    if (!(flags & target->ContextFlags & source->ContextFlags & CONTEXT_AMD64))
        return STATUS_INVALID_PARAMETER;
    if (has_xstate(flags) && (!to->XState.Length || !from->XState.Length))
        return STATUS_BUFFER_OVERFLOW;
    target->ContextFlags |= flags;
    copy_legacy(target, flags & ~CONTEXT_AMD64, source);
    if (has_xstate(flags))
        copy_xstate(to, from);
    return STATUS_SUCCESS;
}
