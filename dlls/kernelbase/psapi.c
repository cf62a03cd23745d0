/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * psapi.h, version 2 (K32…): processes, their modules and memory. Another process's modules are read out of
 * its loader's lists with ReadProcessMemory, as on Windows.
 */
#include "kernelbase.h"

#define PSAPI_VERSION 2
#include "psapi.h"

/* Wine 8's psapi.h lacks these. */
#define LIST_MODULES_DEFAULT 0
#define LIST_MODULES_ALL     3
struct process_memory_counters_ex {
    PROCESS_MEMORY_COUNTERS basic;
    SIZE_T private_usage;
};

/* Far more than any program loads: ends a walk of a list that is being changed meanwhile. */
#define MAX_MODULES 4096

/* --- Walking another process's modules --- */

struct module_walk {
    HANDLE process;
    LIST_ENTRY *head, *next; /* in the process */
    ULONG count;
    LDR_DATA_TABLE_ENTRY entry;
};

static BOOL walk_start(struct module_walk *walk, HANDLE process)
{
    PROCESS_BASIC_INFORMATION basic;
    PEB_LDR_DATA *loader;

    if (!check_status(NtQueryInformationProcess(process, ProcessBasicInformation, &basic,
                                                sizeof(basic), NULL)))
        return FALSE;
    if (!ReadProcessMemory(process, &basic.PebBaseAddress->LdrData, &loader, sizeof(loader), NULL))
        return FALSE;
    /* A process that has only just been made. */
    if (!loader)
        return set_error(ERROR_PARTIAL_COPY);
    walk->process = process;
    walk->count = 0;
    walk->head = &loader->InLoadOrderModuleList;
    return ReadProcessMemory(process, &walk->head->Flink, &walk->next, sizeof(walk->next), NULL);
}

/* The next module in walk->entry. *found is FALSE at the end; the result is FALSE for an error. */
static BOOL walk_next(struct module_walk *walk, BOOL *found)
{
    *found = FALSE;
    if (walk->next == walk->head || walk->count++ == MAX_MODULES)
        return TRUE;
    if (!ReadProcessMemory(walk->process,
                           CONTAINING_RECORD(walk->next, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks),
                           &walk->entry, sizeof(walk->entry), NULL))
        return FALSE;
    walk->next = walk->entry.InLoadOrderLinks.Flink;
    *found = TRUE;
    return TRUE;
}

static BOOL find_module(HANDLE process, HMODULE module, struct module_walk *walk)
{
    BOOL found;

    if (!walk_start(walk, process))
        return FALSE;
    for (;;) {
        if (!walk_next(walk, &found))
            return FALSE;
        if (!found)
            return set_error(ERROR_INVALID_HANDLE);
        if (!module || walk->entry.DllBase == module)
            return TRUE;
    }
}

BOOL WINAPI K32EnumProcessModulesEx(HANDLE process, HMODULE *modules, DWORD size, DWORD *needed,
                                    DWORD filter)
{
    struct module_walk walk;
    DWORD count = 0;
    BOOL found;

    if (filter & ~(DWORD)LIST_MODULES_ALL)
        return set_error(ERROR_INVALID_PARAMETER);
    if (!walk_start(&walk, process))
        return FALSE;
    for (;; count++) {
        if (!walk_next(&walk, &found))
            return FALSE;
        if (!found)
            break;
        if (count < size / sizeof(*modules))
            modules[count] = walk.entry.DllBase;
    }
    if (!needed)
        return set_error(ERROR_NOACCESS);
    *needed = count * (DWORD)sizeof(*modules);
    return TRUE;
}

BOOL WINAPI K32EnumProcessModules(HANDLE process, HMODULE *modules, DWORD size, DWORD *needed)
{
    return K32EnumProcessModulesEx(process, modules, size, needed, LIST_MODULES_DEFAULT);
}

