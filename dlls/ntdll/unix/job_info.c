/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtQueryInformationJobObject and NtSetInformationJobObject.
 *
 * Kept to: KILL_ON_JOB_CLOSE, breakaway, the number of active processes. Limits on memory, time and scheduling are
 * remembered and told, but nothing here enforces them. Page faults and I/O are not collected and read as 0.
 */
#include <stdlib.h>
#include <string.h>

#include "info.h"
#include "iocp.h"
#include "job.h"

static NTSTATUS query_ids(struct job *job, void *buffer, ULONG length, ULONG *needed)
{
    JOBOBJECT_BASIC_PROCESS_ID_LIST head = {0};
    const ULONG head_bytes = offsetof(JOBOBJECT_BASIC_PROCESS_ID_LIST, ProcessIdList);
    ULONG_PTR *ids;
    size_t room;
    ULONG bytes;
    sigset_t signals;
    NTSTATUS status;

    if (length < head_bytes)
        return STATUS_INFO_LENGTH_MISMATCH;
    room = (length - head_bytes) / sizeof(*ids);
    job_lock(&signals);
    ids = calloc(job->count + 1, sizeof(*ids));
    for (size_t i = 0; ids && i < job->count; i++) {
        if (head.NumberOfProcessIdsInList < room)
            ids[head.NumberOfProcessIdsInList++] = (ULONG_PTR)job->members[i]->pid;
        head.NumberOfAssignedProcesses++;
    }
    job_unlock(&signals);
    if (!ids)
        return STATUS_NO_MEMORY;
    bytes = head_bytes + head.NumberOfProcessIdsInList * (ULONG)sizeof(*ids);
    status = guest_copy_out((char *)buffer + head_bytes, ids, bytes - head_bytes);
    free(ids);
    if (!status)
        status = guest_copy_out(buffer, &head, head_bytes);
    if (!status && needed)
        status = guest_copy_out(needed, &bytes, sizeof(bytes));
    if (!status && head.NumberOfProcessIdsInList < head.NumberOfAssignedProcesses)
        status = STATUS_BUFFER_OVERFLOW;
    return status;
}

/* Under the lock. */
static void sum_times(const struct job *job, JOBOBJECT_BASIC_ACCOUNTING_INFORMATION *info)
{
    info->TotalUserTime.QuadPart = job->user_time;
    info->TotalKernelTime.QuadPart = job->kernel_time;
    for (size_t i = 0; i < job->count; i++) {
        KERNEL_USER_TIMES times;

        if (!process_times(job->members[i]->pid, &times))
            continue;
        info->TotalUserTime.QuadPart += times.UserTime.QuadPart;
        info->TotalKernelTime.QuadPart += times.KernelTime.QuadPart;
    }
}

