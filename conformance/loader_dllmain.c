/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * DllMain: the order of its calls over a tree of DLLs, reference counts, refusal, threads, cycles, loading from
 * within, notifications, and what unloading leaves behind.
 *
 * Sources: [D] Microsoft's "DllMain entry point" and "Dynamic-Link Library Best Practices"; [F] the pages on
 * FreeLibrary and FreeLibraryAndExitThread; [T] on DisableThreadLibraryCalls; [N] on
 * LdrRegisterDllNotification and LdrDllNotification; [W] Wine's dlls/kernel32/tests/loader.c.
 */
#include "loader.h"

static void test_tree(void)
{
    HMODULE top, second;

    forget_events();
    top = LoadLibraryW(L"loader_top.dll");
    ok(top != NULL, "error %lu", GetLastError());
    /* [D]: what a DLL imports is initialised before it. */
    ok_events("+leaf +mid +top");
    second = LoadLibraryW(L"LOADER_TOP");
    ok(second == top, "loaded again: %p, not %p", second, top);
    ok_events("");
    ok(FreeLibrary(top), "error %lu", GetLastError());
    ok(is_loaded(L"loader_top.dll"), "gone with one reference left");
    ok_events("");
    ok(FreeLibrary(top), "error %lu", GetLastError());
    ok_events("-top -mid -leaf");
    ok(!is_loaded(L"loader_top.dll") && !is_loaded(L"loader_mid.dll") &&
           !is_loaded(L"loader_leaf.dll"),
       "still loaded");
    SetLastError(0xdeadbeef);
    ok(!FreeLibrary(top) && GetLastError() == ERROR_MOD_NOT_FOUND, "freed once more: error %lu",
       GetLastError());
}

static void test_shared_dependency(void)
{
    HMODULE leaf, top;

    leaf = LoadLibraryW(L"loader_leaf.dll");
    top = LoadLibraryW(L"loader_top.dll");
    forget_events();
    FreeLibrary(top);
    ok_events("-top -mid");
    ok(is_loaded(L"loader_leaf.dll"), "its own reference holds it");
    top = LoadLibraryW(L"loader_top.dll");
    forget_events();
    FreeLibrary(leaf);
    ok_events("");
    ok(is_loaded(L"loader_leaf.dll"), "what imports from it holds it");
    FreeLibrary(top);
    ok_events("-top -mid -leaf");
}

static void test_unmapped(void)
{
    HMODULE leaf = LoadLibraryW(L"loader_leaf.dll");
    MEMORY_BASIC_INFORMATION info;

    memset(&info, 0xcc, sizeof(info));
    VirtualQuery(leaf, &info, sizeof(info));
    ok(info.State == MEM_COMMIT && info.Type == MEM_IMAGE && info.AllocationBase == (void *)leaf,
       "state %lx, type %lx", info.State, info.Type);
    FreeLibrary(leaf);
    memset(&info, 0xcc, sizeof(info));
    VirtualQuery(leaf, &info, sizeof(info));
    ok(info.State == MEM_FREE, "state %lx after unloading", info.State);
}

static void test_refusal(void)
{
    /* [D]: FALSE to DLL_PROCESS_ATTACH makes LoadLibrary fail, and DllMain is called with DLL_PROCESS_DETACH. */
    forget_events();
    SetLastError(0xdeadbeef);
    ok(!LoadLibraryW(L"loader_refuse.dll") && GetLastError() == ERROR_DLL_INIT_FAILED,
       "error %lu", GetLastError());
    ok_events("+leaf +refuse -refuse -leaf");
    ok(!is_loaded(L"loader_refuse.dll") && !is_loaded(L"loader_leaf.dll"), "still loaded");

    SetLastError(0xdeadbeef);
    ok(!LoadLibraryW(L"loader_above_refuse.dll") && GetLastError() == ERROR_DLL_INIT_FAILED,
       "from below: error %lu", GetLastError());
    ok_events("+leaf +refuse -refuse -leaf");
    ok(!is_loaded(L"loader_above_refuse.dll") && !is_loaded(L"loader_refuse.dll"),
       "still loaded");
}

static void test_cycle(void)
{
    HMODULE a;
    int (*both)(void);

    forget_events();
    a = LoadLibraryW(L"loader_cycle_a.dll");
    ok(a != NULL, "error %lu", GetLastError());
    ok(is_loaded(L"loader_cycle_b.dll"), "its partner is not loaded");
    ok_events("+cycle_b +cycle_a");
    both = (int (*)(void))(void *)GetProcAddress(a, "cycle_both");
    ok(both() == 11, "each calls the other: %d", both());
    ok(FreeLibrary(a), "error %lu", GetLastError());
    ok_events("-cycle_a -cycle_b");
    ok(!is_loaded(L"loader_cycle_a.dll") && !is_loaded(L"loader_cycle_b.dll"),
       "a cycle keeps itself loaded");
}

static void test_load_within(void)
{
    HMODULE nested;

    forget_events();
    nested = LoadLibraryW(L"loader_nested.dll");
    ok(nested != NULL, "error %lu", GetLastError());
    ok_events("+nested +leaf +nested has leaf");
    FreeLibrary(nested);
    ok_events("-nested -leaf");
    ok(!is_loaded(L"loader_leaf.dll"), "still loaded");
}

static DWORD CALLBACK thread(void *argument)
{
    return (DWORD)(ULONG_PTR)argument;
}

