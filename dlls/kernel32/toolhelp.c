/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * tlhelp32.h: snapshots of processes, threads, modules and heaps. A snapshot is a section, as on
 * Windows: its handle can be closed, duplicated and inherited like any other. Its first page says what
 * is where and keeps the walkers' positions.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winbase.h"
#include "winternl.h"
#include "tlhelp32.h"
#define PSAPI_VERSION 2
#include "psapi.h"

#define SNAPSHOT_MAGIC 0x544f4853 /* "SHOT" */
#define MAX_MODULES    4096

#ifndef TH32CS_SNAPMODULE32
#define TH32CS_SNAPMODULE32 0x10 /* 32-bit modules of a 64-bit process: there are none */
#endif

struct table {
    DWORD offset, count, position; /* offset in bytes from the snapshot's start */
};

struct snapshot {
    DWORD magic;
    SIZE_T bytes;
    struct table processes, threads, modules, heaps;
};

static BOOL set_error(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

/* --- Taking one --- */

static SYSTEM_PROCESS_INFORMATION *query_processes(void)
{
    ULONG size = 0x10000, needed = 0;

    for (;;) {
        SYSTEM_PROCESS_INFORMATION *list = HeapAlloc(GetProcessHeap(), 0, size);
        NTSTATUS status;

        if (!list) {
            SetLastError(ERROR_NOT_ENOUGH_MEMORY);
            return NULL;
        }
        status = NtQuerySystemInformation(SystemProcessInformation, list, size, &needed);
        if (!status)
            return list;
        HeapFree(GetProcessHeap(), 0, list);
        if (status != STATUS_INFO_LENGTH_MISMATCH) {
            SetLastError(RtlNtStatusToDosError(status));
            return NULL;
        }
        size = (needed > size ? needed : size) + 0x4000;
    }
}

static SYSTEM_PROCESS_INFORMATION *next_process(SYSTEM_PROCESS_INFORMATION *process)
{
    return process->NextEntryOffset ? (void *)((char *)process + process->NextEntryOffset) : NULL;
}

static void count_tables(SYSTEM_PROCESS_INFORMATION *process, struct snapshot *out)
{
    for (; process; process = next_process(process)) {
        out->processes.count++;
        out->threads.count += process->dwThreadCount;
    }
}

static void fill_processes(SYSTEM_PROCESS_INFORMATION *process, PROCESSENTRY32W *entry)
{
    for (; process; process = next_process(process), entry++) {
        DWORD length = process->ProcessName.Length / sizeof(WCHAR);

        memset(entry, 0, sizeof(*entry));
        entry->dwSize = sizeof(*entry);
        entry->th32ProcessID = (DWORD)(ULONG_PTR)process->UniqueProcessId;
        entry->th32ParentProcessID = (DWORD)(ULONG_PTR)process->ParentProcessId;
        entry->cntThreads = process->dwThreadCount;
        entry->pcPriClassBase = (LONG)process->dwBasePriority;
        if (length >= MAX_PATH)
            length = MAX_PATH - 1;
        memcpy(entry->szExeFile, process->ProcessName.Buffer, length * sizeof(WCHAR));
    }
}

static void fill_threads(SYSTEM_PROCESS_INFORMATION *process, THREADENTRY32 *entry)
{
    for (; process; process = next_process(process)) {
        for (DWORD i = 0; i < process->dwThreadCount; i++, entry++) {
            memset(entry, 0, sizeof(*entry));
            entry->dwSize = sizeof(*entry);
            entry->th32ThreadID = (DWORD)(ULONG_PTR)process->ti[i].ClientId.UniqueThread;
            entry->th32OwnerProcessID = (DWORD)(ULONG_PTR)process->UniqueProcessId;
            entry->tpBasePri = (LONG)process->ti[i].dwBasePriority;
        }
    }
}

static void fill_modules(HANDLE process, DWORD id, const HMODULE *modules, DWORD count,
                         MODULEENTRY32W *entry)
{
    for (DWORD i = 0; i < count; i++, entry++) {
        MODULEINFO info = {0};

        memset(entry, 0, sizeof(*entry));
        entry->dwSize = sizeof(*entry);
        entry->th32ModuleID = 1;
        entry->th32ProcessID = id;
        entry->GlblcntUsage = entry->ProccntUsage = 0xffff;
        K32GetModuleInformation(process, modules[i], &info, sizeof(info));
        entry->modBaseAddr = (BYTE *)modules[i];
        entry->modBaseSize = info.SizeOfImage;
        entry->hModule = modules[i];
        K32GetModuleBaseNameW(process, modules[i], entry->szModule, ARRAYSIZE(entry->szModule));
        K32GetModuleFileNameExW(process, modules[i], entry->szExePath, ARRAYSIZE(entry->szExePath));
    }
}

static DWORD list_modules(DWORD id, HANDLE *process, HMODULE **modules)
{
    DWORD size = MAX_MODULES * sizeof(HMODULE), needed = 0;

    *process = OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, FALSE, id);
    if (!*process)
        return 0;
    *modules = HeapAlloc(GetProcessHeap(), 0, size);
    if (!*modules || !K32EnumProcessModules(*process, *modules, size, &needed))
        return 0;
    return (needed < size ? needed : size) / (DWORD)sizeof(HMODULE);
}

