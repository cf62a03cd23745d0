/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * RtlVirtualUnwind: undoes one function's prologue on a register context.
 *
 * Codes are listed in reverse order of the prologue. In the prologue only those whose instruction
 * has run count (prolog_offset <= offset); in the body all of them. A chained entry is undone
 * as a whole, then its parent's codes, all of them, since a chained part begins after the
 * parent's prologue. In an epilogue the remaining instructions are run instead.
 */
#include "unwind.h"

const struct unwind_info *unwind_info_of(ULONG64 base, const RUNTIME_FUNCTION *function)
{
    if (function->UnwindData & 1)
        function = (const RUNTIME_FUNCTION *)(base + (function->UnwindData & ~1u));
    return (const struct unwind_info *)(base + function->UnwindData);
}

static ULONG64 *integer_register(CONTEXT *context, unsigned number)
{
    return &context->Rax + number;
}

static void restore_integer(CONTEXT *context, KNONVOLATILE_CONTEXT_POINTERS *pointers,
                            unsigned number, ULONG64 address)
{
    *integer_register(context, number) = *(ULONG64 *)address;
    if (pointers)
        pointers->IntegerContext[number] = (ULONG64 *)address;
}

static void restore_xmm(CONTEXT *context, KNONVOLATILE_CONTEXT_POINTERS *pointers, unsigned number,
                        ULONG64 address)
{
    (&context->Xmm0)[number] = *(M128A *)address;
    if (pointers)
        pointers->FloatingContext[number] = (M128A *)address;
}

static unsigned slots(const struct unwind_info *info, const struct unwind_code *code)
{
    switch (code->operation) {
    case UWOP_ALLOC_LARGE:
        return code->info ? 3 : 2;
    case UWOP_SAVE_NONVOL:
    case UWOP_SAVE_XMM128:
        return 2;
    case UWOP_SAVE_NONVOL_FAR:
    case UWOP_SAVE_XMM128_FAR:
    case UWOP_SPARE:
        return 3;
    case UWOP_EPILOG:
        return info->version >= 2 ? 1 : 2;
    default:
        return 1;
    }
}

static ULONG slot_value(const struct unwind_code *code, unsigned index)
{
    USHORT value;

    memcpy(&value, code + index, sizeof(value));
    return value;
}

static ULONG far_value(const struct unwind_code *code)
{
    return slot_value(code, 1) | slot_value(code, 2) << 16;
}

/* Undoes what the codes say; returns whether a machine frame gave rip and rsp. `frame` is the base of
 * the fixed allocation, which the SAVE codes count from. */
static bool undo_codes(const struct unwind_info *info, ULONG64 offset, ULONG64 frame,
                       CONTEXT *context, KNONVOLATILE_CONTEXT_POINTERS *pointers)
{
    bool has_machine_frame = false;

    for (unsigned i = 0; i < info->code_count; i += slots(info, &info->codes[i])) {
        const struct unwind_code *code = &info->codes[i];

        if (code->prolog_offset > offset)
            continue;
        switch (code->operation) {
        case UWOP_PUSH_NONVOL:
            restore_integer(context, pointers, code->info, context->Rsp);
            context->Rsp += 8;
            break;
        case UWOP_ALLOC_LARGE:
            context->Rsp += code->info ? far_value(code) : slot_value(code, 1) * 8;
            break;
        case UWOP_ALLOC_SMALL:
            context->Rsp += (code->info + 1u) * 8;
            break;
        case UWOP_SET_FPREG:
            context->Rsp = *integer_register(context, info->frame_register) -
                           info->frame_offset * 16u;
            break;
        case UWOP_SAVE_NONVOL:
            restore_integer(context, pointers, code->info, frame + slot_value(code, 1) * 8);
            break;
        case UWOP_SAVE_NONVOL_FAR:
            restore_integer(context, pointers, code->info, frame + far_value(code));
            break;
        case UWOP_SAVE_XMM128:
            restore_xmm(context, pointers, code->info, frame + slot_value(code, 1) * 16);
            break;
        case UWOP_SAVE_XMM128_FAR:
            restore_xmm(context, pointers, code->info, frame + far_value(code));
            break;
        case UWOP_PUSH_MACHFRAME: {
            /* [error code,] rip, cs, flags, rsp, ss */
            ULONG64 *machine = (ULONG64 *)(context->Rsp + (code->info ? 8 : 0));

            context->Rip = machine[0];
            context->Rsp = machine[3];
            has_machine_frame = true;
            break;
        }
        default:
            break;
        }
    }
    return has_machine_frame;
}

/* Whether the frame register holds the frame at this offset of the prologue. */
static bool has_frame_register(const struct unwind_info *info, ULONG64 offset)
{
    if (!info->frame_register)
        return false;
    if (offset >= info->prolog_bytes || (info->flags & UNW_FLAG_CHAININFO))
        return true;
    for (unsigned i = 0; i < info->code_count; i += slots(info, &info->codes[i]))
        if (info->codes[i].operation == UWOP_SET_FPREG)
            return info->codes[i].prolog_offset <= offset;
    return false;
}

static ULONG64 frame_base(const struct unwind_info *info, ULONG64 offset, CONTEXT *context)
{
    if (!has_frame_register(info, offset))
        return context->Rsp;
    return *integer_register(context, info->frame_register) - info->frame_offset * 16u;
}

void *WINAPI RtlVirtualUnwind(ULONG type, ULONG_PTR base, ULONG_PTR pc, RUNTIME_FUNCTION *function,
                              CONTEXT *context, void **data, ULONG_PTR *frame,
                              KNONVOLATILE_CONTEXT_POINTERS *pointers)
{
    const struct unwind_info *info = unwind_info_of(base, function);
    ULONG64 offset = pc - base - function->BeginAddress;
    bool in_body = offset >= info->prolog_bytes, has_machine_frame = false;
    const ULONG *handler;

    context->Rip = pc;
    *frame = frame_base(info, offset, context);
    if (in_body && unwind_epilog(base, function, info, context, pointers))
        return NULL;

    has_machine_frame = undo_codes(info, offset, *frame, context, pointers);
    /* The chain is finite in a sound image; a broken one must not hang the dispatcher. */
    for (unsigned links = 0; (info->flags & UNW_FLAG_CHAININFO) && links < 32; links++) {
        ULONG64 parent_frame;

        info = unwind_info_of(base, unwind_parent(info));
        in_body = true;
        parent_frame = frame_base(info, ~0ull, context);
        has_machine_frame |= undo_codes(info, ~0ull, parent_frame, context, pointers);
    }
    if (!has_machine_frame) {
        context->Rip = *(ULONG64 *)context->Rsp;
        context->Rsp += 8;
    }
    if (!in_body || (info->flags & UNW_FLAG_CHAININFO) || !(info->flags & type))
        return NULL;
    handler = (const ULONG *)&info->codes[(info->code_count + 1) & ~1];
    *data = (void *)(handler + 1);
    return (void *)(base + *handler);
}