BOOL WINAPI K32GetModuleInformation(HANDLE process, HMODULE module, MODULEINFO *info, DWORD size)
{
    struct module_walk walk;

    if (size < sizeof(*info))
        return set_error(ERROR_INSUFFICIENT_BUFFER);
    if (!find_module(process, module, &walk))
        return FALSE;
    info->lpBaseOfDll = walk.entry.DllBase;
    info->SizeOfImage = walk.entry.SizeOfImage;
    info->EntryPoint = walk.entry.EntryPoint;
    return TRUE;
}

/* The name is cut to fit, always with a NUL; the result is the length without it. */
static DWORD remote_name(HANDLE process, const UNICODE_STRING *name, WCHAR *buffer, DWORD room)
{
    DWORD length = name->Length / sizeof(WCHAR);

    if (!room) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    if (length >= room) {
        length = room - 1;
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
    }
    if (!ReadProcessMemory(process, name->Buffer, buffer, length * sizeof(WCHAR), NULL))
        return 0;
    buffer[length] = 0;
    return length;
}

DWORD WINAPI K32GetModuleBaseNameW(HANDLE process, HMODULE module, LPWSTR name, DWORD room)
{
    struct module_walk walk;

    return find_module(process, module, &walk)
               ? remote_name(process, &walk.entry.BaseDllName, name, room)
               : 0;
}

DWORD WINAPI K32GetModuleFileNameExW(HANDLE process, HMODULE module, LPWSTR name, DWORD room)
{
    struct module_walk walk;

    return find_module(process, module, &walk)
               ? remote_name(process, &walk.entry.FullDllName, name, room)
               : 0;
}

static DWORD name_to_ansi(const WCHAR *wide, DWORD length, char *name, DWORD room)
{
    DWORD bytes;

    if (!length || !room)
        return 0;
    RtlUnicodeToMultiByteN(name, room, &bytes, wide, length * sizeof(WCHAR));
    if (bytes == room) {
        bytes--;
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
    }
    name[bytes] = 0;
    return bytes;
}

DWORD WINAPI K32GetModuleBaseNameA(HANDLE process, HMODULE module, LPSTR name, DWORD room)
{
    WCHAR wide[MAX_PATH];

    return name_to_ansi(wide, K32GetModuleBaseNameW(process, module, wide, ARRAY_COUNT(wide)), name,
                        room);
}

DWORD WINAPI K32GetModuleFileNameExA(HANDLE process, HMODULE module, LPSTR name, DWORD room)
{
    WCHAR wide[1024];

    return name_to_ansi(wide, K32GetModuleFileNameExW(process, module, wide, ARRAY_COUNT(wide)), name,
                        room);
}

/* --- Processes --- */

/* SystemProcessInformation in memory of the process heap. */
static SYSTEM_PROCESS_INFORMATION *query_processes(void)
{
    ULONG size = 0x10000, needed = 0;

    for (;;) {
        SYSTEM_PROCESS_INFORMATION *list = RtlAllocateHeap(process_heap(), 0, size);
        NTSTATUS status;

        if (!list) {
            SetLastError(ERROR_NOT_ENOUGH_MEMORY);
            return NULL;
        }
        status = NtQuerySystemInformation(SystemProcessInformation, list, size, &needed);
        if (!status)
            return list;
        RtlFreeHeap(process_heap(), 0, list);
        if (status != STATUS_INFO_LENGTH_MISMATCH) {
            check_status(status);
            return NULL;
        }
        /* Room for processes that start in between. */
        size = (needed > size ? needed : size) + 0x4000;
    }
}

BOOL WINAPI K32EnumProcesses(DWORD *ids, DWORD size, DWORD *used)
{
    SYSTEM_PROCESS_INFORMATION *list = query_processes(), *process = list;
    DWORD count = 0;

    if (!list)
        return FALSE;
    for (;;) {
        if (count < size / sizeof(*ids))
            ids[count++] = (DWORD)(ULONG_PTR)process->UniqueProcessId;
        if (!process->NextEntryOffset)
            break;
        process = (void *)((char *)process + process->NextEntryOffset);
    }
    RtlFreeHeap(process_heap(), 0, list);
    *used = count * (DWORD)sizeof(*ids);
    return TRUE;
}