/* Places a table behind `bytes`. */
static void place(struct table *table, SIZE_T *bytes, SIZE_T entry)
{
    table->offset = (DWORD)((*bytes + 15) & ~(SIZE_T)15);
    *bytes = table->offset + table->count * entry;
}

HANDLE WINAPI CreateToolhelp32Snapshot(DWORD flags, DWORD id)
{
    SECURITY_ATTRIBUTES security = {sizeof(security), NULL, !!(flags & TH32CS_INHERIT)};
    struct snapshot plan = {.magic = SNAPSHOT_MAGIC, .bytes = sizeof(plan)}, *snapshot;
    SYSTEM_PROCESS_INFORMATION *list = NULL;
    HANDLE section = NULL, process = NULL;
    HMODULE *modules = NULL;

    if (!id)
        id = GetCurrentProcessId();
    if (flags & (TH32CS_SNAPPROCESS | TH32CS_SNAPTHREAD)) {
        list = query_processes();
        if (!list)
            goto done;
        count_tables(list, &plan);
    }
    if (!(flags & TH32CS_SNAPPROCESS))
        plan.processes.count = 0;
    if (!(flags & TH32CS_SNAPTHREAD))
        plan.threads.count = 0;
    if (flags & (TH32CS_SNAPMODULE | TH32CS_SNAPMODULE32)) {
        plan.modules.count = list_modules(id, &process, &modules);
        if (!plan.modules.count)
            goto done;
    }
    if (flags & TH32CS_SNAPHEAPLIST)
        plan.heaps.count = 1;
    place(&plan.processes, &plan.bytes, sizeof(PROCESSENTRY32W));
    place(&plan.threads, &plan.bytes, sizeof(THREADENTRY32));
    place(&plan.modules, &plan.bytes, sizeof(MODULEENTRY32W));
    place(&plan.heaps, &plan.bytes, sizeof(HEAPLIST32));

    section = CreateFileMappingW(INVALID_HANDLE_VALUE, &security, PAGE_READWRITE, 0,
                                 (DWORD)plan.bytes, NULL);
    if (!section)
        goto done;
    snapshot = MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    if (!snapshot) {
        CloseHandle(section);
        section = NULL;
        goto done;
    }
    *snapshot = plan;
    if (plan.processes.count)
        fill_processes(list, (void *)((char *)snapshot + plan.processes.offset));
    if (plan.threads.count)
        fill_threads(list, (void *)((char *)snapshot + plan.threads.offset));
    if (plan.modules.count)
        fill_modules(process, id, modules, plan.modules.count,
                     (void *)((char *)snapshot + plan.modules.offset));
    if (plan.heaps.count) {
        HEAPLIST32 *heap = (void *)((char *)snapshot + plan.heaps.offset);

        heap->dwSize = sizeof(*heap);
        heap->th32ProcessID = id;
        heap->th32HeapID = (ULONG_PTR)GetProcessHeap();
        heap->dwFlags = HF32_DEFAULT;
    }
    UnmapViewOfFile(snapshot);
done:
    if (modules)
        HeapFree(GetProcessHeap(), 0, modules);
    if (process)
        CloseHandle(process);
    if (list)
        HeapFree(GetProcessHeap(), 0, list);
    return section ? section : INVALID_HANDLE_VALUE;
}

