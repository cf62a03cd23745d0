/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Contexts with extended state: making them, finding AVX registers in them, copying them; in the handler of an
 * exception and of a suspended thread, to read and to change.
 *
 * Source: [D] Microsoft's "Working with XState context" and the pages on InitializeContext, CopyContext,
 * LocateXStateFeature, GetXStateFeaturesMask, SetXStateFeaturesMask, GetEnabledXStateFeatures.
 */
#include "conformance.h"

#define AVX      2 /* XSTATE_AVX */
#define AVX_MASK 4ull
#define STATE    (CONTEXT_AMD64 | 0x40) /* CONTEXT_XSTATE */

static BOOL has_avx(void)
{
    return (GetEnabledXStateFeatures() & AVX_MASK) != 0;
}

static CONTEXT *make(DWORD flags, void **buffer)
{
    CONTEXT *context = NULL;
    DWORD length = 0;

    ok(!InitializeContext(NULL, flags, NULL, &length) &&
           GetLastError() == ERROR_INSUFFICIENT_BUFFER,
       "without a buffer: %lu", GetLastError());
    ok(length >= sizeof(CONTEXT), "length %lu", length);
    *buffer = malloc(length);
    memset(*buffer, 0xcc, length);
    ok(InitializeContext(*buffer, flags, &context, &length), "InitializeContext: %lu",
       GetLastError());
    ok(context && !((ULONG_PTR)context & 15) && context->ContextFlags == flags, "context %p", context);
    return context;
}

static void test_make(void)
{
    void *small, *large;
    CONTEXT *plain = make(CONTEXT_ALL, &small), *extended;
    DWORD64 features = GetEnabledXStateFeatures(), mask = 0xcc;
    DWORD length = 0xcc;

    ok(LocateXStateFeature(plain, 0, &length) == &plain->FltSave && length == 160, "x87: %lu", length);
    ok(LocateXStateFeature(plain, 1, &length) == plain->FltSave.XmmRegisters && length == 256,
       "SSE: %lu", length);
    ok(!LocateXStateFeature(plain, AVX, &length), "AVX in a context without");
    ok(GetXStateFeaturesMask(plain, &mask) && mask == 3, "mask %llx", mask);
    ok(SetXStateFeaturesMask(plain, 3), "setting legacy features");
    ok(!SetXStateFeaturesMask(plain, AVX_MASK), "setting AVX in a context without");
    if (has_avx()) {
        ok((features & 7) == 7, "features %llx", features);
        extended = make(CONTEXT_ALL | STATE, &large);
        ok(LocateXStateFeature(extended, AVX, &length) != NULL && length == 256, "AVX: %lu", length);
        ok(GetXStateFeaturesMask(extended, &mask) && mask == 3, "mask %llx", mask);
        ok(SetXStateFeaturesMask(extended, AVX_MASK), "SetXStateFeaturesMask");
        ok(GetXStateFeaturesMask(extended, &mask) && mask == 7, "mask %llx", mask);
        ok(!LocateXStateFeature(extended, 63, &length), "feature 63");
        free(large);
    } else {
        skip("no AVX");
    }
    free(small);
}

/* [D] Only what the flags name is copied. */
static void test_copy(void)
{
    void *buffers[2];
    CONTEXT *a = make(CONTEXT_ALL, &buffers[0]), *b = make(CONTEXT_ALL, &buffers[1]);

    a->Rip = 1, a->Rax = 2, a->Rsp = 3, a->Dr0 = 4;
    b->Rip = 11, b->Rax = 12, b->Rsp = 13, b->Dr0 = 14;
    ok(CopyContext(b, CONTEXT_INTEGER, a), "CopyContext: %lu", GetLastError());
    ok(b->Rip == 11 && b->Rax == 2 && b->Rsp == 13 && b->Dr0 == 14, "%llx %llx %llx %llx", b->Rip,
       b->Rax, b->Rsp, b->Dr0);
    ok(CopyContext(b, CONTEXT_ALL, a), "CopyContext: %lu", GetLastError());
    ok(b->Rip == 1 && b->Rsp == 3 && b->Dr0 == 4, "%llx %llx %llx", b->Rip, b->Rsp, b->Dr0);
    free(buffers[0]);
    free(buffers[1]);
    if (has_avx()) {
        DWORD64 mask = 0;
        BYTE *from, *to;

        a = make(CONTEXT_ALL | STATE, &buffers[0]);
        b = make(CONTEXT_ALL | STATE, &buffers[1]);
        from = LocateXStateFeature(a, AVX, NULL);
        to = LocateXStateFeature(b, AVX, NULL);
        memset(from, 0x5a, 256);
        SetXStateFeaturesMask(a, AVX_MASK);
        ok(CopyContext(b, STATE, a), "CopyContext: %lu", GetLastError());
        ok(GetXStateFeaturesMask(b, &mask) && (mask & AVX_MASK) && to[0] == 0x5a && to[255] == 0x5a,
           "mask %llx, %x", mask, to[0]);
        free(buffers[0]);
        free(buffers[1]);
    }
}

