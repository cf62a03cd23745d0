/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtQueryInformationThread and NtSetInformationThread.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "info.h"
#include "process_object.h"
#include "remote.h"
#include "thread.h"

#define TLS_EXPANSION_CELLS 1024

static pthread_mutex_t settings_lock = PTHREAD_MUTEX_INITIALIZER;

static NTSTATUS get_settings(HANDLE handle, struct thread_settings *out)
{
    struct thread_object *object;
    NTSTATUS status =
        handle_get(handle, &thread_ops, THREAD_QUERY_LIMITED_INFORMATION, (struct object **)&object);

    if (status)
        return status;
    pthread_mutex_lock(&settings_lock);
    *out = object->settings;
    out->description = NULL;
    pthread_mutex_unlock(&settings_lock);
    object_release(&object->header);
    return STATUS_SUCCESS;
}

/* Sets one of them; returns a status, or the previous value by `previous`. */
static NTSTATUS set_setting(HANDLE handle, size_t member, LONG value, LONG *previous)
{
    struct thread_object *object;
    NTSTATUS status =
        handle_get(handle, &thread_ops, THREAD_SET_LIMITED_INFORMATION, (struct object **)&object);
    LONG *setting;

    if (status)
        return status;
    setting = (LONG *)((char *)&object->settings + member);
    pthread_mutex_lock(&settings_lock);
    *previous = *setting;
    *setting = value;
    pthread_mutex_unlock(&settings_lock);
    object_release(&object->header);
    return STATUS_SUCCESS;
}

static NTSTATUS query_description(HANDLE handle, void *buffer, ULONG length, ULONG *needed)
{
    struct thread_object *object;
    WCHAR *copy = NULL;
    NTSTATUS status =
        handle_get(handle, &thread_ops, THREAD_QUERY_LIMITED_INFORMATION, (struct object **)&object);

    if (status)
        return status;
    pthread_mutex_lock(&settings_lock);
    if (object->settings.description) {
        size_t count = 0;

        while (object->settings.description[count++])
            ;
        copy = malloc(count * sizeof(WCHAR));
        if (copy)
            memcpy(copy, object->settings.description, count * sizeof(WCHAR));
        else
            status = STATUS_NO_MEMORY;
    }
    pthread_mutex_unlock(&settings_lock);
    object_release(&object->header);
    if (!status)
        status = answer_string(buffer, length, needed, copy);
    free(copy);
    return status == STATUS_INFO_LENGTH_MISMATCH ? STATUS_BUFFER_TOO_SMALL : status;
}

static NTSTATUS set_description(HANDLE handle, const UNICODE_STRING *string)
{
    struct thread_object *object;
    WCHAR *text, *old;
    NTSTATUS status =
        handle_get(handle, &thread_ops, THREAD_SET_LIMITED_INFORMATION, (struct object **)&object);

    if (status)
        return status;
    text = calloc(string->Length / sizeof(WCHAR) + 1, sizeof(WCHAR));
    if (!text)
        status = STATUS_NO_MEMORY;
    else if (!(status = guest_copy_in(text, string->Buffer, string->Length))) {
        pthread_mutex_lock(&settings_lock);
        old = object->settings.description;
        object->settings.description = text;
        pthread_mutex_unlock(&settings_lock);
        text = old;
    }
    free(text);
    object_release(&object->header);
    return status;
}

static NTSTATUS query_affinity(const struct thread_facts *facts, ULONG_PTR *mask)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    if (sched_getaffinity(facts->tid, sizeof(set), &set))
        return errno_to_status(errno);
    *mask = 0;
    for (int cpu = 0; cpu < 64; cpu++)
        if (CPU_ISSET(cpu, &set))
            *mask |= (ULONG_PTR)1 << cpu;
    return STATUS_SUCCESS;
}

/* The calling thread's time so far. */
static void thread_own_times(KERNEL_USER_TIMES *times)
{
    struct rusage usage;

    if (getrusage(RUSAGE_THREAD, &usage))
        return;
    times->KernelTime.QuadPart = usage.ru_stime.tv_sec * 10000000ll + usage.ru_stime.tv_usec * 10;
    times->UserTime.QuadPart = usage.ru_utime.tv_sec * 10000000ll + usage.ru_utime.tv_usec * 10;
}

/* Linux tells the split of user and kernel time to a thread itself only; of another thread that lives, all counts
 * as user time. That clock's number is made from the thread's id (clock_getcpuclockid(3)). */
void thread_object_times(const struct thread_object *object, KERNEL_USER_TIMES *times)
{
    struct timespec used;

    *times = object->times;
    if (object->thread == current_thread)
        thread_own_times(times);
    else if (object->thread &&
             !clock_gettime((clockid_t)((~(unsigned)object->thread->tid << 3) | 6), &used))
        times->UserTime.QuadPart = used.tv_sec * 10000000ll + used.tv_nsec / 100;
    else if (object->process)
        process_thread_times(object->pid, object->tid, times);
}

