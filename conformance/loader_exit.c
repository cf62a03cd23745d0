/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The end of a process as DLLs see it: ExitProcess, the return from main, TerminateProcess, the last thread's
 * end, a DllMain that ends the process.
 *
 * Sources: [E] Microsoft's page on ExitProcess: threads end without DLL_THREAD_DETACH, then DLLs are
 * called with DLL_PROCESS_DETACH; [D] DllMain: lpvReserved is not NULL when the process ends; [T]
 * TerminateProcess: DLLs are not told; [X] ExitThread: the last thread's end is the process'.
 */
#define CONFORMANCE_CHILD(argc, argv) child(argc, argv)
#define LOADER_EVENTS_TO_OUTPUT
static int child(int argc, char **argv);

#include "loader.h"

static DWORD CALLBACK sleep_for_ever(void *argument)
{
    SetEvent(argument);
    Sleep(INFINITE);
    return 0;
}

static DWORD CALLBACK hold_lock_for_ever(void *argument)
{
    void **arguments = argument;

    EnterCriticalSection(arguments[0]);
    SetEvent(arguments[1]);
    Sleep(INFINITE);
    return 0;
}

static DWORD CALLBACK use_heap_for_ever(void *argument)
{
    HANDLE heap = GetProcessHeap();
    void *blocks[64];

    SetEvent(argument);
    for (;;) {
        for (SIZE_T i = 0; i < 64; i++)
            blocks[i] = HeapAlloc(heap, 0, i * 997 % 200000 + 8);
        for (SIZE_T i = 0; i < 64; i++)
            HeapFree(heap, 0, blocks[i]);
    }
    return 0;
}

static DWORD CALLBACK exit_process(void *argument)
{
    (void)argument;
    ExitProcess(13);
}

/* What `text` says is written by the process' end; the rest comes from the DLLs. */
static int child(int argc, char **argv)
{
    const char *how = argc > 2 ? argv[2] : "";
    HANDLE ready = CreateEventW(NULL, FALSE, FALSE, NULL), thread;
    static CRITICAL_SECTION section;
    void *arguments[2] = {&section, ready};

    InitializeCriticalSection(&section);
    if (!LoadLibraryW(L"loader_top.dll"))
        return 99;
    thread = CreateThread(NULL, 0, sleep_for_ever, ready, 0, NULL);
    WaitForSingleObject(ready, INFINITE);
    CloseHandle(thread);
    thread = CreateThread(NULL, 0, hold_lock_for_ever, arguments, 0, NULL);
    WaitForSingleObject(ready, INFINITE);
    CloseHandle(thread);
    say_events = TRUE;
    if (!strcmp(how, "heap")) {
        for (int i = 0; i < 3; i++) {
            thread = CreateThread(NULL, 0, use_heap_for_ever, ready, 0, NULL);
            WaitForSingleObject(ready, INFINITE);
            CloseHandle(thread);
        }
        use_heap_in_events = TRUE;
        forget_events();
        ExitProcess(15);
    }
    if (!strcmp(how, "return"))
        return 11;
    if (!strcmp(how, "exit"))
        ExitProcess(12);
    if (!strcmp(how, "exit-thread")) {
        thread = CreateThread(NULL, 0, exit_process, NULL, 0, NULL);
        WaitForSingleObject(thread, INFINITE);
    }
    if (!strcmp(how, "terminate"))
        TerminateProcess(GetCurrentProcess(), 14);
    return 98;
}

static void ok_end(const char *how, DWORD expected_code, const char *expected)
{
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
    STARTUPINFOW startup = {.cb = sizeof(startup), .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    WCHAR command[MAX_PATH + 64];
    char output[1024];
    DWORD used = 0, got, code = 0xdeadbeef, waited;
    HANDLE read_end, write_end;

    CreatePipe(&read_end, &write_end, &inherit, 0);
    SetHandleInformation(read_end, HANDLE_FLAG_INHERIT, 0);
    startup.hStdOutput = write_end;
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    swprintf(command, MAX_PATH + 64, L"\"%ls\" --child %hs", beside(L"loader_exit.exe"), how);
    ok(CreateProcessW(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process),
       "error %lu", GetLastError());
    CloseHandle(write_end);
    while (used < sizeof(output) - 1 &&
           ReadFile(read_end, output + used, sizeof(output) - 1 - used, &got, NULL) && got)
        used += got;
    output[used] = 0;
    waited = WaitForSingleObject(process.hProcess, 20000);
    ok(waited == WAIT_OBJECT_0, "%s: the process hangs", how);
    if (waited)
        TerminateProcess(process.hProcess, 97);
    GetExitCodeProcess(process.hProcess, &code);
    ok(code == expected_code, "%s: exit code %lu, not %lu", how, code, expected_code);
    ok(!strcmp(output, expected), "%s: \"%s\", not \"%s\"", how, output, expected);
    CloseHandle(read_end);
    CloseHandle(process.hProcess);
    CloseHandle(process.hThread);
}

static void test_exit(void)
{
    ok_end("return", 11, "-top! -mid! -leaf! ");
    ok_end("exit", 12, "-top! -mid! -leaf! ");
    ok_end("exit-thread", 13, ">leaf >mid >top -top! -mid! -leaf! ");
}

/* [E]: only what other threads own of the program's is lost; the heap works in DLL_PROCESS_DETACH, wherever the
 * threads were when they ended. (The threads' own attach events stand before.) */
static void test_heap_in_use(void)
{
    for (int i = 0; i < 8; i++)
        ok_end("heap", 15,
               ">leaf >mid >top >leaf >mid >top >leaf >mid >top -top! -mid! -leaf! ");
}

static void test_terminate(void)
{
    ok_end("terminate", 14, "");
}

CONFORMANCE("loader: the end of a process", test_exit, test_heap_in_use,
            test_terminate)
