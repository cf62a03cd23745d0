/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Register contexts: Windows' CONTEXT from and to Linux' signal frames and our system call frames,
 * and how a thread leaves a system call with other registers than it came with (NtContinue,
 * SetThreadContext, a raised exception).
 */
#include <cpuid.h>
#include <string.h>

#include "dispatcher.h"
#include "signal.h"

_Static_assert(offsetof(struct register_state, context) == 2688, "known to signal_asm.S");
_Static_assert(offsetof(struct register_state, xmask) == 2688 + 0x4d0, "known to signal_asm.S");
_Static_assert(offsetof(CONTEXT, Rip) == 0xf8 && offsetof(CONTEXT, EFlags) == 0x44, "likewise");
_Static_assert(offsetof(struct syscall_frame, restore) == 0x58, "known to signal_asm.S");

/* What a program may set in its flags: the arithmetic ones, trap, direction, AC and ID. Interrupts stay
 * enabled and bit 1 is always set. */
#define FLAGS_USER  0x250dd5u
#define FLAGS_FIXED 0x202u

/* Linux' mark in the 48 bytes of the FXSAVE area that the CPU leaves to software
 * (arch/x86/include/uapi/asm/sigcontext.h: struct _fpx_sw_bytes). */
#define XSTATE_MAGIC 0x46505853u

struct xstate_mark {
    uint32_t magic;
    uint32_t extended_size;
    uint64_t features;
    uint32_t size;
};

#define XSAVE_HEADER 512
#define XSAVE_AVX    576
#define XSTATE_HEADER_BYTES (XSAVE_AVX - XSAVE_HEADER)
#define XSAVE_AVX_END 832

bool has_xsave __attribute__((visibility("hidden")));

__attribute__((constructor)) static void find_xsave(void)
{
    unsigned eax, ebx, ecx, edx;

    has_xsave = __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_OSXSAVE);
}

static struct xstate_mark *xstate_mark(const ucontext_t *uc)
{
    struct xstate_mark *mark;

    if (!uc->uc_mcontext.fpregs)
        return NULL;
    mark = (struct xstate_mark *)((char *)uc->uc_mcontext.fpregs + 464);
    return mark->magic == XSTATE_MAGIC ? mark : NULL;
}

void context_from_ucontext(struct register_state *out, const ucontext_t *uc)
{
    const greg_t *regs = uc->uc_mcontext.gregs;
    const struct xstate_mark *mark = xstate_mark(uc);
    CONTEXT *context = &out->context;
    uint64_t saved;

    memset(context, 0, sizeof(*context));
    context->ContextFlags = CONTEXT_ALL;
    context->Rax = (ULONG64)regs[REG_RAX];
    context->Rcx = (ULONG64)regs[REG_RCX];
    context->Rdx = (ULONG64)regs[REG_RDX];
    context->Rbx = (ULONG64)regs[REG_RBX];
    context->Rsp = (ULONG64)regs[REG_RSP];
    context->Rbp = (ULONG64)regs[REG_RBP];
    context->Rsi = (ULONG64)regs[REG_RSI];
    context->Rdi = (ULONG64)regs[REG_RDI];
    context->R8 = (ULONG64)regs[REG_R8];
    context->R9 = (ULONG64)regs[REG_R9];
    context->R10 = (ULONG64)regs[REG_R10];
    context->R11 = (ULONG64)regs[REG_R11];
    context->R12 = (ULONG64)regs[REG_R12];
    context->R13 = (ULONG64)regs[REG_R13];
    context->R14 = (ULONG64)regs[REG_R14];
    context->R15 = (ULONG64)regs[REG_R15];
    context->Rip = (ULONG64)regs[REG_RIP];
    context->EFlags = (DWORD)regs[REG_EFL];
    /* What Windows shows; Linux has other selectors in the data segments. */
    context->SegCs = 0x33;
    context->SegDs = context->SegEs = context->SegGs = context->SegSs = 0x2b;
    context->SegFs = 0x53;

    out->xmask = 0;
    if (!uc->uc_mcontext.fpregs)
        return;
    memcpy(&context->FltSave, uc->uc_mcontext.fpregs, 416);
    context->MxCsr = context->FltSave.MxCsr;
    if (mark && mark->size > XSAVE_AVX) {
        size_t bytes = mark->size < XSAVE_BYTES ? mark->size : XSAVE_BYTES;

        memcpy(out->xsave + XSAVE_HEADER, (char *)uc->uc_mcontext.fpregs + XSAVE_HEADER,
               bytes - XSAVE_HEADER);
        out->xmask = mark->features & XSAVE_MASK & ~3ull;
        /* The kernel also saves what is no part of a Windows context (PKRU): not in our header. */
        memcpy(&saved, out->xsave + XSAVE_HEADER, sizeof(saved));
        saved &= XSAVE_MASK;
        memcpy(out->xsave + XSAVE_HEADER, &saved, sizeof(saved));
    }
}

