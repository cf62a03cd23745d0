/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Two questions about an instruction that trapped, which Linux does not answer but Windows does:
 * was it privileged, and did it divide by zero or overflow? (Intel SDM volume 2.)
 */
#include <string.h>

#include "signal.h"

struct instruction {
    const uint8_t *next, *end;
    uint8_t rex;
    bool operand_16;
    bool segment_override; /* fs or gs */
};

/* Skips legacy prefixes and REX. */
static void skip_prefixes(struct instruction *i)
{
    for (; i->next < i->end; i->next++) {
        switch (*i->next) {
        case 0x66:
            i->operand_16 = true;
            break;
        case 0x64:
        case 0x65:
            i->segment_override = true;
            break;
        case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x67: case 0xf0: case 0xf2: case 0xf3:
            break;
        default:
            if ((*i->next & 0xf0) == 0x40 && i->next + 1 < i->end)
                i->rex = *i->next++;
            return;
        }
    }
}

static bool is_privileged_0f(const uint8_t *code, size_t bytes)
{
    unsigned reg = bytes > 1 ? code[1] >> 3 & 7 : 8;

    switch (code[0]) {
    case 0x00: /* lldt, ltr */
        return reg == 2 || reg == 3;
    case 0x01: /* lgdt, lidt, lmsw, invlpg and what has no operand: vmcall … are others */
        return bytes > 1 && code[1] < 0xc0 ? reg == 2 || reg == 3 || reg == 7 : reg == 6;
    case 0x06: case 0x07: case 0x08: case 0x09: /* clts sysret invd wbinvd */
    case 0x20: case 0x21: case 0x22: case 0x23: /* mov crN, drN */
    case 0x30: case 0x32: case 0x33: case 0x35: /* wrmsr rdmsr rdpmc sysexit */
        return true;
    default:
        return false;
    }
}

bool is_privileged_instruction(const uint8_t *code, size_t bytes)
{
    struct instruction i = {.next = code, .end = code + bytes};

    skip_prefixes(&i);
    if (i.next >= i.end)
        return false;
    switch (*i.next) {
    case 0x6c: case 0x6d: case 0x6e: case 0x6f: /* ins outs */
    case 0xe4: case 0xe5: case 0xe6: case 0xe7: /* in out, port in the code */
    case 0xec: case 0xed: case 0xee: case 0xef: /* in out, port in dx */
    case 0xf4: case 0xfa: case 0xfb:            /* hlt cli sti */
        return true;
    case 0x0f:
        return i.next + 1 < i.end && is_privileged_0f(i.next + 1, (size_t)(i.end - i.next - 1));
    default:
        return false;
    }
}

/* General registers in their encoding's order. */
static uint64_t register_value(const CONTEXT *context, unsigned number)
{
    return (&context->Rax)[number & 15];
}

/* The address of a ModRM memory operand; false when the code ends early or the segment's base is unknown. */
static bool memory_operand(struct instruction *i, uint8_t modrm, const CONTEXT *context,
                           uint64_t *address)
{
    unsigned mode = modrm >> 6, base = modrm & 7;
    uint64_t result = 0;
    bool is_relative = false;

    if (i->segment_override)
        return false;
    if (base == 4) {
        uint8_t sib;
        unsigned index;

        if (i->next >= i->end)
            return false;
        sib = *i->next++;
        index = (sib >> 3 & 7) | (i->rex & 2) << 2;
        if (index != 4)
            result = register_value(context, index) << (sib >> 6);
        base = sib & 7;
        if (base == 5 && mode == 0)
            mode = 2; /* a displacement alone */
        else
            result += register_value(context, base | (i->rex & 1) << 3);
    } else if (base == 5 && mode == 0) {
        is_relative = true;
        mode = 2;
    } else {
        result = register_value(context, base | (i->rex & 1) << 3);
    }
    if (mode == 1) {
        if (i->next >= i->end)
            return false;
        result += (uint64_t)(int64_t)(int8_t)*i->next++;
    } else if (mode == 2) {
        int32_t displacement;

        if (i->end - i->next < 4)
            return false;
        memcpy(&displacement, i->next, 4);
        i->next += 4;
        result += (uint64_t)(int64_t)displacement;
    }
    /* div and idiv have no immediate: the next instruction starts here. */
    if (is_relative)
        result += context->Rip;
    *address = result;
    return true;
}

bool divisor_is_zero(const uint8_t *code, size_t bytes, const CONTEXT *context, bool *is_zero)
{
    struct instruction i = {.next = code, .end = code + bytes};
    uint64_t value = 0, address;
    uint8_t opcode, modrm;
    size_t size;

    skip_prefixes(&i);
    if (i.end - i.next < 2)
        return false;
    opcode = *i.next++;
    modrm = *i.next++;
    if ((opcode != 0xf6 && opcode != 0xf7) || (modrm >> 3 & 7) < 6)
        return false;
    size = opcode == 0xf6 ? 1 : i.rex & 8 ? 8 : i.operand_16 ? 2 : 4;
    if (modrm >= 0xc0) {
        unsigned number = (modrm & 7) | (i.rex & 1) << 3;
        /* ah, ch, dh, bh: bytes 4 to 7 without REX */
        bool is_high = size == 1 && !i.rex && number >= 4;

        value = register_value(context, is_high ? number - 4 : number) >> (is_high ? 8 : 0);
        if (size < 8)
            value &= (1ull << size * 8) - 1;
    } else {
        if (!memory_operand(&i, modrm, context, &address))
            return false;
        if (((modrm & 0xc7) == 5))
            address += (uint64_t)(i.next - code);
        if (guest_copy_in(&value, (void *)(uintptr_t)address, size))
            return false;
    }
    *is_zero = !value;
    return true;
}