static NTSTATUS query_suspend_count(HANDLE handle, const struct thread_facts *facts, ULONG *count)
{
    struct thread_object *object;
    NTSTATUS status;

    if (facts->is_local) {
        *count = thread_suspend_count(facts->tid);
        return STATUS_SUCCESS;
    }
    status = handle_get(handle, &thread_ops, 0, (struct object **)&object);
    if (status)
        return status;
    status = remote_thread_query(object, count);
    object_release(&object->header);
    return status;
}

NTSTATUS WINAPI NtQueryInformationThread(HANDLE handle, THREADINFOCLASS class, void *buffer,
                                         ULONG length, ULONG *needed)
{
    struct thread_facts facts;
    struct thread_settings settings;
    NTSTATUS status = thread_get_facts(handle, THREAD_QUERY_LIMITED_INFORMATION, &facts);
    union {
        THREAD_BASIC_INFORMATION basic;
        GROUP_AFFINITY group;
        PROCESSOR_NUMBER processor;
        ULONG_PTR pointer;
        ULONG number;
        BOOLEAN flag;
    } value;

    if (status)
        return status;
    status = get_settings(handle, &settings);
    if (status)
        return status;
    memset(&value, 0, sizeof(value));
    switch ((int)class) {
    case ThreadBasicInformation:
        value.basic.ExitStatus = facts.exit_status;
        value.basic.TebBaseAddress = facts.teb;
        value.basic.ClientId.UniqueProcess = ULongToHandle((ULONG)facts.pid);
        value.basic.ClientId.UniqueThread = ULongToHandle((ULONG)facts.tid);
        value.basic.BasePriority = settings.priority;
        query_affinity(&facts, &value.basic.AffinityMask);
        return answer(buffer, length, needed, &value, sizeof(value.basic));
    case ThreadTimes:
        return answer(buffer, length, needed, &facts.times, sizeof(facts.times));
    case ThreadCycleTime: {
        ULONG64 cycles[2] = {0};

        cycles[0] = (ULONG64)(facts.times.UserTime.QuadPart + facts.times.KernelTime.QuadPart) * 300;
        return answer(buffer, length, needed, cycles, sizeof(cycles));
    }
    case ThreadAffinityMask:
        status = query_affinity(&facts, &value.pointer);
        return status ? status : answer(buffer, length, needed, &value, sizeof(value.pointer));
    case ThreadGroupInformation: {
        ULONG_PTR mask = 0;

        query_affinity(&facts, &mask);
        value.group.Mask = mask;
        return answer(buffer, length, needed, &value, sizeof(value.group));
    }
    case ThreadIdealProcessorEx:
        value.processor.Number = (BYTE)settings.ideal_processor;
        return answer(buffer, length, needed, &value, sizeof(value.processor));
    case ThreadAmILastThread:
        value.number = thread_is_last();
        return answer(buffer, length, needed, &value, sizeof(value.number));
    case ThreadQuerySetWin32StartAddress:
        value.pointer = (ULONG_PTR)facts.start;
        return answer(buffer, length, needed, &value, sizeof(value.pointer));
    case ThreadPriorityBoost:
        value.number = settings.is_boost_disabled;
        return answer(buffer, length, needed, &value, sizeof(value.number));
    case ThreadIsIoPending:
        return answer(buffer, length, needed, &value, sizeof(value.number));
    case ThreadSuspendCount:
        status = query_suspend_count(handle, &facts, &value.number);
        if (status)
            return status;
        return answer(buffer, length, needed, &value, sizeof(value.number));
    case ThreadIsTerminated:
        value.number = facts.has_ended;
        return answer(buffer, length, needed, &value, sizeof(value.number));
    case ThreadHideFromDebugger:
    case ThreadBreakOnTermination:
        return answer(buffer, length, needed, &value, sizeof(value.flag));
    case ThreadNameInformation:
        return query_description(handle, buffer, length, needed);
    default:
        trace(TRACE_THREAD, "NtQueryInformationThread: class %u is not implemented", class);
        return STATUS_INVALID_INFO_CLASS;
    }
}

/* Relative to the process's; beyond are the two that go to the end of the class's range. */
static bool is_priority(LONG value)
{
    return (value >= -2 && value <= 2) || value == THREAD_BASE_PRIORITY_LOWRT + 1 ||
           value == THREAD_BASE_PRIORITY_IDLE - 1;
}

/* The answer is the previous one, no status. MAXIMUM_PROCESSORS only asks. */
static NTSTATUS set_ideal_processor(HANDLE handle, ULONG processor)
{
    struct thread_settings settings;
    LONG previous;
    NTSTATUS status;

    if (processor == MAXIMUM_PROCESSORS) {
        status = get_settings(handle, &settings);
        return status ? status : (NTSTATUS)settings.ideal_processor;
    }
    if (processor >= process.peb->NumberOfProcessors)
        return STATUS_INVALID_PARAMETER;
    status = set_setting(handle, offsetof(struct thread_settings, ideal_processor), (LONG)processor,
                         &previous);
    return status ? status : previous;
}

