/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a new process is given, both sides of it: its parent writes the process parameters and the handles that the
 * child inherits into a memfd, each handle described (object_share.h) and with the Linux descriptor behind it; the
 * child reads them when it starts. One file, since nothing but this agreement says how the bytes lie.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "file.h"
#include "job.h"
#include "object_share.h"
#include "process_handover.h"
#include "process_object.h"
#include "sync.h"
#include "thread.h"

/* A handle that the child gets, with its value; in the blob its path follows. Handle 0: the sync of the child's first
 * thread, which both have (in description.slot). */
struct inherited {
    uint64_t handle;
    uint32_t access;
    int32_t fd;
    struct object_description description;
};

struct blob {
    uint32_t parameter_bytes;   /* RTL_USER_PROCESS_PARAMETERS with their strings, relative */
    uint32_t environment_bytes;
    uint32_t inherited_count;
    uint32_t is_suspended;
    char data[];                /* parameters, environment, struct inherited + path … */
};

struct collected {
    struct inherited inherited;
    struct object *object;  /* with a reference, so that descriptor and path stay */
    const char *path;
};

struct handover {
    struct collected *list;
    size_t count, room;
    bool is_incomplete;     /* no memory */
    const RTL_USER_PROCESS_PARAMETERS *parameters;
    bool inherit_all;
    const HANDLE *only;  /* PROC_THREAD_ATTRIBUTE_HANDLE_LIST: of the inheritable ones, these */
    size_t only_count;
};

static const size_t string_offsets[] = {
    offsetof(RTL_USER_PROCESS_PARAMETERS, CurrentDirectory.DosPath),
    offsetof(RTL_USER_PROCESS_PARAMETERS, DllPath),
    offsetof(RTL_USER_PROCESS_PARAMETERS, ImagePathName),
    offsetof(RTL_USER_PROCESS_PARAMETERS, CommandLine),
    offsetof(RTL_USER_PROCESS_PARAMETERS, WindowTitle),
    offsetof(RTL_USER_PROCESS_PARAMETERS, Desktop),
    offsetof(RTL_USER_PROCESS_PARAMETERS, ShellInfo),
    offsetof(RTL_USER_PROCESS_PARAMETERS, RuntimeInfo),
};

/* --- The parent's side --- */

static bool is_wanted(const struct handover *handover, HANDLE handle)
{
    if (!handover->inherit_all)
        return false;
    for (size_t i = 0; i < handover->only_count; i++)
        if (handover->only[i] == handle)
            return true;
    return !handover->only;
}

/* A place for one more; it counts only when `count` is raised. NULL: no memory. */
static struct collected *next_place(struct handover *handover)
{
    if (handover->count == handover->room) {
        size_t room = handover->room ? handover->room * 2 : 16;
        struct collected *grown = realloc(handover->list, room * sizeof(*grown));

        if (!grown) {
            handover->is_incomplete = true;
            return NULL;
        }
        handover->list = grown;
        handover->room = room;
    }
    handover->list[handover->count] = (struct collected){.inherited.fd = -1};
    return &handover->list[handover->count];
}

static void collect(HANDLE handle, struct object *object, ACCESS_MASK access, void *context)
{
    struct handover *handover = context;
    const RTL_USER_PROCESS_PARAMETERS *parameters = handover->parameters;
    bool is_std = handle == parameters->hStdInput || handle == parameters->hStdOutput ||
                  handle == parameters->hStdError;
    struct collected *place;

    if (!is_std && !is_wanted(handover, handle))
        return;
    for (size_t i = 0; i < handover->count; i++)
        if (handover->list[i].inherited.handle == (uintptr_t)handle)
            return;
    place = next_place(handover);
    /* What cannot leave its process (completion ports, jobs, keyed events) is not handed on. */
    if (!place || object_describe(object, &place->inherited.description, &place->inherited.fd,
                                  &place->path))
        return;
    place->inherited.handle = (uintptr_t)handle;
    place->inherited.access = access;
    place->object = object;
    object_retain(object);
    handover->count++;
}

/* Standard handles go to the child even when they are not inheritable, as on Windows for consoles. */
static void collect_std(struct handover *handover, HANDLE handle)
{
    struct object *object;
    ACCESS_MASK access;

    if (!handle || handle_access(handle, &access) || handle_get(handle, &file_ops, 0, &object))
        return;
    collect(handle, object, access, handover);
    object_release(object);
}

struct handover *handover_create(const RTL_USER_PROCESS_PARAMETERS *parameters, bool inherit_all,
                                 const HANDLE *only, size_t only_count)
{
    struct handover *handover = calloc(1, sizeof(*handover));

    if (!handover)
        return NULL;
    handover->parameters = parameters;
    handover->inherit_all = inherit_all;
    handover->only = only;
    handover->only_count = only_count;
    if (inherit_all)
        handle_for_each_inherited(collect, handover);
    collect_std(handover, parameters->hStdInput);
    collect_std(handover, parameters->hStdOutput);
    collect_std(handover, parameters->hStdError);
    return handover;
}