static void run_thread(void)
{
    HANDLE handle = CreateThread(NULL, 0, thread, (void *)7, 0, NULL);
    DWORD code = 0;

    WaitForSingleObject(handle, INFINITE);
    GetExitCodeThread(handle, &code);
    ok(code == 7, "exit code %lu", code);
    CloseHandle(handle);
}

static void test_threads(void)
{
    HMODULE top = LoadLibraryW(L"loader_top.dll"), leaf = GetModuleHandleW(L"loader_leaf.dll");

    /* [D]: in the order of initialisation; at the end in the reverse order. */
    forget_events();
    run_thread();
    ok(event_count == 6 && events[0].thread == events[5].thread &&
           events[0].thread != GetCurrentThreadId(),
       "not called by the thread itself");
    ok_events(">leaf >mid >top <top <mid <leaf");

    ok(DisableThreadLibraryCalls(leaf), "error %lu", GetLastError());
    run_thread();
    ok_events(">mid >top <top <mid");
    /* It ends with the DLL: loaded anew, it is called again. */
    FreeLibrary(top);
    forget_events();
    top = LoadLibraryW(L"loader_top.dll");
    forget_events();
    run_thread();
    ok_events(">leaf >mid >top <top <mid <leaf");
    FreeLibrary(top);
    SetLastError(0xdeadbeef);
    ok(!DisableThreadLibraryCalls(leaf), "of a module that is gone");
}

static DWORD CALLBACK free_and_exit(void *module)
{
    FreeLibraryAndExitThread(module, 99);
    return 1;
}

static void test_free_and_exit(void)
{
    HMODULE leaf = LoadLibraryW(L"loader_leaf.dll");
    HANDLE handle;
    DWORD code = 0;

    handle = CreateThread(NULL, 0, free_and_exit, leaf, 0, NULL);
    WaitForSingleObject(handle, INFINITE);
    GetExitCodeThread(handle, &code);
    CloseHandle(handle);
    ok(code == 99, "exit code %lu", code);
    ok(!is_loaded(L"loader_leaf.dll"), "still loaded");
}

static void test_unresolved(void)
{
    HMODULE mid;

    /* [L]: DONT_RESOLVE_DLL_REFERENCES calls no DllMain and loads nothing else. */
    forget_events();
    mid = LoadLibraryExW(L"loader_mid.dll", NULL, DONT_RESOLVE_DLL_REFERENCES);
    ok(mid != NULL, "error %lu", GetLastError());
    ok(!is_loaded(L"loader_leaf.dll"), "an import was loaded");
    ok(GetProcAddress(mid, "mid_by_name") != NULL, "no exports");
    FreeLibrary(mid);
    ok_events("");
    ok(!is_loaded(L"loader_mid.dll"), "still loaded");
}

/* --- Notifications --- */

typedef struct {
    ULONG flags;
    const UNICODE_STRING *full_name, *base_name;
    void *base;
    ULONG bytes;
} notification_data;

typedef void(CALLBACK *notification_function)(ULONG reason, const notification_data *data,
                                              void *context);

static NTSTATUS(NTAPI *register_notification)(ULONG, notification_function, void *, void **);
static NTSTATUS(NTAPI *unregister_notification)(void *);

static char told[256];
static int wrong_data;

/* Into one text with the events, so that their order is seen. */
static void CALLBACK notify(ULONG reason, const notification_data *data, void *context)
{
    char text[32];
    int length = data->base_name->Length / 2;

    snprintf(text, sizeof(text), "%s %.*ls", reason == 1 ? "loaded" : "unloaded", length,
             data->base_name->Buffer);
    loader_event(text, reason == 1, NULL);
    if (context != told || !data->base || data->bytes < 0x1000 ||
        data->full_name->Length <= data->base_name->Length)
        wrong_data++;
}

static void test_notifications(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll"), mid;
    void *cookie = NULL;
    NTSTATUS status;

    register_notification = (void *)GetProcAddress(ntdll, "LdrRegisterDllNotification");
    unregister_notification = (void *)GetProcAddress(ntdll, "LdrUnregisterDllNotification");
    ok(register_notification && unregister_notification, "not exported");
    status = register_notification(0, notify, told, &cookie);
    ok(!status && cookie, "status %lx", status);
    forget_events();
    mid = LoadLibraryW(L"loader_mid.dll");
    /* [N]: told before DllMain is called. The order between DLLs is not documented. */
    ok(event_count == 4, "%ld events", event_count);
    if (event_count == 4) {
        ok(!strncmp(events[0].text, "loaded", 6) && !strcmp(events[3].text, "mid"),
           "first \"%s\", last \"%s\"", events[0].text, events[3].text);
    }
    forget_events();
    FreeLibrary(mid);
    ok(event_count == 4 && !strcmp(events[0].text, "mid"), "%ld events at the end, first \"%s\"",
       event_count, events[0].text);
    ok(!wrong_data, "%d notifications with wrong data", wrong_data);
    ok(!unregister_notification(cookie), "unregister");
    todo_wine ok(unregister_notification(cookie) == (NTSTATUS)0xC0000135, "unregister twice");
    forget_events();
    mid = LoadLibraryW(L"loader_mid.dll");
    ok_events("+leaf +mid");
    FreeLibrary(mid);
}

CONFORMANCE("loader: DllMain", test_tree, test_shared_dependency, test_unmapped, test_refusal,
            test_cycle, test_load_within, test_threads, test_free_and_exit, test_unresolved,
            test_notifications)