static void xstate_to_ucontext(ucontext_t *uc, const struct register_state *in)
{
    const struct xstate_mark *mark = xstate_mark(uc);
    uint8_t *area = (uint8_t *)uc->uc_mcontext.fpregs;
    uint64_t valid, given;

    if (!mark || mark->size <= XSAVE_AVX)
        return;
    memcpy(&valid, area + XSAVE_HEADER, sizeof(valid));
    memcpy(&given, in->xsave + XSAVE_HEADER, sizeof(given));
    valid = (valid & ~in->xmask) | (given & in->xmask) | 3;
    memcpy(area + XSAVE_HEADER, &valid, sizeof(valid));
    /* A mask of more than AVX was filled by this CPU, so its layout is right as a whole. */
    if (in->xmask & ~7ull) {
        size_t bytes = mark->size < XSAVE_BYTES ? mark->size : XSAVE_BYTES;

        memcpy(area + XSAVE_AVX, in->xsave + XSAVE_AVX, bytes - XSAVE_AVX);
    } else if (in->xmask & 4) {
        memcpy(area + XSAVE_AVX, in->xsave + XSAVE_AVX, XSAVE_AVX_END - XSAVE_AVX);
    }
}

void context_to_ucontext(ucontext_t *uc, const struct register_state *in)
{
    greg_t *regs = uc->uc_mcontext.gregs;
    const CONTEXT *context = &in->context;

    regs[REG_RAX] = (greg_t)context->Rax;
    regs[REG_RCX] = (greg_t)context->Rcx;
    regs[REG_RDX] = (greg_t)context->Rdx;
    regs[REG_RBX] = (greg_t)context->Rbx;
    regs[REG_RSP] = (greg_t)context->Rsp;
    regs[REG_RBP] = (greg_t)context->Rbp;
    regs[REG_RSI] = (greg_t)context->Rsi;
    regs[REG_RDI] = (greg_t)context->Rdi;
    regs[REG_R8] = (greg_t)context->R8;
    regs[REG_R9] = (greg_t)context->R9;
    regs[REG_R10] = (greg_t)context->R10;
    regs[REG_R11] = (greg_t)context->R11;
    regs[REG_R12] = (greg_t)context->R12;
    regs[REG_R13] = (greg_t)context->R13;
    regs[REG_R14] = (greg_t)context->R14;
    regs[REG_R15] = (greg_t)context->R15;
    regs[REG_RIP] = (greg_t)context->Rip;
    regs[REG_EFL] = (greg_t)((context->EFlags & FLAGS_USER) | FLAGS_FIXED);
    if (uc->uc_mcontext.fpregs) {
        XSAVE_FORMAT *area = (XSAVE_FORMAT *)uc->uc_mcontext.fpregs;
        ULONG mask = area->MxCsr_Mask ? area->MxCsr_Mask : 0xffbf;

        memcpy(area, &context->FltSave, 416);
        area->MxCsr = context->MxCsr & mask;
        area->MxCsr_Mask = mask;
        xstate_to_ucontext(uc, in);
    }
}

