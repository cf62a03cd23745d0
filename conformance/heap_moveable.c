/* SPDX-License-Identifier: LGPL-2.1-or-later
 * LocalAlloc and GlobalAlloc: fixed and moveable blocks, locks, sizes, discarding, reallocation.
 *
 * Sources: learn.microsoft.com LocalAlloc, LocalReAlloc, LocalLock, LocalFlags, LocalHandle, LocalSize,
 * LocalDiscard and their Global forms; [K] Wine's kernel32/tests/heap.c, which passes on Windows.
 */
#include "conformance.h"

static BOOL is_filled(const unsigned char *bytes, SIZE_T size, unsigned char value)
{
    while (size--)
        if (*bytes++ != value)
            return FALSE;
    return TRUE;
}

/* A handle of fixed memory is the memory's address; it can be locked without a count. */
static void test_fixed(void)
{
    HLOCAL block = LocalAlloc(LMEM_FIXED, 100), zeroed = LocalAlloc(LPTR, 1000);

    ok(block && zeroed, "error %lu", GetLastError());
    ok(!((ULONG_PTR)block & 15), "%p", block);
    ok(LocalLock(block) == block, "lock");
    ok(LocalHandle(block) == block, "handle");
    ok(LocalSize(block) == 100, "size %u", (unsigned)LocalSize(block));
    ok(!LocalFlags(block), "flags %#x", LocalFlags(block));
    SetLastError(0xdeadbeef);
    ok(!LocalUnlock(block), "unlock");
    ok(GetLastError() == ERROR_NOT_LOCKED, "error %lu", GetLastError()); /* [K] */
    ok(is_filled(zeroed, 1000, 0), "not zero");
    ok(!LocalFree(block) && !LocalFree(zeroed), "free");
    /* Global and Local are one heap. */
    block = GlobalAlloc(GMEM_FIXED, 10);
    ok(GlobalLock(block) == block && LocalSize(block) == 10, "size");
    ok(GlobalUnlock(block), "GlobalUnlock of fixed memory is TRUE"); /* [K] */
    ok(!LocalFree(block), "free");
    /* Zero bytes of fixed memory are a valid block [K]. */
    block = LocalAlloc(LMEM_FIXED, 0);
    ok(block && !LocalSize(block), "%p size %u", block, (unsigned)LocalSize(block));
    ok(!LocalFree(block), "free");
    ok(!LocalFree(NULL), "NULL is freed");
}

static void test_moveable(void)
{
    HLOCAL handle = LocalAlloc(LMEM_MOVEABLE | LMEM_ZEROINIT, 100);
    unsigned char *memory;

    ok(handle != NULL, "error %lu", GetLastError());
    memory = LocalLock(handle);
    ok(memory && memory != (void *)handle && !((ULONG_PTR)memory & 15), "memory %p of %p", memory, handle);
    ok(*(void **)handle == memory, "a handle points to the memory's address"); /* [K] */
    ok(LocalHandle(memory) == handle, "handle %p", LocalHandle(memory));
    ok(LocalSize(handle) == 100 && LocalSize(memory) == 100, "sizes %u %u", (unsigned)LocalSize(handle),
       (unsigned)LocalSize(memory)); /* [K] */
    ok(is_filled(memory, 100, 0), "not zero");
    ok(LocalFlags(handle) == 1, "flags %#x", LocalFlags(handle));
    ok(LocalLock(handle) == memory && LocalFlags(handle) == 2, "flags %#x", LocalFlags(handle));
    SetLastError(0xdeadbeef);
    ok(LocalUnlock(handle), "one lock is left");
    ok(GetLastError() == 0xdeadbeef, "error %lu", GetLastError());
    ok(!LocalUnlock(handle), "unlocked");
    ok(GetLastError() == NO_ERROR, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!LocalUnlock(handle) && GetLastError() == ERROR_NOT_LOCKED, "error %lu", GetLastError());
    ok(!LocalFree(handle), "free");
    /* The count stops at 255 [K]. */
    handle = LocalAlloc(LMEM_MOVEABLE, 10);
    for (unsigned i = 0; i < 300; i++)
        LocalLock(handle);
    ok((LocalFlags(handle) & LMEM_LOCKCOUNT) == 255, "flags %#x", LocalFlags(handle));
    /* Freed although it is locked. */
    ok(!LocalFree(handle), "free");
}

/* Zero bytes: a handle without memory, marked as discarded. */
static void test_discarded(void)
{
    HGLOBAL handle = GlobalAlloc(GMEM_MOVEABLE, 0);
    unsigned char *memory;

    ok(handle != NULL, "error %lu", GetLastError());
    ok(GlobalFlags(handle) == GMEM_DISCARDED, "flags %#x", GlobalFlags(handle));
    ok(!GlobalSize(handle), "size %u", (unsigned)GlobalSize(handle));
    SetLastError(0xdeadbeef);
    ok(!GlobalLock(handle), "locked");
    ok(GetLastError() == ERROR_DISCARDED, "error %lu", GetLastError());
    ok(GlobalReAlloc(handle, 50, GMEM_MOVEABLE | GMEM_ZEROINIT) == handle, "error %lu", GetLastError());
    ok(!GlobalFlags(handle), "flags %#x", GlobalFlags(handle));
    memory = GlobalLock(handle);
    ok(memory && is_filled(memory, 50, 0), "memory %p", memory);
    GlobalUnlock(handle);
    ok(GlobalDiscard(handle) == handle, "error %lu", GetLastError());
    ok(GlobalFlags(handle) == GMEM_DISCARDED, "flags %#x", GlobalFlags(handle));
    ok(!GlobalFree(handle), "free");
    handle = GlobalAlloc(GMEM_MOVEABLE | GMEM_DISCARDABLE, 10);
    ok(GlobalFlags(handle) == GMEM_DISCARDABLE, "flags %#x", GlobalFlags(handle));
    ok(!GlobalFree(handle), "free");
}

