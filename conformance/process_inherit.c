/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Child processes: exit codes, environment, working folder, redirected output, inherited events,
 * mutexes, semaphores and sections.
 *
 * Sources: [D] Microsoft's pages on CreateProcess, handle inheritance, pipes.
 */
#define CONFORMANCE_CHILD(argc, argv) child(argc, argv)
static int child(int argc, char **argv);

#include "conformance.h"

static HANDLE handle_of(const char *text)
{
    return (HANDLE)(ULONG_PTR)strtoull(text, NULL, 16);
}

static int child(int argc, char **argv)
{
    if (argc < 3)
        return 1;
    if (!strcmp(argv[2], "code"))
        return 0x12345;
    if (!strcmp(argv[2], "print")) {
        char folder[MAX_PATH], value[64] = "";

        GetCurrentDirectoryA(sizeof(folder), folder);
        GetEnvironmentVariableA("DECANT_CONFORMANCE", value, sizeof(value));
        printf("%s|%s|%s", argv[3], value, strrchr(folder, '\\') + 1);
        return 0;
    }
    if (!strcmp(argv[2], "many")) /* the first and the last of many */
        return SetEvent(handle_of(argv[3])) && SetEvent(handle_of(argv[4])) ? 0 : 5;
    if (!strcmp(argv[2], "shared")) {
        HANDLE ask = handle_of(argv[3]), answer = handle_of(argv[4]), mutex = handle_of(argv[6]);
        volatile LONG *memory = MapViewOfFile(handle_of(argv[5]), FILE_MAP_ALL_ACCESS, 0, 0, 4096);

        if (!memory || WaitForSingleObject(mutex, 0) != WAIT_TIMEOUT)
            return 2;
        for (int i = 0; i < 1000; i++) {
            if (WaitForSingleObject(ask, 10000))
                return 3;
            (*memory)++;
            SetEvent(answer);
        }
        return WaitForSingleObject(handle_of(argv[7]), 0) ? 4 : 0; /* the semaphore */
    }
    return 1;
}

static BOOL start(PROCESS_INFORMATION *info, STARTUPINFOA *startup, const char *folder,
                  const char *format, ...)
{
    char path[MAX_PATH], command[1024];
    va_list args;
    int length;

    GetModuleFileNameA(NULL, path, sizeof(path));
    length = snprintf(command, sizeof(command), "\"%s\" --child ", path);
    va_start(args, format);
    vsnprintf(command + length, sizeof(command) - (size_t)length, format, args);
    va_end(args);
    return CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, folder, startup, info);
}

static DWORD finish(PROCESS_INFORMATION *info)
{
    DWORD code = 0xdeadbeef;

    ok(WaitForSingleObject(info->hProcess, 30000) == WAIT_OBJECT_0, "the child hangs");
    GetExitCodeProcess(info->hProcess, &code);
    CloseHandle(info->hProcess);
    CloseHandle(info->hThread);
    return code;
}

static void test_exit_code(void)
{
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION info;
    DWORD code;

    ok(start(&info, &startup, NULL, "code"), "CreateProcess: %lu", GetLastError());
    ok(GetProcessId(info.hProcess) == info.dwProcessId && info.dwProcessId != GetCurrentProcessId(),
       "process id %lu", info.dwProcessId);
    code = finish(&info);
    ok(code == 0x12345, "exit code %lx", code); /* all 32 bits of it */
    SetLastError(0xdeadbeef);
    ok(!CreateProcessA("no such program.exe", NULL, NULL, NULL, FALSE, 0, NULL, NULL, &startup,
                       &info) &&
           GetLastError() == ERROR_FILE_NOT_FOUND,
       "a program that is not there: %lu", GetLastError());
}

static void test_output(void)
{
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
    STARTUPINFOA startup = {.cb = sizeof(startup), .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION info;
    char text[256] = "";
    HANDLE read_end;
    DWORD got = 0, total = 0;

    ok(CreatePipe(&read_end, &startup.hStdOutput, &inherit, 0), "CreatePipe: %lu", GetLastError());
    SetHandleInformation(read_end, HANDLE_FLAG_INHERIT, 0);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    SetEnvironmentVariableA("DECANT_CONFORMANCE", "value");
    ok(start(&info, &startup, "C:\\windows", "print \"a \\\"b\\\" c\""), "CreateProcess: %lu",
       GetLastError());
    CloseHandle(startup.hStdOutput);
    while (total < sizeof(text) - 1 &&
           ReadFile(read_end, text + total, sizeof(text) - 1 - total, &got, NULL) && got)
        total += got;
    ok(GetLastError() == ERROR_BROKEN_PIPE, "the pipe's end: error %lu", GetLastError());
    ok(!finish(&info), "exit code");
    ok(!_stricmp(text, "a \"b\" c|value|windows"), "it printed \"%s\"", text);
    CloseHandle(read_end);
}

static void test_inherited_objects(void)
{
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    HANDLE ask = CreateEventA(&inherit, FALSE, FALSE, NULL);
    HANDLE answer = CreateEventA(&inherit, FALSE, FALSE, NULL);
    HANDLE mutex = CreateMutexA(&inherit, TRUE, NULL);
    HANDLE semaphore = CreateSemaphoreA(&inherit, 1, 1, NULL);
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, &inherit, PAGE_READWRITE, 0, 4096, NULL);
    volatile LONG *memory = MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 4096);
    PROCESS_INFORMATION info;
    DWORD code;
    int i;

    ok(memory != NULL, "MapViewOfFile: %lu", GetLastError());
    ok(start(&info, &startup, NULL, "shared %llx %llx %llx %llx %llx", (unsigned long long)(ULONG_PTR)ask,
             (unsigned long long)(ULONG_PTR)answer, (unsigned long long)(ULONG_PTR)section,
             (unsigned long long)(ULONG_PTR)mutex, (unsigned long long)(ULONG_PTR)semaphore),
       "CreateProcess: %lu", GetLastError());
    for (i = 0; i < 1000; i++) {
        SetEvent(ask);
        if (WaitForSingleObject(answer, 10000))
            break;
    }
    ok(i == 1000, "the child did not answer in round %d", i);
    ok(*memory == 1000, "the shared memory holds %ld", *memory);
    code = finish(&info);
    ok(code == 0, "the child ended with %lu", code);
    ok(WaitForSingleObject(semaphore, 0) == WAIT_TIMEOUT, "the child took the semaphore's count");
}

/* [D] "Each … inheritable handle in the calling process is inherited": however many there are. */
static void test_many(void)
{
    enum { COUNT = 1500 };
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    static HANDLE events[COUNT];
    PROCESS_INFORMATION info;
    DWORD code;

    for (int i = 0; i < COUNT; i++)
        events[i] = CreateEventA(&inherit, TRUE, FALSE, NULL);
    ok(events[COUNT - 1] != NULL, "CreateEvent: %lu", GetLastError());
    ok(start(&info, &startup, NULL, "many %llx %llx", (unsigned long long)(ULONG_PTR)events[0],
             (unsigned long long)(ULONG_PTR)events[COUNT - 1]), "CreateProcess: %lu", GetLastError());
    code = finish(&info);
    ok(code == 0, "the child ended with %lu", code);
    ok(!WaitForSingleObject(events[0], 0) && !WaitForSingleObject(events[COUNT - 1], 0) &&
           WaitForSingleObject(events[COUNT / 2], 0) == WAIT_TIMEOUT, "which are set");
    for (int i = 0; i < COUNT; i++)
        CloseHandle(events[i]);
}

CONFORMANCE("processes", test_exit_code, test_output, test_inherited_objects, test_many)