BOOL WINAPI K32GetProcessMemoryInfo(HANDLE process, PPROCESS_MEMORY_COUNTERS counters, DWORD size)
{
    VM_COUNTERS_EX info;

    if (size < sizeof(*counters))
        return set_error(ERROR_INSUFFICIENT_BUFFER);
    if (!check_status(NtQueryInformationProcess(process, ProcessVmCounters, &info, sizeof(info), NULL)))
        return FALSE;
    counters->cb = sizeof(*counters);
    counters->PageFaultCount = info.PageFaultCount;
    counters->PeakWorkingSetSize = info.PeakWorkingSetSize;
    counters->WorkingSetSize = info.WorkingSetSize;
    counters->QuotaPeakPagedPoolUsage = info.QuotaPeakPagedPoolUsage;
    counters->QuotaPagedPoolUsage = info.QuotaPagedPoolUsage;
    counters->QuotaPeakNonPagedPoolUsage = info.QuotaPeakNonPagedPoolUsage;
    counters->QuotaNonPagedPoolUsage = info.QuotaNonPagedPoolUsage;
    counters->PagefileUsage = info.PagefileUsage;
    counters->PeakPagefileUsage = info.PeakPagefileUsage;
    if (size >= sizeof(struct process_memory_counters_ex)) {
        counters->cb = sizeof(struct process_memory_counters_ex);
        ((struct process_memory_counters_ex *)counters)->private_usage = info.PagefileUsage;
    }
    return TRUE;
}

BOOL WINAPI K32GetPerformanceInfo(PPERFORMANCE_INFORMATION info, DWORD size)
{
    SYSTEM_BASIC_INFORMATION basic;
    SYSTEM_PERFORMANCE_INFORMATION performance;
    SYSTEM_PROCESS_INFORMATION *list, *process;
    NTSTATUS status;

    if (size < sizeof(*info))
        return set_error(ERROR_BAD_LENGTH);
    status = NtQuerySystemInformation(SystemBasicInformation, &basic, sizeof(basic), NULL);
    if (!status)
        status = NtQuerySystemInformation(SystemPerformanceInformation, &performance,
                                          sizeof(performance), NULL);
    if (!check_status(status))
        return FALSE;
    list = process = query_processes();
    if (!list)
        return FALSE;
    memset(info, 0, sizeof(*info));
    info->cb = sizeof(*info);
    info->CommitTotal = performance.TotalCommittedPages;
    info->CommitLimit = performance.TotalCommitLimit;
    info->CommitPeak = performance.PeakCommitment;
    info->PhysicalTotal = basic.MmNumberOfPhysicalPages;
    info->PhysicalAvailable = performance.AvailablePages;
    info->KernelPaged = performance.PagedPoolUsage;
    info->KernelNonpaged = performance.NonPagedPoolUsage;
    info->KernelTotal = info->KernelPaged + info->KernelNonpaged;
    info->PageSize = basic.PageSize;
    for (;;) {
        info->ProcessCount++;
        info->ThreadCount += process->dwThreadCount;
        info->HandleCount += process->HandleCount;
        if (!process->NextEntryOffset)
            break;
        process = (void *)((char *)process + process->NextEntryOffset);
    }
    RtlFreeHeap(process_heap(), 0, list);
    return TRUE;
}

