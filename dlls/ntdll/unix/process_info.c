/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtQueryInformationProcess and NtSetInformationProcess. Facts about other processes come from
 * their object and from /proc.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "info.h"
#include "path.h"
#include "remote.h"

#define EPOCH_1601_100NS 116444736000000000ull

static _Atomic ULONG error_mode;
static _Atomic ULONG execute_flags = MEM_EXECUTE_OPTION_DISABLE | MEM_EXECUTE_OPTION_PERMANENT;

/* The fields of /proc/PID/stat or /proc/PID/task/TID/stat after the name, which may hold spaces and parentheses itself: field[0] is the
 * state. Returns how many were read. */
static int read_stat(const char *path, unsigned long long *fields, int room)
{
    char line[1024], *next;
    ssize_t length;
    int fd, count = 1;

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    length = read(fd, line, sizeof(line) - 1);
    close(fd);
    if (length <= 0)
        return 0;
    line[length] = 0;
    next = strrchr(line, ')');
    if (!next || !next[1] || !next[2])
        return 0;
    fields[0] = (unsigned char)next[2];
    for (next += 3; *next && count < room; count++)
        fields[count] = strtoull(next, &next, 10);
    return count;
}

/* When the machine started, since which /proc counts. Found once, and rounded down to a tick of /proc: so the creation
 * time of a process is the same number whenever it is asked for, and never in the future. */
static LONGLONG boot_time_100ns(void)
{
    static _Atomic LONGLONG found;
    const LONGLONG tick = 100000;
    LONGLONG boot = atomic_load(&found);
    struct timespec now, since;

    if (boot)
        return boot;
    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &since);
    boot = (now.tv_sec - since.tv_sec) * 10000000ll + (now.tv_nsec - since.tv_nsec) / 100 +
           (LONGLONG)EPOCH_1601_100NS;
    boot = boot / tick * tick;
    atomic_store(&found, boot);
    return boot;
}

static bool read_times(const char *path, KERNEL_USER_TIMES *times)
{
    unsigned long long fields[24] = {0};
    long hertz = sysconf(_SC_CLK_TCK);

    memset(times, 0, sizeof(*times));
    if (read_stat(path, fields, 24) < 20)
        return false;
    /* proc(5): utime 14, stime 15, starttime 22, counted from 1; the state is number 3. */
    times->UserTime.QuadPart = (LONGLONG)(fields[11] * 10000000 / (unsigned long)hertz);
    times->KernelTime.QuadPart = (LONGLONG)(fields[12] * 10000000 / (unsigned long)hertz);
    times->CreateTime.QuadPart =
        boot_time_100ns() + (LONGLONG)(fields[19] * 10000000 / (unsigned long)hertz);
    return true;
}

void process_thread_times(pid_t pid, pid_t tid, KERNEL_USER_TIMES *times)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
    read_times(path, times);
}

bool process_times(pid_t pid, KERNEL_USER_TIMES *times)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    return read_times(path, times);
}

static NTSTATUS query_times(const struct process_facts *facts, KERNEL_USER_TIMES *times)
{
    if (facts->has_ended)
        *times = facts->times;
    else if (!process_times(facts->pid, times))
        return STATUS_INVALID_CID;
    return STATUS_SUCCESS;
}

static void query_memory(const struct process_facts *facts, VM_COUNTERS_EX *counters)
{
    char path[64], line[256];
    FILE *file;

    memset(counters, 0, sizeof(*counters));
    snprintf(path, sizeof(path), "/proc/%d/status", facts->pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file)) {
        unsigned long kilobytes;

        if (sscanf(line, "VmPeak: %lu", &kilobytes) == 1)
            counters->PeakVirtualSize = kilobytes * 1024;
        else if (sscanf(line, "VmSize: %lu", &kilobytes) == 1)
            counters->VirtualSize = kilobytes * 1024;
        else if (sscanf(line, "VmHWM: %lu", &kilobytes) == 1)
            counters->PeakWorkingSetSize = kilobytes * 1024;
        else if (sscanf(line, "VmRSS: %lu", &kilobytes) == 1)
            counters->WorkingSetSize = kilobytes * 1024;
        else if (sscanf(line, "RssAnon: %lu", &kilobytes) == 1)
            counters->PagefileUsage = counters->PrivateUsage = kilobytes * 1024;
    }
    if (file)
        fclose(file);
    counters->PeakPagefileUsage = counters->PagefileUsage;
}