NTSTATUS job_query(struct job *job, JOBOBJECTINFOCLASS class, void *buffer, ULONG length,
                   ULONG *needed)
{
    JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION accounting = {0};
    JOBOBJECT_BASIC_UI_RESTRICTIONS restrictions = {0};
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;
    sigset_t signals;

    job_lock(&signals);
    limits = job->limits;
    accounting.BasicInfo.TotalProcesses = job->total;
    accounting.BasicInfo.ActiveProcesses = (DWORD)job->count;
    accounting.BasicInfo.TotalTerminatedProcesses = job->terminated;
    sum_times(job, &accounting.BasicInfo);
    job_unlock(&signals);
    switch ((int)class) {
    case JobObjectBasicAccountingInformation:
        return answer(buffer, length, needed, &accounting.BasicInfo, sizeof(accounting.BasicInfo));
    case JobObjectBasicAndIoAccountingInformation:
        return answer(buffer, length, needed, &accounting, sizeof(accounting));
    case JobObjectBasicLimitInformation:
        return answer(buffer, length, needed, &limits.BasicLimitInformation,
                      sizeof(limits.BasicLimitInformation));
    case JobObjectExtendedLimitInformation:
        return answer(buffer, length, needed, &limits, sizeof(limits));
    case JobObjectBasicUIRestrictions:
        return answer(buffer, length, needed, &restrictions, sizeof(restrictions));
    case JobObjectBasicProcessIdList:
        return query_ids(job, buffer, length, needed);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

NTSTATUS WINAPI NtQueryInformationJobObject(HANDLE handle, JOBOBJECTINFOCLASS class, void *buffer,
                                            ULONG length, ULONG *needed)
{
    struct job *job = NULL;
    NTSTATUS status = STATUS_SUCCESS;

    if (handle)
        status = handle_get(handle, &job_ops, JOB_OBJECT_QUERY, (struct object **)&job);
    else
        job = job_of_self(); /* the caller's own */
    if (status)
        return status;
    if (!job)
        return job_query_joined(class, buffer, length, needed);
    status = job_query(job, class, buffer, length, needed);
    object_release(&job->header);
    return status;
}

static NTSTATUS set_limits(struct job *job, const JOBOBJECT_EXTENDED_LIMIT_INFORMATION *limits,
                           bool is_extended)
{
    const ULONG extended = JOB_OBJECT_EXTENDED_LIMIT_VALID_FLAGS & ~JOB_OBJECT_BASIC_LIMIT_VALID_FLAGS;
    ULONG flags = limits->BasicLimitInformation.LimitFlags;
    sigset_t signals;

    if (flags & ~(ULONG)(is_extended ? JOB_OBJECT_EXTENDED_LIMIT_VALID_FLAGS
                                     : JOB_OBJECT_BASIC_LIMIT_VALID_FLAGS))
        return STATUS_INVALID_PARAMETER;
    job_lock(&signals);
    if (is_extended) {
        job->limits = *limits;
    } else {
        flags |= job->limits.BasicLimitInformation.LimitFlags & extended;
        job->limits.BasicLimitInformation = limits->BasicLimitInformation;
        job->limits.BasicLimitInformation.LimitFlags = flags;
    }
    job_unlock(&signals);
    job_tell_members(job);
    return STATUS_SUCCESS;
}

static NTSTATUS set_port(struct job *job, const JOBOBJECT_ASSOCIATE_COMPLETION_PORT *given)
{
    struct object *port = NULL;
    NTSTATUS status = STATUS_SUCCESS;
    sigset_t signals;

    if (given->CompletionPort)
        status = iocp_from_handle(given->CompletionPort, &port);
    if (status)
        return status;
    job_lock(&signals);
    if (job->port && port) {
        /* Documented: one port at a time; NULL first. */
        status = STATUS_INVALID_PARAMETER;
    } else {
        struct object *old = job->port;

        job->port = port;
        job->port_key = (ULONG_PTR)given->CompletionKey;
        port = old;
        if (job->port)
            job_announce_members(job);
    }
    job_unlock(&signals);
    if (port)
        object_release(port);
    return status;
}

NTSTATUS WINAPI NtSetInformationJobObject(HANDLE handle, JOBOBJECTINFOCLASS class, void *buffer,
                                          ULONG length)
{
    union {
        JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;
        JOBOBJECT_ASSOCIATE_COMPLETION_PORT port;
        JOBOBJECT_BASIC_UI_RESTRICTIONS restrictions;
    } value;
    struct job *job;
    NTSTATUS status =
        handle_get(handle, &job_ops, JOB_OBJECT_SET_ATTRIBUTES, (struct object **)&job);

    if (status)
        return status;
    memset(&value, 0, sizeof(value));
    switch ((int)class) {
    case JobObjectExtendedLimitInformation:
        if (!(status = take(&value, sizeof(value.limits), buffer, length)))
            status = set_limits(job, &value.limits, true);
        break;
    case JobObjectBasicLimitInformation:
        if (!(status = take(&value, sizeof(value.limits.BasicLimitInformation), buffer, length)))
            status = set_limits(job, &value.limits, false);
        break;
    case JobObjectAssociateCompletionPortInformation:
        if (!(status = take(&value, sizeof(value.port), buffer, length)))
            status = set_port(job, &value.port);
        break;
    case JobObjectBasicUIRestrictions:
        /* There is no user interface to be kept from. */
        status = take(&value, sizeof(value.restrictions), buffer, length);
        break;
    default:
        status = class > 0 && class < MaxJobObjectInfoClass ? STATUS_NOT_SUPPORTED
                                                            : STATUS_INVALID_INFO_CLASS;
    }
    object_release(&job->header);
    return status;
}