void context_from_frame(struct register_state *out, const struct syscall_frame *frame)
{
    CONTEXT *context = &out->context;

    memset(context, 0, sizeof(*context));
    context->ContextFlags = CONTEXT_ALL;
    context->Rip = frame->rip;
    context->Rsp = frame->rsp;
    context->Rbx = frame->rbx;
    context->Rbp = frame->rbp;
    context->Rsi = frame->rsi;
    context->Rdi = frame->rdi;
    context->R12 = frame->r12;
    context->R13 = frame->r13;
    context->R14 = frame->r14;
    context->R15 = frame->r15;
    context->EFlags = FLAGS_FIXED;
    context->SegCs = 0x33;
    context->SegDs = context->SegEs = context->SegGs = context->SegSs = 0x2b;
    context->SegFs = 0x53;
    context->MxCsr = context->FltSave.MxCsr = frame->mxcsr;
    context->FltSave.MxCsr_Mask = 0xffff;
    context->FltSave.ControlWord = 0x27f;
    memcpy(&context->Xmm6, frame->xmm, sizeof(frame->xmm));
    out->xmask = 0;
}

void context_merge(CONTEXT *to, const CONTEXT *from, ULONG flags)
{
    flags &= ~CONTEXT_AMD64;
    if (flags & CONTEXT_CONTROL) {
        to->Rip = from->Rip;
        to->Rsp = from->Rsp;
        to->EFlags = (from->EFlags & FLAGS_USER) | FLAGS_FIXED;
        to->SegCs = from->SegCs;
        to->SegSs = from->SegSs;
    }
    /* Rax to Rdi and R8 to R15 lie in one row but for Rsp, which is the control part's. */
    if (flags & CONTEXT_INTEGER) {
        ULONG64 rsp = to->Rsp;

        memcpy(&to->Rax, &from->Rax, offsetof(CONTEXT, Rip) - offsetof(CONTEXT, Rax));
        to->Rsp = rsp;
    }
    if (flags & CONTEXT_SEGMENTS) {
        to->SegDs = from->SegDs;
        to->SegEs = from->SegEs;
        to->SegFs = from->SegFs;
        to->SegGs = from->SegGs;
    }
    if (flags & CONTEXT_FLOATING_POINT) {
        to->MxCsr = from->MxCsr;
        to->FltSave = from->FltSave;
        to->FltSave.MxCsr = from->MxCsr;
    }
    if (flags & CONTEXT_DEBUG_REGISTERS)
        memcpy(&to->Dr0, &from->Dr0, offsetof(CONTEXT, Rax) - offsetof(CONTEXT, Dr0));
}

/* The extended state behind a context, where RtlInitializeExtendedContext puts it. A program may copy a
 * context without what follows it, so every number is checked and nonsense means "none": 0 bytes. */
static size_t find_xstate(const CONTEXT *guest, char **area)
{
    const CONTEXT_EX *ex = (const CONTEXT_EX *)(guest + 1);
    CONTEXT_CHUNK legacy, chunk;

    if (guest_copy_in(&legacy, &ex->Legacy, sizeof(legacy)) ||
        guest_copy_in(&chunk, &ex->XState, sizeof(chunk)))
        return 0;
    if (legacy.Offset != -(LONG)sizeof(CONTEXT) || legacy.Length < sizeof(CONTEXT) ||
        chunk.Offset < (LONG)sizeof(CONTEXT_EX) - 8 || chunk.Offset > 0x10000 ||
        chunk.Length < sizeof(XSTATE) || chunk.Length > 0x10000)
        return 0;
    *area = (char *)ex + chunk.Offset;
    return chunk.Length < XSAVE_BYTES - XSAVE_HEADER ? chunk.Length : XSAVE_BYTES - XSAVE_HEADER;
}

static void copy_in_xstate(struct register_state *out, const CONTEXT *guest)
{
    uint64_t mask;
    char *area;
    size_t bytes = find_xstate(guest, &area);

    if (!bytes || guest_copy_in(out->xsave + XSAVE_HEADER, area, bytes))
        return;
    memcpy(&mask, out->xsave + XSAVE_HEADER, sizeof(mask));
    /* Compacted or from nowhere: the CPU would refuse it. */
    for (int i = 8; i < 64; i++)
        if (out->xsave[XSAVE_HEADER + i])
            return;
    if (mask & ~XSAVE_MASK)
        return;
    out->xmask = bytes > sizeof(XSTATE) ? XSAVE_MASK & ~3ull : 4;
}