/* The image's path in NT's manner (\Device\HarddiskVolume…). */
DWORD WINAPI K32GetProcessImageFileNameW(HANDLE process, LPWSTR name, DWORD room)
{
    union {
        UNICODE_STRING string;
        WCHAR room[1024];
    } info;
    DWORD length;

    if (!check_status(NtQueryInformationProcess(process, ProcessImageFileName, &info, sizeof(info),
                                                NULL)))
        return 0;
    length = info.string.Length / sizeof(WCHAR);
    if (length >= room) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    memcpy(name, info.string.Buffer, length * sizeof(WCHAR));
    name[length] = 0;
    return length;
}

DWORD WINAPI K32GetProcessImageFileNameA(HANDLE process, LPSTR name, DWORD room)
{
    WCHAR wide[1024];
    DWORD length = K32GetProcessImageFileNameW(process, wide, ARRAY_COUNT(wide));

    if (length && length >= room) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    return name_to_ansi(wide, length, name, room);
}

/* --- Memory --- */

DWORD WINAPI K32GetMappedFileNameW(HANDLE process, LPVOID address, LPWSTR name, DWORD room)
{
    union {
        MEMORY_SECTION_NAME name;
        WCHAR room[1024];
    } info;
    DWORD length;

    if (!check_status(NtQueryVirtualMemory(process, address, MemoryMappedFilenameInformation, &info,
                                           sizeof(info), NULL)))
        return 0;
    length = info.name.SectionFileName.Length / sizeof(WCHAR);
    if (!room) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    if (length >= room) {
        length = room - 1;
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
    }
    memcpy(name, info.name.SectionFileName.Buffer, length * sizeof(WCHAR));
    name[length] = 0;
    return length;
}

DWORD WINAPI K32GetMappedFileNameA(HANDLE process, LPVOID address, LPSTR name, DWORD room)
{
    WCHAR wide[1024];

    return name_to_ansi(wide, K32GetMappedFileNameW(process, address, wide, ARRAY_COUNT(wide)), name,
                        room);
}

BOOL WINAPI K32QueryWorkingSetEx(HANDLE process, LPVOID buffer, DWORD size)
{
    return check_status(NtQueryVirtualMemory(process, NULL, MemoryWorkingSetExInformation, buffer,
                                             size, NULL));
}

BOOL WINAPI K32QueryWorkingSet(HANDLE process, LPVOID buffer, DWORD size)
{
    return check_status(NtQueryVirtualMemory(process, NULL, MemoryWorkingSetInformation, buffer,
                                             size, NULL));
}

/* A hint: Linux decides which pages stay. */
BOOL WINAPI K32EmptyWorkingSet(HANDLE process)
{
    PROCESS_BASIC_INFORMATION basic;

    return check_status(NtQueryInformationProcess(process, ProcessBasicInformation, &basic,
                                                  sizeof(basic), NULL));
}

BOOL WINAPI K32InitializeProcessForWsWatch(HANDLE process)
{
    (void)process;
    return set_error(ERROR_NOT_SUPPORTED);
}

BOOL WINAPI K32GetWsChanges(HANDLE process, PPSAPI_WS_WATCH_INFORMATION info, DWORD size)
{
    (void)process, (void)info, (void)size;
    return set_error(ERROR_NOT_SUPPORTED);
}

/* --- Drivers: none to be seen, as for an unprivileged caller of today's Windows --- */

BOOL WINAPI K32EnumDeviceDrivers(void **bases, DWORD size, DWORD *needed)
{
    (void)bases, (void)size;
    if (!needed)
        return set_error(ERROR_INVALID_PARAMETER);
    *needed = 0;
    return TRUE;
}

DWORD WINAPI K32GetDeviceDriverBaseNameW(void *base, LPWSTR name, DWORD room)
{
    (void)base, (void)name, (void)room;
    SetLastError(ERROR_INVALID_HANDLE);
    return 0;
}

DWORD WINAPI K32GetDeviceDriverFileNameW(void *base, LPWSTR name, DWORD room)
{
    (void)base, (void)name, (void)room;
    SetLastError(ERROR_INVALID_HANDLE);
    return 0;
}
