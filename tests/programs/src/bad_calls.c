/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Calls the native system calls with random arguments: bad pointers, wrong handles, nonsense. Windows' kernel
 * answers each with a status; what must not happen is an end of the process. argv[1]: the seed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define ROUNDS    150
#define ARGUMENTS 12

typedef LONG(WINAPI *native_call)(ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR,
                                  ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR);

/* By their nature they end, stop, replace or overwrite something of the program's, or wait for ever. */
static const char *const excluded[] = {
    "NtAssignProcessToJobObject", "NtClose", "NtContinue", "NtCreateThreadEx",
    "NtCreateUserProcess", "NtCurrentTeb", "NtDelayExecution", "NtDuplicateObject",
    "NtFreeVirtualMemory", "NtFsControlFile", "NtMakeTemporaryObject", "NtProtectVirtualMemory",
    "NtQueueApcThread", "NtRaiseException", "NtRaiseHardError", "NtReleaseKeyedEvent",
    "NtRemoveIoCompletion", "NtRemoveIoCompletionEx", "NtSetContextThread",
    "NtSetInformationJobObject", "NtSetInformationProcess", "NtShutdownSystem",
    "NtSignalAndWaitForSingleObject", "NtSuspendProcess", "NtSuspendThread",
    "NtTerminateJobObject", "NtTerminateProcess", "NtTerminateThread", "NtTestAlert",
    "NtUnmapViewOfSection", "NtUnmapViewOfSectionEx", "NtWaitForAlertByThreadId",
    "NtWaitForKeyedEvent", "NtWaitForMultipleObjects", "NtWaitForSingleObject",
    "NtWriteVirtualMemory",
};

static BOOL is_excluded(const char *name)
{
    for (size_t i = 0; i < sizeof(excluded) / sizeof(excluded[0]); i++)
        if (!strcmp(name, excluded[i]))
            return TRUE;
    return FALSE;
}

static unsigned long long state;

static unsigned next(unsigned limit)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(state >> 33) % limit;
}

static HANDLE handles[6];
static BYTE *page; /* one page to use, and one without access behind it */

static ULONG_PTR argument(void)
{
    const ULONG_PTR values[] = {
        0, 1, 8, 64, 0x1000, next(100), 0x7fffffff, 0xdeadbeef, (ULONG_PTR)-1,
        /* pointers: bad ones, Windows' shared page, good ones, one that ends inside the value */
        0x10, 0xffff800000000000, 0x8000000000000000, 0x7ffe0000, (ULONG_PTR)page,
        (ULONG_PTR)page + 1, (ULONG_PTR)page + 4090, (ULONG_PTR)page + 4096,
        (ULONG_PTR)handles[next(6)], (ULONG_PTR)handles[next(6)],
    };

    return values[next(sizeof(values) / sizeof(values[0]))];
}

int main(int argc, char **argv)
{
    BYTE *ntdll = (BYTE *)GetModuleHandleA("ntdll.dll");
    const IMAGE_NT_HEADERS *nt = (void *)(ntdll + ((IMAGE_DOS_HEADER *)ntdll)->e_lfanew);
    const IMAGE_EXPORT_DIRECTORY *exports =
        (void *)(ntdll + nt->OptionalHeader.DataDirectory[0].VirtualAddress);
    const DWORD *names = (void *)(ntdll + exports->AddressOfNames);
    DWORD count = 0, old;

    state = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    page = VirtualAlloc(NULL, 8192, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    VirtualProtect(page + 4096, 4096, PAGE_NOACCESS, &old);
    handles[0] = CreateEventA(NULL, TRUE, TRUE, NULL);
    handles[1] = CreateFileA("NUL", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    handles[2] = CreateSemaphoreA(NULL, 1, 5, NULL);
    handles[3] = CreateWaitableTimerA(NULL, TRUE, NULL);
    handles[4] = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 65536, NULL);
    handles[5] = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    for (DWORD i = 0; i < exports->NumberOfNames; i++) {
        const char *name = (const char *)ntdll + names[i];
        native_call call;

        if (strncmp(name, "Nt", 2) || name[2] < 'A' || name[2] > 'Z' || is_excluded(name))
            continue;
        printf("%s\n", name); /* the last one is the culprit */
        fflush(stdout);
        call = (native_call)(void *)GetProcAddress((HMODULE)ntdll, name);
        for (int round = 0; round < ROUNDS; round++) {
            ULONG_PTR a[ARGUMENTS];

            memset(page, round & 1 ? 0xcc : 0, 4096);
            for (int k = 0; k < ARGUMENTS; k++)
                a[k] = argument();
            if (!next(3))
                a[0] = (ULONG_PTR)handles[next(6)];
            call(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]);
        }
        count++;
    }
    printf("survived %lu calls\n", count);
    fflush(stdout);
    ExitProcess(count > 100 ? 0 : 1);
}
