/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the memory_*.c programs share: whole-state checks by VirtualQuery, expected failures, and what
 * older mingw headers lack.
 */
#ifndef DECANT_CONFORMANCE_MEMORY_H
#define DECANT_CONFORMANCE_MEMORY_H

#include "conformance.h"
#include <winternl.h>

#ifndef MEM_RESERVE_PLACEHOLDER
#define MEM_COALESCE_PLACEHOLDERS 0x00000001
#define MEM_PRESERVE_PLACEHOLDER  0x00000002
#define MEM_REPLACE_PLACEHOLDER   0x00004000
#define MEM_RESERVE_PLACEHOLDER   0x00040000
#endif

#define PAGE 0x1000u

/* Asserts everything that VirtualQuery says of an address. */
#define expect_memory(address, base, size, state, protect, allocation_protect, type)               \
    expect_memory_(__LINE__, address, base, size, state, protect, allocation_protect, type)
#define expect_region(address, base, size, state, protect, allocation_protect)                     \
    expect_memory_(__LINE__, address, base, size, state, protect, allocation_protect, MEM_PRIVATE)
static inline void expect_memory_(int line, const void *address, const void *allocation,
                                  SIZE_T size, DWORD state, DWORD protect,
                                  DWORD allocation_protect, DWORD type)
{
    MEMORY_BASIC_INFORMATION info;
    SIZE_T got;

    memset(&info, 0xcc, sizeof(info));
    got = VirtualQuery(address, &info, sizeof(info));
    conformance_ok(line, got == sizeof(info), "VirtualQuery: %u", (unsigned)got);
    conformance_ok(line, info.BaseAddress == (void *)((ULONG_PTR)address & ~0xfffull),
                   "BaseAddress %p", info.BaseAddress);
    conformance_ok(line, info.AllocationBase == allocation, "AllocationBase %p, not %p",
                   info.AllocationBase, allocation);
    conformance_ok(line, info.RegionSize == size, "RegionSize %#llx, not %#llx",
                   (long long)info.RegionSize, (long long)size);
    conformance_ok(line, info.State == state, "State %#lx, not %#lx", info.State, state);
    conformance_ok(line, info.Protect == protect, "Protect %#lx, not %#lx", info.Protect, protect);
    conformance_ok(line, info.AllocationProtect == allocation_protect,
                   "AllocationProtect %#lx, not %#lx", info.AllocationProtect, allocation_protect);
    conformance_ok(line, info.Type == type, "Type %#lx, not %#lx", info.Type, type);
}

/* The expression must be false or NULL, with this last error. */
#define expect_failure(expression, error)                                                          \
    do {                                                                                           \
        BOOL failed_;                                                                              \
        DWORD error_;                                                                              \
        SetLastError(0xdeadbeef);                                                                  \
        failed_ = !(expression);                                                                   \
        error_ = GetLastError();                                                                   \
        ok(failed_, #expression " succeeded");                                                     \
        ok(error_ == (error), #expression ": error %lu, not %lu", error_, (DWORD)(error));         \
    } while (0)

/* A function of kernelbase.dll that mingw's import libraries may lack; counted as a failure if absent. */
#define kernelbase_function(name) kernelbase_function_(__LINE__, name)
static inline void *kernelbase_function_(int line, const char *name)
{
    void *function = GetProcAddress(GetModuleHandleA("kernelbase.dll"), name);

    conformance_ok(line, function != NULL, "kernelbase lacks %s", name);
    return function;
}

#endif
