/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The list of processes and threads, out of /proc. All of the user's processes are there, as on Windows;
 * one that runs a Windows program goes by that program's name.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "clock.h"
#include "system.h"

/* The answer grows here first: nothing of the program's memory is touched before it is complete. */
struct list {
    char *data;
    size_t used, room;
    bool failed;
};

static void *list_add(struct list *list, size_t bytes)
{
    size_t at = list->used;

    if (list->used + bytes > list->room) {
        size_t room = (list->room + bytes) * 2;
        char *data = realloc(list->data, room);

        if (!data) {
            list->failed = true;
            return NULL;
        }
        list->data = data;
        list->room = room;
    }
    list->used += bytes;
    memset(list->data + at, 0, bytes);
    return list->data + at;
}

static size_t read_file(const char *path, char *text, size_t room)
{
    FILE *file = fopen(path, "re");
    size_t length = 0;

    if (file) {
        length = fread(text, 1, room - 1, file);
        fclose(file);
    }
    text[length] = 0;
    return length;
}

struct stat_fields {
    unsigned parent, threads;
    unsigned long long user, kernel, start, virtual_bytes;
    long resident_pages;
    char name[64];
};

/* /proc/PID/stat: the name is in parentheses and may contain any character. */
static bool read_stat(const char *path, struct stat_fields *fields)
{
    char text[1024], *open, *close;

    if (!read_file(path, text, sizeof(text)))
        return false;
    open = strchr(text, '(');
    close = strrchr(text, ')');
    if (!open || !close)
        return false;
    memset(fields, 0, sizeof(*fields));
    memcpy(fields->name, open + 1,
           (size_t)(close - open - 1) < sizeof(fields->name) ? (size_t)(close - open - 1)
                                                             : sizeof(fields->name) - 1);
    return sscanf(close + 2,
                  "%*c %u %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %u %*d "
                  "%llu %llu %ld",
                  &fields->parent, &fields->user, &fields->kernel, &fields->threads,
                  &fields->start, &fields->virtual_bytes, &fields->resident_pages) == 7;
}

static LONGLONG from_jiffies(unsigned long long jiffies)
{
    return (LONGLONG)(jiffies * 10000000 / (unsigned long long)sysconf(_SC_CLK_TCK));
}

/* The Windows program's name if /proc/PID/cmdline shows "decant … PROGRAM.exe", else Linux' name. */
static void process_name(const char *pid, const char *linux_name, char *name, size_t room)
{
    char path[64], text[4096];
    size_t length;

    snprintf(name, room, "%s", linux_name);
    snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
    length = read_file(path, text, sizeof(text));
    for (char *argument = text; argument < text + length; argument += strlen(argument) + 1) {
        size_t size = strlen(argument);
        const char *base = argument;

        if (argument != text && size > 4 && !strcasecmp(argument + size - 4, ".exe")) {
            for (const char *p = argument; *p; p++)
                if (*p == '/' || *p == '\\')
                    base = p + 1;
            snprintf(name, room, "%.*s", (int)room - 1, base);
            return;
        }
        if (argument == text && !strstr(argument, "decant"))
            return;
    }
}

/* Threads of Decant's own in a Windows program: the service, those of clocks, timers and pending I/O, the watcher of
 * children, the first one when it has ended and stays for Linux' sake. They go by their names. */
static bool is_hidden(const char *name)
{
    return !strncmp(name, "decant:", 7);
}

static void add_thread(SYSTEM_THREAD_INFORMATION *thread, unsigned pid, unsigned tid,
                       const struct stat_fields *fields, LONGLONG boot)
{
    thread->ClientId.UniqueProcess = ULongToHandle(pid);
    thread->ClientId.UniqueThread = ULongToHandle(tid);
    thread->dwCurrentPriority = thread->dwBasePriority = 8;
    thread->dwThreadState = 5; /* waiting */
    thread->KernelTime.QuadPart = from_jiffies(fields->kernel);
    thread->UserTime.QuadPart = from_jiffies(fields->user);
    thread->CreateTime.QuadPart = boot + from_jiffies(fields->start);
}

