/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Static thread-local storage: of a DLL that is loaded while threads run, its initial data and zeroes, its callbacks
 * and their order; the program's own callbacks.
 *
 * Sources: [P] Microsoft's "PE Format", the .tls section: "callback functions are called … in the order in which
 * their addresses appear", "the reason values are the same as for DllMain"; [V] "Rules and
 * limitations for TLS": since Windows Vista a dynamically loaded DLL may have it.
 */
#include "loader.h"

#define BLOCK_ZEROES 64

struct tls_block {
    int value;
    char text[28];
    char zeroes[BLOCK_ZEROES];
};

static struct tls_block *(*block)(void);
static DWORD (*index_value)(void);
static HANDLE go, done;
static LONG callback_reasons[4];

/* The program's own callback; the linker gathers the pointers in this section. */
static void WINAPI program_callback(void *module, DWORD reason, void *reserved)
{
    (void)module, (void)reserved;
    if (reason < 4)
        InterlockedIncrement(&callback_reasons[reason]);
}

__attribute__((section(".CRT$XLM"), used)) static PIMAGE_TLS_CALLBACK program_callbacks =
    program_callback;

static BOOL is_fresh(const struct tls_block *b)
{
    for (int i = 0; i < BLOCK_ZEROES; i++)
        if (b->zeroes[i])
            return FALSE;
    return b->value == 4711 && !strcmp(b->text, "initial text");
}

static HMODULE load(void)
{
    HMODULE module = LoadLibraryW(L"loader_has_tls.dll");

    block = (void *)GetProcAddress(module, "tls_block");
    index_value = (void *)GetProcAddress(module, "tls_index_value");
    return module;
}

/* Runs before the DLL is loaded and looks at its block afterwards. */
static DWORD CALLBACK early_thread(void *argument)
{
    struct tls_block **seen = argument;

    SetEvent(done);
    WaitForSingleObject(go, INFINITE);
    *seen = block();
    ok(*seen && is_fresh(*seen), "an existing thread's block %p", *seen);
    if (*seen)
        (*seen)->value = 1;
    SetEvent(done);
    WaitForSingleObject(go, INFINITE);
    return block() == *seen && (*seen)->value == 1 ? 5 : 6;
}

static void test_existing_thread(void)
{
    struct tls_block *theirs = NULL, *ours;
    HANDLE thread;
    HMODULE module;
    DWORD code = 0;

    go = CreateEventW(NULL, FALSE, FALSE, NULL);
    done = CreateEventW(NULL, FALSE, FALSE, NULL);
    thread = CreateThread(NULL, 0, early_thread, &theirs, 0, NULL);
    WaitForSingleObject(done, INFINITE);
    forget_events();
    module = load();
    ok(module != NULL, "error %lu", GetLastError());
    ok_events("+tls callback 1 +tls callback 2 +tls");
    ok(index_value() < 1088, "index %lu", index_value());
    ours = block();
    ok(ours && is_fresh(ours), "our block %p", ours);
    ours->value = 2;
    SetEvent(go);
    WaitForSingleObject(done, INFINITE);
    ok(theirs != ours, "both threads have the block %p", ours);
    ok(ours->value == 2, "our value was changed to %d", ours->value);
    SetEvent(go);
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &code);
    ok(code == 5, "the thread's block changed: %lu", code);
    CloseHandle(thread);
    ok_events("<tls callback 1 <tls callback 2 <tls");
    FreeLibrary(module);
    ok_events("-tls callback 1 -tls callback 2 -tls");
}

static DWORD CALLBACK new_thread(void *argument)
{
    (void)argument;
    return block() && is_fresh(block());
}

static void test_new_thread(void)
{
    HMODULE module = load();
    HANDLE thread;
    DWORD code = 0;

    forget_events();
    thread = CreateThread(NULL, 0, new_thread, NULL, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &code);
    CloseHandle(thread);
    ok(code == 1, "a new thread's block is not fresh");
    ok_events(">tls callback 1 >tls callback 2 >tls <tls callback 1 <tls callback 2 <tls");
    FreeLibrary(module);
}

static void test_reload(void)
{
    for (int i = 0; i < 300; i++) {
        HMODULE module = load();

        if (!module || !block() || !is_fresh(block())) {
            ok(0, "round %d: module %p, error %lu", i, module, GetLastError());
            break;
        }
        block()->value = i;
        FreeLibrary(module);
    }
    ok(!is_loaded(L"loader_has_tls.dll"), "still loaded");
}

static void test_program_callback(void)
{
    LONG attached = callback_reasons[DLL_THREAD_ATTACH], detached = callback_reasons[DLL_THREAD_DETACH];
    HMODULE module = load();
    HANDLE thread = CreateThread(NULL, 0, new_thread, NULL, 0, NULL);

    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    FreeLibrary(module);
    ok(callback_reasons[DLL_PROCESS_ATTACH] == 1, "called %ld times at the program's start",
       callback_reasons[DLL_PROCESS_ATTACH]);
    ok(callback_reasons[DLL_THREAD_ATTACH] == attached + 1 &&
           callback_reasons[DLL_THREAD_DETACH] == detached + 1,
       "a thread: attached %ld times, detached %ld",
       callback_reasons[DLL_THREAD_ATTACH] - attached,
       callback_reasons[DLL_THREAD_DETACH] - detached);
}

CONFORMANCE("loader: static thread-local storage", test_existing_thread, test_new_thread,
            test_reload, test_program_callback)