/* --- Walking --- */

/* Copies the next entry of a table, or the first. `which` is the table's place in struct snapshot. */
static BOOL walk(HANDLE handle, size_t which, BOOL restart, void *entry, SIZE_T size)
{
    struct snapshot *snapshot;
    struct table *table;
    BOOL result = FALSE;

    snapshot = MapViewOfFile(handle, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
    if (!snapshot)
        return set_error(ERROR_INVALID_HANDLE);
    table = (struct table *)((char *)snapshot + which);
    if (snapshot->magic != SNAPSHOT_MAGIC) {
        set_error(ERROR_INVALID_HANDLE);
    } else {
        if (restart)
            table->position = 0;
        if (table->position < table->count) {
            memcpy(entry, (char *)snapshot + table->offset + table->position++ * size, size);
            result = TRUE;
        } else {
            set_error(ERROR_NO_MORE_FILES);
        }
    }
    UnmapViewOfFile(snapshot);
    return result;
}

/* Documented: dwSize must be set before First; a structure that is too small is refused. */
#define CHECK_SIZE(entry)                                                                          \
    ((entry)->dwSize >= sizeof(*(entry)) || set_error(ERROR_BAD_LENGTH))

BOOL WINAPI Process32FirstW(HANDLE snapshot, PROCESSENTRY32W *entry)
{
    return CHECK_SIZE(entry) &&
           walk(snapshot, offsetof(struct snapshot, processes), TRUE, entry, sizeof(*entry));
}

BOOL WINAPI Process32NextW(HANDLE snapshot, PROCESSENTRY32W *entry)
{
    return CHECK_SIZE(entry) &&
           walk(snapshot, offsetof(struct snapshot, processes), FALSE, entry, sizeof(*entry));
}

static void process_to_ansi(const PROCESSENTRY32W *wide, PROCESSENTRY32 *entry)
{
    DWORD bytes;

    memcpy(entry, wide, offsetof(PROCESSENTRY32, szExeFile));
    entry->dwSize = sizeof(*entry);
    RtlUnicodeToMultiByteN(entry->szExeFile, MAX_PATH - 1, &bytes, wide->szExeFile,
                           (DWORD)wcslen(wide->szExeFile) * sizeof(WCHAR));
    entry->szExeFile[bytes] = 0;
}

BOOL WINAPI Process32First(HANDLE snapshot, PROCESSENTRY32 *entry)
{
    PROCESSENTRY32W wide = {.dwSize = sizeof(wide)};

    if (!CHECK_SIZE(entry) || !Process32FirstW(snapshot, &wide))
        return FALSE;
    process_to_ansi(&wide, entry);
    return TRUE;
}

BOOL WINAPI Process32Next(HANDLE snapshot, PROCESSENTRY32 *entry)
{
    PROCESSENTRY32W wide = {.dwSize = sizeof(wide)};

    if (!CHECK_SIZE(entry) || !Process32NextW(snapshot, &wide))
        return FALSE;
    process_to_ansi(&wide, entry);
    return TRUE;
}

BOOL WINAPI Thread32First(HANDLE snapshot, THREADENTRY32 *entry)
{
    return CHECK_SIZE(entry) &&
           walk(snapshot, offsetof(struct snapshot, threads), TRUE, entry, sizeof(*entry));
}

BOOL WINAPI Thread32Next(HANDLE snapshot, THREADENTRY32 *entry)
{
    return CHECK_SIZE(entry) &&
           walk(snapshot, offsetof(struct snapshot, threads), FALSE, entry, sizeof(*entry));
}

BOOL WINAPI Module32FirstW(HANDLE snapshot, MODULEENTRY32W *entry)
{
    return CHECK_SIZE(entry) &&
           walk(snapshot, offsetof(struct snapshot, modules), TRUE, entry, sizeof(*entry));
}

BOOL WINAPI Module32NextW(HANDLE snapshot, MODULEENTRY32W *entry)
{
    return CHECK_SIZE(entry) &&
           walk(snapshot, offsetof(struct snapshot, modules), FALSE, entry, sizeof(*entry));
}

static void module_to_ansi(const MODULEENTRY32W *wide, MODULEENTRY32 *entry)
{
    DWORD bytes;

    memcpy(entry, wide, offsetof(MODULEENTRY32, szModule));
    entry->dwSize = sizeof(*entry);
    RtlUnicodeToMultiByteN(entry->szModule, sizeof(entry->szModule) - 1, &bytes, wide->szModule,
                           (DWORD)wcslen(wide->szModule) * sizeof(WCHAR));
    entry->szModule[bytes] = 0;
    RtlUnicodeToMultiByteN(entry->szExePath, sizeof(entry->szExePath) - 1, &bytes, wide->szExePath,
                           (DWORD)wcslen(wide->szExePath) * sizeof(WCHAR));
    entry->szExePath[bytes] = 0;
}

BOOL WINAPI Module32First(HANDLE snapshot, MODULEENTRY32 *entry)
{
    MODULEENTRY32W wide = {.dwSize = sizeof(wide)};

    if (!CHECK_SIZE(entry) || !Module32FirstW(snapshot, &wide))
        return FALSE;
    module_to_ansi(&wide, entry);
    return TRUE;
}

BOOL WINAPI Module32Next(HANDLE snapshot, MODULEENTRY32 *entry)
{
    MODULEENTRY32W wide = {.dwSize = sizeof(wide)};

    if (!CHECK_SIZE(entry) || !Module32NextW(snapshot, &wide))
        return FALSE;
    module_to_ansi(&wide, entry);
    return TRUE;
}

BOOL WINAPI Heap32ListFirst(HANDLE snapshot, HEAPLIST32 *entry)
{
    return CHECK_SIZE(entry) &&
           walk(snapshot, offsetof(struct snapshot, heaps), TRUE, entry, sizeof(*entry));
}

BOOL WINAPI Heap32ListNext(HANDLE snapshot, HEAPLIST32 *entry)
{
    return CHECK_SIZE(entry) &&
           walk(snapshot, offsetof(struct snapshot, heaps), FALSE, entry, sizeof(*entry));
}

/* A heap's blocks are not told. */
BOOL WINAPI Heap32First(HEAPENTRY32 *entry, DWORD process, ULONG_PTR heap)
{
    (void)entry, (void)process, (void)heap;
    return set_error(ERROR_NOT_SUPPORTED);
}

BOOL WINAPI Heap32Next(HEAPENTRY32 *entry)
{
    (void)entry;
    return set_error(ERROR_NO_MORE_FILES);
}

BOOL WINAPI Toolhelp32ReadProcessMemory(DWORD id, LPCVOID address, LPVOID buffer, SIZE_T size,
                                        SIZE_T *done)
{
    HANDLE process = id ? OpenProcess(PROCESS_VM_READ, FALSE, id) : GetCurrentProcess();
    BOOL result;

    if (!process)
        return FALSE;
    result = ReadProcessMemory(process, address, buffer, size, done);
    if (id)
        CloseHandle(process);
    return result;
}