struct sync *handover_share_first_thread(struct handover *handover)
{
    struct collected *place = next_place(handover);
    struct sync *sync = handover->is_incomplete ? NULL : sync_create(SYNC_MANUAL, 0, 1);

    if (sync && sync_locate(sync, &place->inherited.fd, &place->inherited.description.slot)) {
        sync_share_for_good(sync);
        handover->count++;
    }
    return sync;
}

/* A string of the parameters moved behind what is there; offsets instead of pointers. */
static void append_string(char *base, size_t *used, const UNICODE_STRING *from, UNICODE_STRING *to)
{
    size_t room = from->MaximumLength > from->Length ? from->MaximumLength
                                                     : from->Length + sizeof(WCHAR);

    to->Length = from->Length;
    to->MaximumLength = (USHORT)(room > 0xfffe ? 0xfffe : room);
    to->Buffer = (WCHAR *)(uintptr_t)*used;
    memset(base + *used, 0, room);
    if (from->Buffer)
        memcpy(base + *used, from->Buffer, from->Length);
    *used = (*used + room + 7) & ~(size_t)7;
}

static size_t environment_size(const WCHAR *block)
{
    const WCHAR *at = block;

    while (at && *at) {
        while (*at)
            at++;
        at++;
    }
    return at ? (size_t)(at + 1 - block) * sizeof(WCHAR) : 2 * sizeof(WCHAR);
}

/* The parameters, relative to their own start, in malloc'ed memory. */
static char *flatten(const RTL_USER_PROCESS_PARAMETERS *parameters, size_t *bytes)
{
    size_t room = sizeof(*parameters), used = sizeof(*parameters);
    char *flat;

    for (size_t i = 0; i < sizeof(string_offsets) / sizeof(string_offsets[0]); i++) {
        const UNICODE_STRING *string =
            (const UNICODE_STRING *)((const char *)parameters + string_offsets[i]);

        room += (size_t)string->MaximumLength + string->Length + 16;
    }
    flat = calloc(1, room);
    if (!flat)
        return NULL;
    memcpy(flat, parameters, sizeof(*parameters));
    for (size_t i = 0; i < sizeof(string_offsets) / sizeof(string_offsets[0]); i++)
        append_string(flat, &used, (const UNICODE_STRING *)((const char *)parameters + string_offsets[i]),
                      (UNICODE_STRING *)(flat + string_offsets[i]));
    *bytes = used;
    return flat;
}

static int write_all(int fd, const void *data, size_t bytes)
{
    const char *at = data;

    while (bytes) {
        ssize_t done = write(fd, at, bytes);

        if (done < 0)
            return -errno;
        at += done;
        bytes -= (size_t)done;
    }
    return 0;
}

int handover_write(const struct handover *handover, bool is_suspended)
{
    const RTL_USER_PROCESS_PARAMETERS *parameters = handover->parameters;
    size_t parameter_bytes = 0;
    size_t environment_bytes = environment_size(parameters->Environment);
    char *flat = flatten(parameters, &parameter_bytes);
    static const WCHAR empty[2];
    int fd = flat ? memfd_create("decant-start", MFD_CLOEXEC) : -1, error;
    struct blob head = {.parameter_bytes = (uint32_t)parameter_bytes,
                        .environment_bytes = (uint32_t)environment_bytes,
                        .inherited_count = (uint32_t)handover->count,
                        .is_suspended = is_suspended};

    if (!flat || fd < 0) {
        free(flat);
        return flat ? -errno : -ENOMEM;
    }
    error = write_all(fd, &head, sizeof(head));
    if (!error)
        error = write_all(fd, flat, parameter_bytes);
    if (!error)
        error = write_all(fd, parameters->Environment ? parameters->Environment : empty,
                          environment_bytes);
    for (size_t i = 0; i < handover->count && !error; i++) {
        const struct collected *place = &handover->list[i];

        error = write_all(fd, &place->inherited, sizeof(place->inherited));
        if (!error && place->path)
            error = write_all(fd, place->path, place->inherited.description.path_bytes);
    }
    free(flat);
    if (error) {
        close(fd);
        return error;
    }
    return fd;
}

void handover_keep_descriptors(const struct handover *handover)
{
    for (size_t i = 0; i < handover->count; i++)
        if (handover->list[i].inherited.fd >= 0)
            fcntl(handover->list[i].inherited.fd, F_SETFD, 0);
}

void handover_free(struct handover *handover)
{
    if (!handover)
        return;
    for (size_t i = 0; i < handover->count; i++)
        if (handover->list[i].object)
            object_release(handover->list[i].object);
    free(handover->list);
    free(handover);
}

/* --- The child's side --- */

static struct child_page *own_page;
static int own_page_fd = -1;
static pthread_mutex_t own_page_lock = PTHREAD_MUTEX_INITIALIZER;