static NTSTATUS query_affinity(const struct process_facts *facts, ULONG_PTR *mask)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    if (sched_getaffinity(facts->pid, sizeof(set), &set))
        return errno_to_status(errno);
    *mask = 0;
    for (int cpu = 0; cpu < 64; cpu++)
        if (CPU_ISSET(cpu, &set))
            *mask |= (ULONG_PTR)1 << cpu;
    return STATUS_SUCCESS;
}

static NTSTATUS query_basic(const struct process_facts *facts, PROCESS_BASIC_INFORMATION *info)
{
    memset(info, 0, sizeof(*info));
    info->ExitStatus = facts->exit_status;
    info->PebBaseAddress = facts->peb;
    info->UniqueProcessId = (ULONG_PTR)facts->pid;
    info->InheritedFromUniqueProcessId = (ULONG_PTR)facts->parent;
    info->BasePriority = 8;
    query_affinity(facts, &info->AffinityMask);
    return STATUS_SUCCESS;
}

/* The program's file: ours is known; another process runs `decant PROGRAM`, and the server tells its child the
 * same by the command line. */
static char *program_path(const struct process_facts *facts)
{
    char path[64], text[PATH_MAX];
    ssize_t length;
    char *argument;
    int fd;

    if (facts->is_self)
        return strdup(process.program_path);
    snprintf(path, sizeof(path), "/proc/%d/cmdline", facts->pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    length = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (length <= 0)
        return NULL;
    text[length] = 0;
    argument = text + strlen(text) + 1;
    if (argument < text + length && !strcmp(argument, "--"))
        argument += 3;
    return argument < text + length ? strdup(argument) : strdup(text);
}

static NTSTATUS query_image_name(const struct process_facts *facts, bool is_dos, void *buffer,
                                 ULONG length, ULONG *needed)
{
    char *linux_path = program_path(facts);
    WCHAR *dos = linux_path ? path_unix_to_dos(linux_path) : NULL;
    WCHAR *name = dos, *native = NULL;
    NTSTATUS status;

    if (!dos) {
        free(linux_path);
        return STATUS_NO_MEMORY;
    }
    if (!is_dos) {
        /* \Device\HarddiskVolume1\… for C:, …26 for Z:. */
        static const WCHAR device[] = L"\\Device\\HarddiskVolume";
        size_t count = 0, prefix = sizeof(device) / sizeof(WCHAR) - 1;

        while (dos[count])
            count++;
        native = malloc((prefix + count + 4) * sizeof(WCHAR));
        if (native) {
            unsigned number = (unsigned)(dos[0] | 32) - 'a' + 1;
            size_t at = prefix;

            memcpy(native, device, sizeof(device));
            if (number >= 10)
                native[at++] = (WCHAR)('0' + number / 10);
            native[at++] = (WCHAR)('0' + number % 10);
            memcpy(native + at, dos + 2, (count - 1) * sizeof(WCHAR));
            name = native;
        }
    }
    status = answer_string(buffer, length, needed, name);
    free(native);
    free(dos);
    free(linux_path);
    return status;
}

/* Everything that went through read and write calls; zeroes for a process that Linux lets us not see. */
static void query_io(const struct process_facts *facts, IO_COUNTERS *counters)
{
    static const struct {
        const char *format;
        size_t member;
    } lines[] = {{"rchar: %llu", offsetof(IO_COUNTERS, ReadTransferCount)},
                 {"wchar: %llu", offsetof(IO_COUNTERS, WriteTransferCount)},
                 {"syscr: %llu", offsetof(IO_COUNTERS, ReadOperationCount)},
                 {"syscw: %llu", offsetof(IO_COUNTERS, WriteOperationCount)}};
    char path[64], line[256];
    FILE *file;

    memset(counters, 0, sizeof(*counters));
    snprintf(path, sizeof(path), "/proc/%d/io", facts->pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file)) {
        unsigned long long number;

        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
            if (sscanf(line, lines[i].format, &number) == 1)
                memcpy((char *)counters + lines[i].member, &number, sizeof(number));
    }
    if (file)
        fclose(file);
}

static NTSTATUS query_handles(HANDLE handle, ULONG *count)
{
    struct process_object *target;
    NTSTATUS status = remote_target(handle, PROCESS_QUERY_LIMITED_INFORMATION, &target);

    if (status)
        return status;
    if (!target) {
        *count = handle_count();
        return STATUS_SUCCESS;
    }
    status = remote_process_query(target, count);
    object_release(&target->header);
    return status;
}