static void add_process(struct list *list, const char *pid_text, LONGLONG boot, size_t *last)
{
    size_t head = offsetof(SYSTEM_PROCESS_INFORMATION, ti), at = list->used, name_at, count = 0;
    SYSTEM_PROCESS_INFORMATION *info;
    struct stat_fields fields;
    char path[320], name[256];
    unsigned pid = (unsigned)strtoul(pid_text, NULL, 10);
    struct dirent *entry;
    WCHAR *wide;
    DIR *tasks;

    snprintf(path, sizeof(path), "/proc/%.20s/stat", pid_text);
    if (!read_stat(path, &fields))
        return;
    snprintf(path, sizeof(path), "/proc/%.20s/task", pid_text);
    tasks = opendir(path);
    if (!tasks)
        return;
    process_name(pid_text, fields.name, name, sizeof(name));
    list_add(list, head);
    while (!list->failed && (entry = readdir(tasks))) {
        SYSTEM_THREAD_INFORMATION *thread;
        struct stat_fields task;

        snprintf(path, sizeof(path), "/proc/%.20s/task/%.20s/stat", pid_text, entry->d_name);
        if (!isdigit((unsigned char)entry->d_name[0]) || !read_stat(path, &task) ||
            is_hidden(task.name))
            continue;
        thread = list_add(list, sizeof(*thread));
        if (thread)
            add_thread(thread, pid, (unsigned)strtoul(entry->d_name, NULL, 10), &task, boot);
        count++;
    }
    closedir(tasks);
    name_at = list->used;
    wide = list_add(list, ((strlen(name) + 1) * sizeof(WCHAR) + 7) & ~(size_t)7);
    if (list->failed)
        return;
    for (size_t i = 0; name[i]; i++)
        wide[i] = (WCHAR)(unsigned char)name[i];
    info = (void *)(list->data + at);
    if (*last != SIZE_MAX)
        ((SYSTEM_PROCESS_INFORMATION *)(list->data + *last))->NextEntryOffset =
            (ULONG)(at - *last);
    *last = at;
    info->dwThreadCount = (DWORD)count;
    info->CreationTime.QuadPart = boot + from_jiffies(fields.start);
    info->UserTime.QuadPart = from_jiffies(fields.user);
    info->KernelTime.QuadPart = from_jiffies(fields.kernel);
    info->ProcessName.Length = (USHORT)(strlen(name) * sizeof(WCHAR));
    info->ProcessName.MaximumLength = info->ProcessName.Length + sizeof(WCHAR);
    info->ProcessName.Buffer = (WCHAR *)name_at; /* made an address when the target is known */
    info->dwBasePriority = 8;
    info->UniqueProcessId = ULongToHandle(pid);
    info->ParentProcessId = ULongToHandle(fields.parent);
    info->SessionId = 1;
    info->vmCounters.VirtualSize = info->vmCounters.PeakVirtualSize = fields.virtual_bytes;
    info->vmCounters.WorkingSetSize = info->vmCounters.PeakWorkingSetSize =
        (SIZE_T)fields.resident_pages * PAGE_BYTES;
}

NTSTATUS system_processes(void *buffer, ULONG room, ULONG *needed)
{
    struct list list = {0};
    LONGLONG boot = clock_system_time() - clock_since_boot();
    size_t last = SIZE_MAX;
    struct dirent *entry;
    NTSTATUS status;
    ULONG bytes;
    DIR *proc = opendir("/proc");

    if (!proc)
        return STATUS_ACCESS_DENIED;
    while (!list.failed && (entry = readdir(proc)))
        if (isdigit((unsigned char)entry->d_name[0]))
            add_process(&list, entry->d_name, boot, &last);
    closedir(proc);
    if (list.failed) {
        free(list.data);
        return STATUS_NO_MEMORY;
    }
    bytes = (ULONG)list.used;
    for (size_t at = 0; at < list.used;) {
        SYSTEM_PROCESS_INFORMATION *info = (void *)(list.data + at);

        info->ProcessName.Buffer = (WCHAR *)((char *)buffer + (size_t)info->ProcessName.Buffer);
        if (!info->NextEntryOffset)
            break;
        at += info->NextEntryOffset;
    }
    status = needed ? guest_copy_out(needed, &bytes, sizeof(bytes)) : STATUS_SUCCESS;
    if (!status)
        status = room < bytes ? STATUS_INFO_LENGTH_MISMATCH
                              : guest_copy_out(buffer, list.data, bytes);
    free(list.data);
    return status;
}
