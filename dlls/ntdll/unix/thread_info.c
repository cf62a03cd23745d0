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
#include <time.h>
#include <unistd.h>

#include "info.h"
#include "process.h"
#include "thread.h"

/* Thread descriptions by Linux id. A thread's own end removes its entry. */
struct description {
    pid_t tid;
    WCHAR *text;
};
static struct description *descriptions;
static size_t description_count;
static pthread_mutex_t description_lock = PTHREAD_MUTEX_INITIALIZER;

static WCHAR *get_description(pid_t tid)
{
    WCHAR *copy = NULL;

    pthread_mutex_lock(&description_lock);
    for (size_t i = 0; i < description_count; i++) {
        if (descriptions[i].tid == tid && descriptions[i].text) {
            size_t length = 0;

            while (descriptions[i].text[length])
                length++;
            copy = malloc((length + 1) * sizeof(WCHAR));
            if (copy)
                memcpy(copy, descriptions[i].text, (length + 1) * sizeof(WCHAR));
        }
    }
    pthread_mutex_unlock(&description_lock);
    return copy;
}

static NTSTATUS set_description(pid_t tid, const UNICODE_STRING *string)
{
    WCHAR *text = calloc(string->Length / sizeof(WCHAR) + 1, sizeof(WCHAR));
    NTSTATUS status = STATUS_NO_MEMORY;
    size_t i;

    if (!text)
        return STATUS_NO_MEMORY;
    if (guest_copy_in(text, string->Buffer, string->Length)) {
        free(text);
        return STATUS_ACCESS_VIOLATION;
    }
    pthread_mutex_lock(&description_lock);
    for (i = 0; i < description_count && descriptions[i].tid != tid; i++)
        ;
    if (i == description_count) {
        struct description *grown =
            realloc(descriptions, (description_count + 1) * sizeof(*descriptions));

        if (grown) {
            descriptions = grown;
            descriptions[description_count++] = (struct description){tid, NULL};
        }
    }
    if (i < description_count) {
        free(descriptions[i].text);
        descriptions[i].text = text;
        text = NULL;
        status = STATUS_SUCCESS;
    }
    pthread_mutex_unlock(&description_lock);
    free(text);
    return status;
}

void thread_forget_description(pid_t tid)
{
    pthread_mutex_lock(&description_lock);
    for (size_t i = 0; i < description_count; i++) {
        if (descriptions[i].tid == tid) {
            free(descriptions[i].text);
            descriptions[i] = descriptions[--description_count];
            break;
        }
    }
    pthread_mutex_unlock(&description_lock);
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

/* Linux' clock of a thread's processor time has a number made from its id (clock_getcpuclockid(3)). */
static void query_times(const struct thread_facts *facts, KERNEL_USER_TIMES *times)
{
    clockid_t clock = (clockid_t)((~(unsigned)facts->tid << 3) | 6);
    struct timespec used;

    memset(times, 0, sizeof(*times));
    if (facts->is_local && !clock_gettime(clock, &used))
        times->UserTime.QuadPart = used.tv_sec * 10000000ll + used.tv_nsec / 100;
}

NTSTATUS WINAPI NtQueryInformationThread(HANDLE handle, THREADINFOCLASS class, void *buffer,
                                         ULONG length, ULONG *needed)
{
    struct thread_facts facts;
    NTSTATUS status = thread_get_facts(handle, THREAD_QUERY_LIMITED_INFORMATION, &facts);
    union {
        THREAD_BASIC_INFORMATION basic;
        KERNEL_USER_TIMES times;
        GROUP_AFFINITY group;
        PROCESSOR_NUMBER processor;
        ULONG_PTR pointer;
        ULONG number;
        BOOLEAN flag;
    } value;

    if (status)
        return status;
    memset(&value, 0, sizeof(value));
    switch ((int)class) {
    case ThreadBasicInformation:
        value.basic.ExitStatus = facts.exit_status;
        value.basic.TebBaseAddress = facts.teb;
        value.basic.ClientId.UniqueProcess = ULongToHandle((ULONG)facts.pid);
        value.basic.ClientId.UniqueThread = ULongToHandle((ULONG)facts.tid);
        query_affinity(&facts, &value.basic.AffinityMask);
        return answer(buffer, length, needed, &value, sizeof(value.basic));
    case ThreadTimes:
        query_times(&facts, &value.times);
        return answer(buffer, length, needed, &value, sizeof(value.times));
    case ThreadCycleTime: {
        ULONG64 cycles[2] = {0};

        query_times(&facts, &value.times);
        cycles[0] = (ULONG64)value.times.UserTime.QuadPart * 300;
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
        return answer(buffer, length, needed, &value, sizeof(value.processor));
    case ThreadAmILastThread:
        value.number = thread_is_last();
        return answer(buffer, length, needed, &value, sizeof(value.number));
    case ThreadQuerySetWin32StartAddress:
        value.pointer = (ULONG_PTR)facts.start;
        return answer(buffer, length, needed, &value, sizeof(value.pointer));
    case ThreadIsIoPending:
    case ThreadPriorityBoost:
        return answer(buffer, length, needed, &value, sizeof(value.number));
    case ThreadSuspendCount:
        if (thread_suspend_count)
            value.number = thread_suspend_count(facts.tid);
        return answer(buffer, length, needed, &value, sizeof(value.number));
    case ThreadIsTerminated:
        value.number = facts.exit_status != STATUS_PENDING;
        return answer(buffer, length, needed, &value, sizeof(value.number));
    case ThreadHideFromDebugger:
    case ThreadBreakOnTermination:
        return answer(buffer, length, needed, &value, sizeof(value.flag));
    case ThreadNameInformation: {
        WCHAR *text = get_description(facts.tid);

        status = answer_string(buffer, length, needed, text);
        free(text);
        return status == STATUS_INFO_LENGTH_MISMATCH ? STATUS_BUFFER_TOO_SMALL : status;
    }
    default:
        trace(TRACE_THREAD, "NtQueryInformationThread: class %u is not implemented", class);
        return STATUS_INVALID_INFO_CLASS;
    }
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
        ULONG_PTR pointer;
    } value;

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
            status = set_description(facts.tid, &value.string);
        return status;
    case ThreadPriority:
    case ThreadBasePriority:
    case ThreadPriorityBoost:
    case ThreadIdealProcessor:
    case ThreadIdealProcessorEx:
    case ThreadHideFromDebugger:
    case ThreadEnableAlignmentFaultFixup:
    case ThreadPagePriority:
    case ThreadIoPriority:
    case ThreadPowerThrottlingState:
    case ThreadImpersonationToken:
    case ThreadZeroTlsCell:
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
