/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * memcpy and its family, as ntdll.dll exports them. Everything in the process that has no C runtime of
 * its own comes here, the heap's realloc included, so the speed matters: short blocks take one or two
 * overlapping vector moves, long ones `rep movsb`, which the processors of the last ten
 * years run at cache-line width (ERMS).
 */
#include "ntdll.h"
#include <emmintrin.h>

/* The compiler must not turn these loops into calls of the very functions they implement. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

#define REP_THRESHOLD 1024 /* below it, the start-up cost of `rep movsb` outweighs its speed */

static inline __m128i load(const void *p)
{
    return _mm_loadu_si128(p);
}

static inline void store(void *p, __m128i v)
{
    _mm_storeu_si128(p, v);
}

/* The two loads come before the two stores, so overlapping blocks are right in either direction. */
#define MOVE_PAIR(type, dst, src, bytes)                                                           \
    do {                                                                                           \
        type head_, tail_;                                                                         \
        __builtin_memcpy(&head_, (src), sizeof(type));                                             \
        __builtin_memcpy(&tail_, (const char *)(src) + (bytes) - sizeof(type), sizeof(type));      \
        __builtin_memcpy((dst), &head_, sizeof(type));                                             \
        __builtin_memcpy((char *)(dst) + (bytes) - sizeof(type), &tail_, sizeof(type));            \
    } while (0)

static inline void move_up_to_16(char *d, const char *s, size_t n)
{
    if (n >= 8)
        MOVE_PAIR(uint64_t, d, s, n);
    else if (n >= 4)
        MOVE_PAIR(uint32_t, d, s, n);
    else if (n >= 2)
        MOVE_PAIR(uint16_t, d, s, n);
    else if (n)
        *d = *s;
}

static inline void move_up_to_64(char *d, const char *s, size_t n)
{
    __m128i a = load(s), b = load(s + n - 16);

    if (n > 32) {
        __m128i c = load(s + 16), e = load(s + n - 32);

        store(d + 16, c);
        store(d + n - 32, e);
    }
    store(d, a);
    store(d + n - 16, b);
}

static void move_forward(char *d, const char *s, size_t n)
{
    /* The last 64 bytes are read first: the loop may overwrite them when the blocks overlap. */
    __m128i t0 = load(s + n - 64), t1 = load(s + n - 48);
    __m128i t2 = load(s + n - 32), t3 = load(s + n - 16);
    char *end = d + n;

    for (; n > 64; n -= 64, d += 64, s += 64) {
        __m128i a = load(s), b = load(s + 16), c = load(s + 32), e = load(s + 48);

        store(d, a);
        store(d + 16, b);
        store(d + 32, c);
        store(d + 48, e);
    }
    store(end - 64, t0);
    store(end - 48, t1);
    store(end - 32, t2);
    store(end - 16, t3);
}

static void move_backward(char *d, const char *s, size_t n)
{
    __m128i h0 = load(s), h1 = load(s + 16), h2 = load(s + 32), h3 = load(s + 48);

    for (; n > 64; n -= 64) {
        __m128i a = load(s + n - 16), b = load(s + n - 32), c = load(s + n - 48),
                e = load(s + n - 64);

        store(d + n - 16, a);
        store(d + n - 32, b);
        store(d + n - 48, c);
        store(d + n - 64, e);
    }
    store(d, h0);
    store(d + 16, h1);
    store(d + 32, h2);
    store(d + 48, h3);
}

void *__cdecl memmove(void *dst, const void *src, size_t n)
{
    char *d = dst;
    const char *s = src;

    if (n <= 16) {
        move_up_to_16(d, s, n);
    } else if (n <= 64) {
        move_up_to_64(d, s, n);
    } else if ((size_t)(d - s) < n) {
        move_backward(d, s, n);
    } else if (n < REP_THRESHOLD || (size_t)(s - d) < 64) {
        /* `rep movsb` is slow when the destination trails the source closely. */
        move_forward(d, s, n);
    } else {
        __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
    }
    return dst;
}

/* Windows' ntdll gives both names one function, and programs rely on overlap being harmless. */
void *__cdecl memcpy(void *__restrict__ dst, const void *__restrict__ src, size_t n)
{
    return memmove(dst, src, n);
}