/* Settings that a process shares with whoever has a handle of it lie in its page (child.h). */
static NTSTATUS with_setting(HANDLE handle, ACCESS_MASK access, size_t member, ULONG *value,
                             bool is_set)
{
    struct process_object *target;
    struct child_page *page;
    NTSTATUS status = handle_get(handle, &process_ops, access, (struct object **)&target);

    if (status)
        return status;
    page = process_object_page(target);
    if (!page)
        status = STATUS_NOT_SUPPORTED;
    else if (is_set)
        atomic_store((_Atomic uint32_t *)((char *)page + member), *value);
    else
        *value = atomic_load((_Atomic uint32_t *)((char *)page + member));
    object_release(&target->header);
    return status;
}

static NTSTATUS query_setting(HANDLE handle, size_t member, ULONG *value)
{
    return with_setting(handle, PROCESS_QUERY_LIMITED_INFORMATION, member, value, false);
}

static NTSTATUS set_setting(HANDLE handle, size_t member, ULONG value)
{
    return with_setting(handle, PROCESS_SET_INFORMATION, member, &value, true);
}

NTSTATUS WINAPI NtQueryInformationProcess(HANDLE handle, PROCESSINFOCLASS class, void *buffer,
                                          ULONG length, ULONG *needed)
{
    struct process_facts facts;
    NTSTATUS status =
        process_get_facts(handle, PROCESS_QUERY_LIMITED_INFORMATION, &facts);
    union {
        PROCESS_BASIC_INFORMATION basic;
        KERNEL_USER_TIMES times;
        VM_COUNTERS_EX memory;
        IO_COUNTERS io;
        PROCESS_PRIORITY_CLASS priority;
        SECTION_IMAGE_INFORMATION image;
        ULONG_PTR pointer;
        ULONG number;
        USHORT groups[1];
    } value;

    if (status)
        return status;
    memset(&value, 0, sizeof(value));
    switch (class) {
    case ProcessBasicInformation:
        query_basic(&facts, &value.basic);
        return answer(buffer, length, needed, &value, sizeof(value.basic));
    case ProcessTimes:
        status = query_times(&facts, &value.times);
        return status ? status : answer(buffer, length, needed, &value, sizeof(value.times));
    case ProcessIoCounters:
        query_io(&facts, &value.io);
        return answer(buffer, length, needed, &value, sizeof(value.io));
    case ProcessVmCounters:
        query_memory(&facts, &value.memory);
        return answer(buffer, length, needed, &value,
                      length == sizeof(VM_COUNTERS) ? sizeof(VM_COUNTERS)
                                                    : sizeof(VM_COUNTERS_EX));
    case ProcessDebugPort:
    case ProcessWow64Information:
        return answer(buffer, length, needed, &value, sizeof(value.pointer));
    case ProcessDebugObjectHandle:
        status = answer(buffer, length, needed, &value, sizeof(value.pointer));
        return status ? status : STATUS_PORT_NOT_SET;
    case ProcessDebugFlags:
        value.number = 1; /* PROCESS_DEBUG_INHERIT clear: not debugged */
        return answer(buffer, length, needed, &value, sizeof(value.number));
    case ProcessDefaultHardErrorMode:
        value.number = error_mode;
        return answer(buffer, length, needed, &value, sizeof(value.number));
    case ProcessPriorityClass:
        if ((status = query_setting(handle, offsetof(struct child_page, priority_class), &value.number)))
            return status;
        value.priority = (PROCESS_PRIORITY_CLASS){
            FALSE, value.number ? (UCHAR)value.number : PROCESS_PRIOCLASS_NORMAL};
        return answer(buffer, length, needed, &value, sizeof(value.priority));
    case ProcessPriorityBoost:
        status = query_setting(handle, offsetof(struct child_page, is_boost_disabled), &value.number);
        return status ? status : answer(buffer, length, needed, &value, sizeof(value.number));
    case ProcessHandleCount:
        status = query_handles(handle, &value.number);
        return status ? status : answer(buffer, length, needed, &value, sizeof(value.number));
    case ProcessAffinityMask:
        status = query_affinity(&facts, &value.pointer);
        return status ? status : answer(buffer, length, needed, &value, sizeof(value.pointer));
    case ProcessGroupInformation:
        return answer(buffer, length, needed, &value, sizeof(value.groups));
    case ProcessSessionInformation:
        value.number = 1; /* the interactive session */
        return answer(buffer, length, needed, &value, sizeof(value.number));
    case ProcessExecuteFlags:
        value.number = execute_flags;
        return answer(buffer, length, needed, &value, sizeof(value.number));
    case ProcessCookie:
        /* Random per process; what matters is that it stays the same. */
        value.number = (ULONG)((uintptr_t)process.peb >> 12) * 2654435761u;
        return answer(buffer, length, needed, &value, sizeof(value.number));
    case ProcessCycleTime: {
        ULONG64 cycles[2];

        if ((status = query_times(&facts, &value.times)))
            return status;
        cycles[0] = (ULONG64)(value.times.UserTime.QuadPart + value.times.KernelTime.QuadPart) * 300;
        cycles[1] = 0;
        return answer(buffer, length, needed, cycles, sizeof(cycles));
    }
    case ProcessImageFileName:
        return query_image_name(&facts, false, buffer, length, needed);
    case ProcessImageFileNameWin32:
        return query_image_name(&facts, true, buffer, length, needed);
    case ProcessImageInformation:
        value.image.Machine = IMAGE_FILE_MACHINE_AMD64;
        value.image.SubSystemType = process.peb->ImageSubSystem;
        value.image.MaximumStackSize = process.default_stack_reserve;
        value.image.CommittedStackSize = process.default_stack_commit;
        return answer(buffer, length, needed, &value, sizeof(value.image));
    default:
        trace(TRACE_PROCESS, "NtQueryInformationProcess: class %u is not implemented", class);
        return STATUS_INVALID_INFO_CLASS;
    }
}