NTSTATUS context_copy_out_xstate(const struct register_state *in, CONTEXT *guest)
{
    uint64_t header[XSTATE_HEADER_BYTES / 8] = {0};
    char *area;
    size_t bytes = find_xstate(guest, &area);

    if (!bytes)
        return STATUS_SUCCESS;
    /* What is in its initial state is not in the header's mask, as XSAVE has it. */
    memcpy(header, in->xsave + XSAVE_HEADER, sizeof(header[0]));
    header[0] &= in->xmask & context_xstate_features() & ~3ull;
    if (bytes <= sizeof(XSTATE))
        header[0] &= 4;
    if (guest_copy_out(area, header, sizeof(header)))
        return STATUS_ACCESS_VIOLATION;
    return guest_copy_out(area + sizeof(header), in->xsave + XSAVE_AVX, bytes - sizeof(header));
}

NTSTATUS context_copy_in(struct register_state *out, const CONTEXT *guest)
{
    NTSTATUS status = guest_copy_in(&out->context, guest, sizeof(*guest));

    if (status)
        return status;
    out->xmask = 0;
    if ((out->context.ContextFlags & CONTEXT_XSTATE) == CONTEXT_XSTATE)
        copy_in_xstate(out, guest);
    return STATUS_SUCCESS;
}

/* XRSTOR refuses others in the header. */
uint64_t context_xstate_features(void)
{
    static uint64_t enabled;

    if (!enabled && has_xsave) {
        uint32_t low, high;

        __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        enabled = ((uint64_t)high << 32 | low) & XSAVE_MASK;
    }
    return enabled;
}

void leave_with_context(struct thread *thread, const struct register_state *state)
{
    struct register_state *leave = &signal_state(thread)->leave;
    CONTEXT *context = &leave->context;
    uint64_t header[8] = {0};

    if (state != leave)
        *leave = *state;
    context->EFlags = (context->EFlags & FLAGS_USER) | FLAGS_FIXED;
    context->MxCsr &= 0xffff;
    context->FltSave.MxCsr = context->MxCsr;
    leave->xmask &= context_xstate_features();
    memcpy(leave->xsave, &context->FltSave, 416);
    memset(leave->xsave + 416, 0, XSAVE_LEGACY_BYTES - 416);
    if (leave->xmask)
        memcpy(header, leave->xsave + XSAVE_HEADER, sizeof(header[0]));
    header[0] = (header[0] & leave->xmask) | 3;
    memcpy(leave->xsave + XSAVE_HEADER, header, sizeof(header));
    __atomic_fetch_or(&thread->frame->restore, LEAVE_CONTEXT, __ATOMIC_RELEASE);
}

uint64_t syscall_leave(struct syscall_frame *frame, uint64_t result)
{
    struct thread *thread = current_thread;

    /* The flags may come back at any moment (suspend signal); each round looks again. */
    for (;;) {
        uint64_t flags = __atomic_load_n(&frame->restore, __ATOMIC_ACQUIRE);

        if (flags & (LEAVE_SUSPENDED | LEAVE_TERMINATE))
            suspend_leave(thread, frame, result);
        else if (flags & LEAVE_CONTEXT)
            registers_load(&signal_state(thread)->leave, frame);
        else
            return result;
    }
}

/* The alertable form's APCs are delivered by ntdll.dll before the call (SYSCALL_APC). */
NTSTATUS WINAPI NtContinue(CONTEXT *guest, BOOLEAN alertable)
{
    struct thread *thread = current_thread;
    struct register_state *leave = &signal_state(thread)->leave;
    struct register_state given;
    NTSTATUS status;

    (void)alertable;
    status = context_copy_in(&given, guest);
    if (status)
        return status;
    if ((given.context.ContextFlags & CONTEXT_FULL) != CONTEXT_FULL)
        context_from_frame(leave, thread->frame);
    context_merge(&leave->context, &given.context, given.context.ContextFlags);
    leave->xmask = given.xmask;
    if (given.xmask)
        memcpy(leave->xsave, given.xsave, sizeof(given.xsave));
    leave_with_context(thread, leave);
    return STATUS_SUCCESS;
}
