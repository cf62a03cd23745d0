/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * MD4 after RFC 1320, as ntdll.dll exports it (advapi32's password hashes are made with it).
 */
#include "rtl.h"

struct md4_context {
    ULONG bits[2];  /* length so far, low word first */
    ULONG state[4];
    BYTE block[64];
    BYTE digest[16];
};

void WINAPI MD4Init(struct md4_context *context);
void WINAPI MD4Update(struct md4_context *context, const BYTE *data, ULONG length);
void WINAPI MD4Final(struct md4_context *context);

static ULONG rotate(ULONG value, int by)
{
    return value << by | value >> (32 - by);
}

static void digest_block(ULONG *state, const BYTE *block)
{
    static const BYTE order[3][16] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
        {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15},
        {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15},
    };
    static const BYTE shifts[3][4] = {{3, 7, 11, 19}, {3, 5, 9, 13}, {3, 9, 11, 15}};
    static const ULONG constants[3] = {0, 0x5a827999, 0x6ed9eba1};
    ULONG a = state[0], b = state[1], c = state[2], d = state[3], words[16], mixed;

    memcpy(words, block, sizeof(words));
    for (int round = 0; round < 3; round++) {
        for (int step = 0; step < 16; step++) {
            if (round == 0)
                mixed = (b & c) | (~b & d);
            else if (round == 1)
                mixed = (b & c) | (b & d) | (c & d);
            else
                mixed = b ^ c ^ d;
            mixed = rotate(a + mixed + words[order[round][step]] + constants[round],
                           shifts[round][step % 4]);
            a = d;
            d = c;
            c = b;
            b = mixed;
        }
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

void WINAPI MD4Init(struct md4_context *context)
{
    static const ULONG start[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};

    memset(context->bits, 0, sizeof(context->bits));
    memcpy(context->state, start, sizeof(start));
}

void WINAPI MD4Update(struct md4_context *context, const BYTE *data, ULONG length)
{
    ULONG filled = context->bits[0] / 8 % 64;
    ULONGLONG bits = ((ULONGLONG)context->bits[1] << 32 | context->bits[0]) + (ULONGLONG)length * 8;

    context->bits[0] = (ULONG)bits;
    context->bits[1] = (ULONG)(bits >> 32);
    while (length) {
        ULONG part = length < 64 - filled ? length : 64 - filled;

        memcpy(context->block + filled, data, part);
        data += part;
        length -= part;
        filled += part;
        if (filled == 64) {
            digest_block(context->state, context->block);
            filled = 0;
        }
    }
}

void WINAPI MD4Final(struct md4_context *context)
{
    static const BYTE padding[64] = {0x80};
    ULONG bits[2] = {context->bits[0], context->bits[1]};
    ULONG filled = bits[0] / 8 % 64;

    MD4Update(context, padding, filled < 56 ? 56 - filled : 120 - filled);
    MD4Update(context, (const BYTE *)bits, sizeof(bits));
    memcpy(context->digest, context->state, sizeof(context->digest));
}