static void test_realloc(void)
{
    unsigned char *memory;
    HLOCAL handle;

    /* Fixed memory may move only with LMEM_MOVEABLE. */
    memory = LocalAlloc(LMEM_FIXED, 10);
    memset(memory, 0x5a, 10);
    memory = LocalReAlloc(memory, 100000, LMEM_MOVEABLE | LMEM_ZEROINIT);
    ok(memory && is_filled(memory, 10, 0x5a) && is_filled(memory + 10, 99990, 0), "content of %p", memory);
    ok(LocalSize(memory) == 100000, "size %u", (unsigned)LocalSize(memory));
    memory = LocalReAlloc(memory, 5, LMEM_MOVEABLE);
    ok(memory && LocalSize(memory) == 5 && is_filled(memory, 5, 0x5a), "content of %p", memory);
    ok(!LocalFree(memory), "free");
    /* Without it, growing where it lies: a large amount cannot be. */
    memory = LocalAlloc(LMEM_FIXED, 10);
    SetLastError(0xdeadbeef);
    ok(!LocalReAlloc(memory, 100000000, LMEM_FIXED), "grown in place");
    ok(GetLastError() == ERROR_NOT_ENOUGH_MEMORY || GetLastError() == ERROR_OUTOFMEMORY, "error %lu",
       GetLastError());
    ok(LocalSize(memory) == 10, "size %u", (unsigned)LocalSize(memory));
    ok(!LocalFree(memory), "free");
    /* A moveable handle stays, its memory moves. */
    handle = LocalAlloc(LMEM_MOVEABLE, 10);
    memset(LocalLock(handle), 0x5a, 10);
    LocalUnlock(handle);
    ok(LocalReAlloc(handle, 200000, LMEM_MOVEABLE | LMEM_ZEROINIT) == handle, "error %lu", GetLastError());
    memory = LocalLock(handle);
    ok(is_filled(memory, 10, 0x5a) && is_filled(memory + 10, 199990, 0), "content");
    LocalUnlock(handle);
    ok(LocalSize(handle) == 200000, "size %u", (unsigned)LocalSize(handle));
    /* LMEM_MODIFY changes flags, not the size. */
    ok(LocalReAlloc(handle, 0, LMEM_MODIFY | LMEM_DISCARDABLE) == handle, "error %lu", GetLastError());
    ok(LocalFlags(handle) == LMEM_DISCARDABLE && LocalSize(handle) == 200000, "flags %#x size %u",
       LocalFlags(handle), (unsigned)LocalSize(handle));
    ok(!LocalFree(handle), "free");
}

/* A bad handle is ERROR_INVALID_HANDLE, and never a crash [K]. */
static void test_invalid(void)
{
    static unsigned char bytes[64];
    HLOCAL handle = LocalAlloc(LMEM_MOVEABLE, 10);
    HLOCAL bad[] = {(HLOCAL)(ULONG_PTR)0xdeadbee8, (HLOCAL)(bytes + 16), NULL};

    for (unsigned i = 0; i < 2; i++) {
        SetLastError(0xdeadbeef);
        ok(LocalFree(bad[i]) == bad[i], "%u: freed", i);
        ok(GetLastError() == ERROR_INVALID_HANDLE || GetLastError() == ERROR_INVALID_PARAMETER,
           "%u: error %lu", i, GetLastError());
    }
    SetLastError(0xdeadbeef);
    ok(!GlobalLock(bad[0]), "locked");
    ok(GetLastError() == ERROR_INVALID_HANDLE, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GlobalSize(bad[0]), "has a size");
    ok(GetLastError() == ERROR_INVALID_HANDLE, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(GlobalFlags(bad[0]) == GMEM_INVALID_HANDLE, "flags %#x", GlobalFlags(bad[0]));
    ok(GetLastError() == ERROR_INVALID_HANDLE, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GlobalReAlloc(bad[0], 100, GMEM_MOVEABLE), "reallocated");
    ok(GetLastError() == ERROR_INVALID_HANDLE, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GlobalHandle(NULL), "NULL has a handle");
    /* Once freed, a handle is none any more. */
    ok(!LocalFree(handle), "free");
    SetLastError(0xdeadbeef);
    ok(LocalFree(handle) == handle, "freed twice");
    ok(GetLastError() == ERROR_INVALID_HANDLE, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!LocalLock(handle), "locked after it was freed");
    ok(GetLastError() == ERROR_INVALID_HANDLE, "error %lu", GetLastError());
}

/* Many handles are all different, and stay valid. */
static void test_many(void)
{
    enum { COUNT = 60000 };
    HGLOBAL *handles = HeapAlloc(GetProcessHeap(), 0, COUNT * sizeof(*handles));
    unsigned wrong = 0;

    for (unsigned i = 0; i < COUNT; i++) {
        handles[i] = GlobalAlloc(GMEM_MOVEABLE, 8);
        if (!handles[i])
            break;
        *(unsigned *)GlobalLock(handles[i]) = i;
        GlobalUnlock(handles[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned *value = GlobalLock(handles[i]);

        wrong += !value || *value != i;
        GlobalUnlock(handles[i]);
        wrong += GlobalFree(handles[i]) != NULL;
    }
    ok(!wrong, "%u of %u handles are wrong", wrong, COUNT);
    HeapFree(GetProcessHeap(), 0, handles);
}

CONFORMANCE("heap: Local and Global memory", test_fixed, test_moveable, test_discarded, test_realloc,
            test_invalid, test_many)