/* A program may have broken its TEB; that harms itself only. */
static void zero_cell_of(TEB *teb, ULONG index)
{
    if (!guest_try())
        return;
    if (index < TLS_MINIMUM_AVAILABLE)
        teb->TlsSlots[index] = NULL;
    else if (teb->TlsExpansionSlots)
        teb->TlsExpansionSlots[index - TLS_MINIMUM_AVAILABLE] = NULL;
    guest_end();
}

/* A slot that is freed is emptied in all threads, so that who gets it next finds 0 in each. */
static NTSTATUS zero_tls_cell(ULONG index)
{
    if (index >= TLS_MINIMUM_AVAILABLE + TLS_EXPANSION_CELLS)
        return STATUS_INVALID_PARAMETER;
    process_lock_threads();
    for (struct thread *thread = process.threads; thread; thread = thread->next)
        zero_cell_of(thread->teb, index);
    process_unlock_threads();
    return STATUS_SUCCESS;
}

static NTSTATUS set_affinity(const struct thread_facts *facts, ULONG_PTR mask)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    for (int cpu = 0; cpu < 64; cpu++)
        if (mask & (ULONG_PTR)1 << cpu)
            CPU_SET(cpu, &set);
    return sched_setaffinity(facts->tid, sizeof(set), &set) ? errno_to_status(errno)
                                                            : STATUS_SUCCESS;
}

NTSTATUS WINAPI NtSetInformationThread(HANDLE handle, THREADINFOCLASS class, const void *buffer,
                                       ULONG length)
{
    struct thread_facts facts;
    NTSTATUS status = thread_get_facts(handle, THREAD_SET_LIMITED_INFORMATION, &facts);
    union {
        GROUP_AFFINITY group;
        UNICODE_STRING string;
        PROCESSOR_NUMBER processor;
        ULONG_PTR pointer;
        LONG number;
    } value;
    LONG previous;

    if (status)
        return status;
    switch ((int)class) {
    case ThreadAffinityMask:
        if (!(status = take(&value, sizeof(value.pointer), buffer, length)))
            status = value.pointer ? set_affinity(&facts, value.pointer) : STATUS_INVALID_PARAMETER;
        return status;
    case ThreadGroupInformation:
        if (!(status = take(&value, sizeof(value.group), buffer, length)))
            status = value.group.Group ? STATUS_INVALID_PARAMETER
                                       : set_affinity(&facts, value.group.Mask);
        return status;
    case ThreadNameInformation:
        if (!(status = take(&value, sizeof(value.string), buffer, length)))
            status = set_description(handle, &value.string);
        return status;
    case ThreadBasePriority:
        if ((status = take(&value, sizeof(value.number), buffer, length)))
            return status;
        if (!is_priority(value.number))
            return STATUS_INVALID_PARAMETER;
        return set_setting(handle, offsetof(struct thread_settings, priority), value.number,
                           &previous);
    case ThreadPriorityBoost:
        if ((status = take(&value, sizeof(value.number), buffer, length)))
            return status;
        return set_setting(handle, offsetof(struct thread_settings, is_boost_disabled),
                           value.number != 0, &previous);
    case ThreadIdealProcessor:
        if ((status = take(&value, sizeof(value.number), buffer, length)))
            return status;
        return set_ideal_processor(handle, (ULONG)value.number);
    case ThreadIdealProcessorEx:
        if ((status = take(&value, sizeof(value.processor), buffer, length)))
            return status;
        if (value.processor.Group)
            return STATUS_INVALID_PARAMETER;
        status = set_ideal_processor(handle, value.processor.Number);
        return NT_SUCCESS(status) ? STATUS_SUCCESS : status;
    case ThreadZeroTlsCell:
        if ((status = take(&value, sizeof(value.number), buffer, length)))
            return status;
        return zero_tls_cell((ULONG)value.number);
    case ThreadPriority:
    case ThreadHideFromDebugger:
    case ThreadEnableAlignmentFaultFixup:
    case ThreadPagePriority:
    case ThreadIoPriority:
    case ThreadPowerThrottlingState:
    case ThreadImpersonationToken:
        return STATUS_SUCCESS; /* hints; nothing here depends on them */
    case ThreadQuerySetWin32StartAddress:
        return STATUS_SUCCESS;
    case ThreadManageWritesToExecutableMemory:
        return STATUS_NOT_SUPPORTED; /* as for processes: ARM64's */
    default:
        trace(TRACE_THREAD, "NtSetInformationThread: class %u is not implemented", class);
        return STATUS_INVALID_INFO_CLASS;
    }
}