static NTSTATUS set_affinity(const struct process_facts *facts, ULONG_PTR mask)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    for (int cpu = 0; cpu < 64; cpu++)
        if (mask & (ULONG_PTR)1 << cpu)
            CPU_SET(cpu, &set);
    return sched_setaffinity(facts->pid, sizeof(set), &set) ? errno_to_status(errno)
                                                            : STATUS_SUCCESS;
}

/* Exceptions for writes to executable memory, for emulators on ARM64. Programs take success as "this is
 * ARM64" (Wine's test_exec_memory_writes does), so it is refused before anything else is looked at. */
#define PROCESS_MANAGE_WRITES_TO_EXECUTABLE_MEMORY 83

NTSTATUS WINAPI NtSetInformationProcess(HANDLE handle, PROCESSINFOCLASS class, void *buffer,
                                        ULONG length)
{
    struct process_facts facts;
    NTSTATUS status = (int)class == PROCESS_MANAGE_WRITES_TO_EXECUTABLE_MEMORY
                          ? STATUS_NOT_SUPPORTED
                          : process_get_facts(handle, PROCESS_SET_INFORMATION, &facts);
    union {
        PROCESS_PRIORITY_CLASS priority;
        ULONG_PTR pointer;
        ULONG number;
    } value;

    if (status)
        return status;
    switch (class) {
    case ProcessDefaultHardErrorMode:
        if (!(status = take(&value, sizeof(value.number), buffer, length)))
            error_mode = value.number;
        return status;
    case ProcessAffinityMask:
        if (!(status = take(&value, sizeof(value.pointer), buffer, length)))
            status = set_affinity(&facts, value.pointer);
        return status;
    case ProcessPriorityClass:
        /* Linux lets nobody but root raise a priority; what is asked for is remembered. */
        if (!(status = take(&value, sizeof(value.priority), buffer, length)))
            status = value.priority.PriorityClass >= PROCESS_PRIOCLASS_IDLE &&
                             value.priority.PriorityClass <= PROCESS_PRIOCLASS_ABOVE_NORMAL
                         ? set_setting(handle, offsetof(struct child_page, priority_class),
                                       value.priority.PriorityClass)
                         : STATUS_INVALID_PARAMETER;
        return status;
    case ProcessPriorityBoost:
        if (!(status = take(&value, sizeof(value.number), buffer, length)))
            status = set_setting(handle, offsetof(struct child_page, is_boost_disabled),
                                 !!value.number);
        return status;
    case ProcessExecuteFlags:
        if (!(status = take(&value, sizeof(value.number), buffer, length)))
            execute_flags = value.number;
        return status;
    case ProcessPagePriority:
    case ProcessIoPriority:
    case ProcessPowerThrottlingState:
    case ProcessLeapSecondInformation:
        return STATUS_SUCCESS; /* hints; nothing here depends on them */
    default:
        trace(TRACE_PROCESS, "NtSetInformationProcess: class %u is not implemented", class);
        return STATUS_INVALID_INFO_CLASS;
    }
}
