/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Code in watched memory: running it is no write, copying it there is. And what of Windows' management of writes
 * to executable memory exists on x86-64: nothing, which the probe of it says.
 */
#include <winternl.h>

#include "write_watch.h"

/* Which Windows offers for emulators on ARM64. */
#define PROCESS_MANAGE_WRITES_TO_EXECUTABLE_MEMORY 83
#define THREAD_MANAGE_WRITES_TO_EXECUTABLE_MEMORY  48
#define VM_PAGE_DIRTY_STATE_INFORMATION            3

static const unsigned char code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3}; /* mov eax, 42; ret */

static int run(char *address)
{
    return ((int (*)(void))(void *)address)();
}

/* [T] test_atl_thunk_emulation (Windows 8 counted the page: broken). */
static void test_running(void)
{
    static const DWORD protections[] = {PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_READ};
    DWORD old;

    allocate(MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    memcpy(page(2), code, sizeof(code));
    EXPECT(WRITE_WATCH_FLAG_RESET, 2);
    for (size_t i = 0; i < ARRAYSIZE(protections); i++) {
        VirtualProtect(page(2), 4096, protections[i], &old);
        ok(run(page(2)) == 42, "the code runs");
        if (!broken(!get_range(0, base, SIZE) && count == 1))
            EXPECT(0);
        reset();
    }
    release();
}

/* Code whose first page was never written to run, that writes beside itself: only the data page counts. */
static void test_code_that_writes(void)
{
    /* mov byte [rcx], 1; mov eax, 42; ret */
    static const unsigned char store[] = {0xc6, 0x01, 0x01, 0xb8, 0x2a, 0, 0, 0, 0xc3};

    allocate(MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    memcpy(page(0), store, sizeof(store));
    reset();
    ok(((int (*)(char *))(void *)page(0))(page(9)) == 42, "the code runs");
    EXPECT(0, 9);
    /* Code that changes itself: its own page. */
    reset();
    ok(((int (*)(char *))(void *)page(0))(page(0) + 100) == 42, "the code runs");
    EXPECT(0, 0);
    release();
}

/* [A] a call from watched RWX memory to IsDebuggerPresent: nobody writes to the buffer. */
static void test_call_from_watched_code(void)
{
    /* sub rsp, 40; mov rax, imm64; call rax; add rsp, 40; ret */
    unsigned char call[] = {0x48, 0x83, 0xec, 0x28, 0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0,
                            0xff, 0xd0, 0x48, 0x83, 0xc4, 0x28, 0xc3};
    FARPROC function = GetProcAddress(GetModuleHandleA("kernel32.dll"), "IsDebuggerPresent");

    memcpy(call + 6, &function, 8);
    allocate(MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    memset(base, 0x90, SIZE); /* nops up to the code, as al-khaser has it */
    memcpy(page(15), call, sizeof(call));
    reset();
    ok(!run(base), "IsDebuggerPresent");
    EXPECT(0);
    release();
}

/* [T] test_exec_memory_writes begins with this probe: success means an ARM64 host. */
static void test_managed_writes(void)
{
    typedef LONG(WINAPI *set_process)(HANDLE, ULONG, void *, ULONG);
    typedef LONG(WINAPI *set_memory)(HANDLE, ULONG, ULONG_PTR, void *, void *, ULONG);
    struct {
        ULONG version : 8, process_enable : 1, thread_allow : 1, spare : 22;
        void *signal;
    } manage = {.version = 2, .process_enable = 1};
    HMODULE ntdll = GetModuleHandleA("ntdll.dll");
    set_process set = (set_process)(void *)GetProcAddress(ntdll, "NtSetInformationProcess");
    set_process set_thread = (set_process)(void *)GetProcAddress(ntdll, "NtSetInformationThread");
    set_memory set_vm = (set_memory)(void *)GetProcAddress(ntdll, "NtSetInformationVirtualMemory");
    LONG status;

    if (is_wine()) {
        skip("Wine 8 knows neither class");
        return;
    }
    status = set(GetCurrentProcess(), PROCESS_MANAGE_WRITES_TO_EXECUTABLE_MEMORY, &manage,
                 sizeof(manage));
    ok(status == (LONG)0xc0000003 || status == (LONG)0xc00000bb, "process: %lx", status);
    if (is_decant())
        ok(status == (LONG)0xc00000bb, "process: %lx", status);
    manage.process_enable = 0;
    manage.thread_allow = 1;
    status = set_thread(GetCurrentThread(), THREAD_MANAGE_WRITES_TO_EXECUTABLE_MEMORY, &manage,
                        sizeof(manage));
    ok(status == (LONG)0xc0000003 || status == (LONG)0xc00000bb, "thread: %lx", status);
    if (set_vm) {
        struct {
            void *address;
            SIZE_T bytes;
        } range;
        ULONG flags = 0;

        allocate(MEM_COMMIT, PAGE_EXECUTE_READWRITE);
        page(1)[0] = 1;
        range.address = base;
        range.bytes = SIZE;
        /* [T] not enabled: not supported; and the watch is another matter. */
        status = set_vm(GetCurrentProcess(), VM_PAGE_DIRTY_STATE_INFORMATION, 1, &range, &flags,
                        sizeof(flags));
        ok(status == (LONG)0xc00000bb || broken(status == (LONG)0xc00000f0), "memory: %lx", status);
        EXPECT(0, 1);
        release();
    }
}

CONFORMANCE("memory: write watch, code", test_running, test_code_that_writes,
            test_call_from_watched_code, test_managed_writes)