/* --- In a handler: the upper half of ymm0 is there, and what is written comes back --- */

static BYTE seen[16];
static DWORD64 seen_mask;

static LONG CALLBACK change_ymm0(EXCEPTION_POINTERS *info)
{
    CONTEXT *context = info->ContextRecord;
    BYTE *high;

    if (info->ExceptionRecord->ExceptionCode != EXCEPTION_BREAKPOINT)
        return EXCEPTION_CONTINUE_SEARCH;
    context->Rip++;
    high = LocateXStateFeature(context, AVX, NULL);
    if (high && GetXStateFeaturesMask(context, &seen_mask)) {
        memcpy(seen, high, 16);
        memset(high, 0x77, 16);
        SetXStateFeaturesMask(context, seen_mask | AVX_MASK);
    }
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void test_handler(void)
{
    void *handler;
    BYTE in[32], out[32];

    if (!has_avx()) {
        skip("no AVX");
        return;
    }
    handler = AddVectoredExceptionHandler(1, change_ymm0);
    memset(in, 0x44, sizeof(in));
    memset(out, 0xcc, sizeof(out));
    __asm__ volatile("vmovdqu (%0), %%ymm0; int3; vmovdqu %%ymm0, (%1); vzeroupper" ::"r"(in),
                     "r"(out)
                     : "xmm0", "memory");
    ok(seen_mask & AVX_MASK, "mask %llx", seen_mask);
    ok(seen[0] == 0x44 && seen[15] == 0x44, "high half %x %x", seen[0], seen[15]);
    ok(out[0] == 0x44 && out[15] == 0x44, "low half %x %x", out[0], out[15]);
    ok(out[16] == 0x77 && out[31] == 0x77, "high half %x %x", out[16], out[31]);
    RemoveVectoredExceptionHandler(handler);
}

/* --- Of a suspended thread --- */

static volatile LONG state;
static BYTE thread_in[32], thread_out[32];

static DWORD WINAPI spin(void *unused)
{
    (void)unused;
    __asm__ volatile("vmovdqu (%0), %%ymm3; movl $1, %2; 1: pause; cmpl $2, %2; jne 1b;"
                     "vmovdqu %%ymm3, (%1); vzeroupper" ::"r"(thread_in),
                     "r"(thread_out), "m"(state)
                     : "xmm3", "memory");
    return 0;
}

static void test_thread(void)
{
    CONTEXT *context;
    DWORD64 mask = 0;
    HANDLE thread;
    void *buffer;
    BYTE *high;

    if (!has_avx()) {
        skip("no AVX");
        return;
    }
    memset(thread_in, 0x55, sizeof(thread_in));
    thread = CreateThread(NULL, 0, spin, NULL, 0, NULL);
    while (!state)
        SwitchToThread();
    SuspendThread(thread);
    context = make(CONTEXT_ALL | STATE, &buffer);
    SetXStateFeaturesMask(context, AVX_MASK);
    ok(GetThreadContext(thread, context), "get: %lu", GetLastError());
    high = LocateXStateFeature(context, AVX, NULL);
    ok(GetXStateFeaturesMask(context, &mask) && (mask & AVX_MASK), "mask %llx", mask);
    ok(high[3 * 16] == 0x55 && high[3 * 16 + 15] == 0x55, "ymm3 %x", high[3 * 16]);
    ok((&context->Xmm0)[3].Low == 0x5555555555555555, "xmm3 %llx", (&context->Xmm0)[3].Low);
    memset(high + 3 * 16, 0x66, 16);
    ok(SetThreadContext(thread, context), "set: %lu", GetLastError());
    ResumeThread(thread);
    state = 2;
    ok(WaitForSingleObject(thread, 20000) == WAIT_OBJECT_0, "the thread hangs");
    ok(thread_out[0] == 0x55 && thread_out[15] == 0x55, "low half %x", thread_out[0]);
    ok(thread_out[16] == 0x66 && thread_out[31] == 0x66, "high half %x", thread_out[16]);
    free(buffer);
    CloseHandle(thread);
}

CONFORMANCE("contexts with extended state", test_make, test_copy, test_handler, test_thread)