void *__cdecl memset(void *dst, int value, size_t n)
{
    char *d = dst;
    uint64_t pattern = 0x0101010101010101ull * (uint8_t)value;
    __m128i v;

    if (n < 16) {
        if (n >= 8) {
            __builtin_memcpy(d, &pattern, 8);
            __builtin_memcpy(d + n - 8, &pattern, 8);
        } else if (n >= 4) {
            __builtin_memcpy(d, &pattern, 4);
            __builtin_memcpy(d + n - 4, &pattern, 4);
        } else {
            for (; n; n--)
                *d++ = (char)value;
        }
        return dst;
    }
    v = _mm_set1_epi8((char)value);
    if (n >= REP_THRESHOLD) {
        __asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(value) : "memory");
        return dst;
    }
    store(d + n - 16, v);
    for (; n > 16; n -= 16, d += 16)
        store(d, v);
    return dst;
}

int __cdecl memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *p = a, *q = b;

    for (; n >= 16; n -= 16, p += 16, q += 16) {
        unsigned equal = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(load(p), load(q)));

        if (equal != 0xffff) {
            unsigned i = (unsigned)__builtin_ctz(~equal);

            return p[i] < q[i] ? -1 : 1;
        }
    }
    for (; n; n--, p++, q++)
        if (*p != *q)
            return *p < *q ? -1 : 1;
    return 0;
}

void *__cdecl memchr(const void *memory, int value, size_t n)
{
    const uint8_t *p = memory;
    __m128i v = _mm_set1_epi8((char)value);

    for (; n >= 16; n -= 16, p += 16) {
        unsigned found = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(load(p), v));

        if (found)
            return (void *)(p + __builtin_ctz(found));
    }
    for (; n; n--, p++)
        if (*p == (uint8_t)value)
            return (void *)p;
    return NULL;
}

void *__cdecl _memccpy(void *dst, const void *src, int value, size_t n)
{
    uint8_t *d = dst;
    const uint8_t *s = src;

    while (n--)
        if ((*d++ = *s++) == (uint8_t)value)
            return d;
    return NULL;
}

int __cdecl _memicmp(const void *a, const void *b, size_t n)
{
    const uint8_t *p = a, *q = b;

    for (; n; n--, p++, q++) {
        int x = *p >= 'A' && *p <= 'Z' ? *p + 32 : *p;
        int y = *q >= 'A' && *q <= 'Z' ? *q + 32 : *q;

        if (x != y)
            return x - y;
    }
    return 0;
}

/* --- The Rtl names ---------------------------------------------------------------------------- */

#undef RtlCopyMemory
#undef RtlMoveMemory
#undef RtlFillMemory
#undef RtlZeroMemory
#undef RtlSecureZeroMemory
#undef RtlCompareMemory

void WINAPI RtlMoveMemory(void *dst, const void *src, SIZE_T n);
void WINAPI RtlCopyMemory(void *dst, const void *src, SIZE_T n);
void WINAPI RtlFillMemory(void *dst, SIZE_T n, BYTE value);
void WINAPI RtlZeroMemory(void *dst, SIZE_T n);
SIZE_T WINAPI RtlCompareMemory(const void *a, const void *b, SIZE_T n);
void WINAPI RtlFillMemoryUlong(ULONG *memory, ULONG n, ULONG value);

void WINAPI RtlMoveMemory(void *dst, const void *src, SIZE_T n)
{
    memmove(dst, src, n);
}

void WINAPI RtlCopyMemory(void *dst, const void *src, SIZE_T n)
{
    memmove(dst, src, n);
}

void WINAPI RtlFillMemory(void *dst, SIZE_T n, BYTE value)
{
    memset(dst, value, n);
}

void WINAPI RtlZeroMemory(void *dst, SIZE_T n)
{
    memset(dst, 0, n);
}

/* How many bytes at the start are equal. */
SIZE_T WINAPI RtlCompareMemory(const void *a, const void *b, SIZE_T n)
{
    const uint8_t *p = a, *q = b;
    SIZE_T i = 0;

    while (i < n && p[i] == q[i])
        i++;
    return i;
}

/* Whole ULONGs only: the odd bytes at the end are left alone, and so is the rest after a mismatch. */
SIZE_T WINAPI RtlCompareMemoryUlong(void *memory, SIZE_T n, ULONG value)
{
    const ULONG *p = memory;
    SIZE_T i = 0;

    while (i < n / sizeof(ULONG) && p[i] == value)
        i++;
    return i * sizeof(ULONG);
}

void WINAPI RtlFillMemoryUlong(ULONG *memory, ULONG n, ULONG value)
{
    for (n /= sizeof(ULONG); n; n--)
        *memory++ = value;
}