struct child_page *own_child_page(int *fd)
{
    struct child_page *page;
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_mutex_lock(&own_page_lock);
    if (!own_page) {
        page = child_page_create(&own_page_fd);
        own_page = page == MAP_FAILED ? NULL : page;
        if (own_page)
            own_page->peb = (uintptr_t)process.peb;
    }
    page = own_page;
    *fd = own_page_fd;
    pthread_mutex_unlock(&own_page_lock);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return page;
}

/* Puts the inherited handles in; they keep their values. */
static void import_handles(const char *at, uint32_t count)
{
    const char *start = at;

    for (uint32_t i = 0; i < count; i++) {
        struct inherited inherited;
        struct object *object;
        int fd;

        memcpy(&inherited, at, sizeof(inherited));
        at += sizeof(inherited);
        /* Several handles may lead to one descriptor (an arena's): each gets its own. */
        fd = inherited.fd >= 0 ? fcntl(inherited.fd, F_DUPFD_CLOEXEC, 3) : -1;
        if (!inherited.handle) {
            struct sync *sync = sync_import(fd, inherited.description.slot);

            if (sync)
                thread_object_set_sync(current_thread, sync);
        } else if (!object_import(&inherited.description, fd,
                                  inherited.description.path_bytes ? at : NULL, &object)) {
            handle_create_at((HANDLE)(uintptr_t)inherited.handle, object, inherited.access,
                             OBJ_INHERIT);
            object_drop_hold(object);
        }
        at += inherited.description.path_bytes;
    }
    /* The numbers that came along are not needed any more. */
    for (uint32_t i = 0; i < count; i++) {
        struct inherited inherited;

        memcpy(&inherited, start, sizeof(inherited));
        start += sizeof(inherited) + inherited.description.path_bytes;
        if (inherited.fd > 2)
            close(inherited.fd);
    }
}

NTSTATUS child_take_parameters(RTL_USER_PROCESS_PARAMETERS **out)
{
    const char *variable = getenv(HANDOVER_VARIABLE);
    int blob_fd, page_fd;
    struct blob *blob;
    RTL_USER_PROCESS_PARAMETERS *parameters;
    SIZE_T bytes;
    off_t length;
    void *base = NULL;
    NTSTATUS status;

    *out = NULL;
    if (!variable || sscanf(variable, HANDOVER_NUMBERS, &blob_fd, &page_fd) != 2)
        return STATUS_SUCCESS;
    unsetenv(HANDOVER_VARIABLE);
    own_page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);
    own_page_fd = page_fd;
    fcntl(page_fd, F_SETFD, FD_CLOEXEC);
    if (own_page == MAP_FAILED) {
        own_page = NULL;
        return errno_to_status(errno);
    }
    length = lseek(blob_fd, 0, SEEK_END);
    blob = length > (off_t)sizeof(*blob)
               ? mmap(NULL, (size_t)length, PROT_READ, MAP_PRIVATE, blob_fd, 0)
               : MAP_FAILED;
    close(blob_fd);
    if (blob == MAP_FAILED)
        return STATUS_INVALID_PARAMETER;

    bytes = blob->parameter_bytes + blob->environment_bytes;
    status = NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &bytes, MEM_RESERVE | MEM_COMMIT,
                                     PAGE_READWRITE);
    if (!status) {
        memcpy(base, blob->data, blob->parameter_bytes + blob->environment_bytes);
        parameters = base;
        parameters->AllocationSize = parameters->Size = (ULONG)bytes;
        parameters->Flags |= PROCESS_PARAMS_FLAG_NORMALIZED;
        parameters->CurrentDirectory.Handle = NULL;
        parameters->Environment = (WCHAR *)((char *)base + blob->parameter_bytes);
        parameters->EnvironmentSize = blob->environment_bytes;
        for (size_t i = 0; i < sizeof(string_offsets) / sizeof(string_offsets[0]); i++) {
            UNICODE_STRING *string = (UNICODE_STRING *)((char *)base + string_offsets[i]);

            string->Buffer = (WCHAR *)((char *)base + (uintptr_t)string->Buffer);
        }
        import_handles(blob->data + blob->parameter_bytes + blob->environment_bytes,
                       blob->inherited_count);
        process.start_suspended = blob->is_suspended;
        if (process.start_suspended)
            suspend_init_suspended(current_thread);
        *out = parameters;
    }
    munmap(blob, (size_t)length);
    return status;
}

void child_report_start(NTSTATUS status)
{
    if (!own_page)
        return;
    own_page->start_status = status;
    if (!status) {
        own_page->tid = current_thread->tid;
        own_page->peb = (uintptr_t)process.peb;
        own_page->teb = (uintptr_t)current_thread->teb;
        own_page->entry = (uintptr_t)current_thread->start;
    }
    atomic_store(&own_page->state, status ? 2 : 1);
    syscall(SYS_futex, &own_page->state, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void process_object_exiting(uint32_t status)
{
    jobs_process_exiting();
    child_page_set_exit_status(own_page, (NTSTATUS)status);
}
