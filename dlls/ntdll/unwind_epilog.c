/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Recognising an epilogue. The tables (version 1) do not describe epilogues; instead their form is fixed
 * (Microsoft, "x64 prolog and epilog"): at most one `add rsp, constant` or `lea rsp, disp[fpreg]`,
 * then pops of 8-byte registers, then `ret` or a `jmp` out of the function. From any of these
 * instructions on the registers are as if the body were over, so the codes must not be undone
 * once more. Version 2's epilogue codes say the same; the instructions are looked at all the same.
 */
#include "unwind.h"

static const RUNTIME_FUNCTION *primary_entry(ULONG64 base, const RUNTIME_FUNCTION *function)
{
    for (unsigned links = 0; links < 32; links++) {
        const struct unwind_info *info = unwind_info_of(base, function);

        if (!(info->flags & UNW_FLAG_CHAININFO))
            break;
        function = unwind_parent(info);
    }
    return function;
}

/* A jump inside the function, or between two parts of it, is no end; one to the function's own start is
 * (tail recursion). */
static bool leaves_function(ULONG64 base, const RUNTIME_FUNCTION *function, ULONG64 target)
{
    const RUNTIME_FUNCTION *primary = primary_entry(base, function), *other;
    ULONG64 other_base;

    if (target == base + primary->BeginAddress)
        return true;
    if (target >= base + function->BeginAddress && target < base + function->EndAddress)
        return false;
    other = RtlLookupFunctionEntry(target, &other_base, NULL);
    if (!other || other_base != base)
        return true;
    return primary_entry(base, other)->BeginAddress != primary->BeginAddress;
}

static LONG read_long(const BYTE *code)
{
    LONG value;

    memcpy(&value, code, sizeof(value));
    return value;
}

/* The stack adjustment at the start of an epilogue; false if the instruction is another. */
static bool read_adjustment(const BYTE **code, const struct unwind_info *info, CONTEXT *context,
                            ULONG64 *rsp)
{
    const BYTE *c = *code;

    if (c[0] == 0x48 && c[1] == 0x83 && c[2] == 0xc4) { /* add rsp, imm8 */
        *rsp = context->Rsp + (ULONG64)(LONG64)(signed char)c[3];
        *code += 4;
        return true;
    }
    if (c[0] == 0x48 && c[1] == 0x81 && c[2] == 0xc4) { /* add rsp, imm32 */
        *rsp = context->Rsp + (ULONG64)(LONG64)read_long(c + 3);
        *code += 7;
        return true;
    }
    /* lea rsp, disp8/disp32[frame register]: REX.W (and REX.B) 8d /4 */
    if ((c[0] & 0xfe) == 0x48 && c[1] == 0x8d && info->frame_register) {
        unsigned number = (c[2] & 7) | (c[0] & 1) << 3, mode = c[2] >> 6;
        ULONG64 value = (&context->Rax)[number];

        if ((c[2] >> 3 & 7) != 4 || (c[2] & 7) == 4 || number != info->frame_register)
            return false;
        if (mode == 1) {
            *rsp = value + (ULONG64)(LONG64)(signed char)c[3];
            *code += 4;
            return true;
        }
        if (mode == 2) {
            *rsp = value + (ULONG64)(LONG64)read_long(c + 3);
            *code += 7;
            return true;
        }
    }
    return false;
}

/* Whether the instruction ends the function. */
static bool is_end(ULONG64 base, const RUNTIME_FUNCTION *function, const BYTE *c)
{
    if (c[0] == 0xf2 || c[0] == 0xf3) /* bnd, rep: `rep ret`, `bnd jmp` */
        c++;
    switch (c[0]) {
    case 0xc3:
    case 0xc2:
        return true;
    case 0xeb:
        return leaves_function(base, function,
                               (ULONG64)(c + 2) + (ULONG64)(LONG64)(signed char)c[1]);
    case 0xe9:
        return leaves_function(base, function, (ULONG64)(c + 5) + (ULONG64)(LONG64)read_long(c + 1));
    case 0xff: /* jmp [rip + disp32]: a tail call through an import */
        return c[1] == 0x25;
    case 0x48: /* jmp with REX.W is what compilers mark indirect tail calls with */
    case 0x49:
        return c[1] == 0xff && (c[2] >> 3 & 7) == 4 && (c[2] >= 0xc0 || c[2] < 0x40);
    default:
        return false;
    }
}

bool unwind_epilog(ULONG64 base, const RUNTIME_FUNCTION *function, const struct unwind_info *info,
                   CONTEXT *context, KNONVOLATILE_CONTEXT_POINTERS *pointers)
{
    const BYTE *code = (const BYTE *)context->Rip, *pops;
    ULONG64 rsp = context->Rsp;

    read_adjustment(&code, info, context, &rsp);
    /* First only look: the context must stay as it is if this is no epilogue. */
    for (pops = code;; pops++) {
        if ((pops[0] & 0xf8) == 0x58)
            continue;
        if ((pops[0] & 0xf0) == 0x40 && (pops[1] & 0xf8) == 0x58) {
            pops++;
            continue;
        }
        break;
    }
    if (!is_end(base, function, pops))
        return false;

    while (code < pops) {
        unsigned number = 0;

        if ((*code & 0xf0) == 0x40)
            number = (*code++ & 1) << 3;
        number |= *code++ & 7;
        (&context->Rax)[number] = *(ULONG64 *)rsp;
        if (pointers)
            pointers->IntegerContext[number] = (ULONG64 *)rsp;
        rsp += 8;
    }
    context->Rip = *(ULONG64 *)rsp;
    context->Rsp = rsp + 8;
    if (*pops == 0xc2) /* ret imm16 */
        context->Rsp += pops[1] | (ULONG64)pops[2] << 8;
    return true;
}
