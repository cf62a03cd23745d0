/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtCreateUserProcess: a Windows program starts another one.
 *
 * The child is a `decant` of its own. What it is given travels in a memfd whose number is in its
 * environment (DECANT_CHILD): the process parameters as they are, and the handles that it
 * inherits, each described (object_share.h) and with the Linux descriptor behind it. The first page of a second memfd is shared
 * between the two for as long as both live (child.h): there the child says that it runs, where its PEB is, and how it
 * ended. The parent watches the child by pidfd.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "file.h"
#include "image.h"
#include "job.h"
#include "object_share.h"
#include "path.h"
#include "process_create.h"
#include "process_object.h"
#include "remote.h"
#include "sync.h"
#include "thread.h"

#define START_LIMIT_NS  30000000000ull

/* A handle that the child gets, with its value; in the blob its path follows. Handle 0: the sync of the child's first
 * thread, which both have (in description.slot). */
struct inherited {
    uint64_t handle;
    uint32_t access;
    int32_t fd;
    struct object_description description;
};

struct blob {
    uint32_t bytes;             /* of all */
    uint32_t parameter_bytes;   /* RTL_USER_PROCESS_PARAMETERS with their strings, relative */
    uint32_t environment_bytes;
    uint32_t inherited_count;
    uint32_t parent;            /* process id */
    uint32_t is_suspended;
    char data[];                /* parameters, environment, struct inherited + path … */
};

struct collected {
    struct inherited inherited;
    struct object *object;  /* with a reference, so that descriptor and path stay */
    const char *path;
};

struct collector {
    struct collected *list;
    size_t count, room;
    bool is_incomplete;     /* no memory */
    const RTL_USER_PROCESS_PARAMETERS *parameters;
    bool inherit_all;
    const HANDLE *only;  /* PROC_THREAD_ATTRIBUTE_HANDLE_LIST: of the inheritable ones, these */
    size_t only_count;
};

static const PS_ATTRIBUTE *find_attribute(const PS_ATTRIBUTE_LIST *list, ULONG_PTR name)
{
    SIZE_T count = list ? (list->TotalLength - sizeof(SIZE_T)) / sizeof(PS_ATTRIBUTE) : 0;

    for (SIZE_T i = 0; i < count; i++)
        if (list->Attributes[i].Attribute == name)
            return &list->Attributes[i];
    return NULL;
}

static bool is_wanted(const struct collector *collector, HANDLE handle)
{
    if (!collector->inherit_all)
        return false;
    for (size_t i = 0; i < collector->only_count; i++)
        if (collector->only[i] == handle)
            return true;
    return !collector->only;
}

/* A place for one more; it counts only when `count` is raised. NULL: no memory. */
static struct collected *next_place(struct collector *collector)
{
    if (collector->count == collector->room) {
        size_t room = collector->room ? collector->room * 2 : 16;
        struct collected *grown = realloc(collector->list, room * sizeof(*grown));

        if (!grown) {
            collector->is_incomplete = true;
            return NULL;
        }
        collector->list = grown;
        collector->room = room;
    }
    collector->list[collector->count] = (struct collected){.inherited.fd = -1};
    return &collector->list[collector->count];
}

static void collect(HANDLE handle, struct object *object, ACCESS_MASK access, void *context)
{
    struct collector *collector = context;
    const RTL_USER_PROCESS_PARAMETERS *parameters = collector->parameters;
    bool is_std = handle == parameters->hStdInput || handle == parameters->hStdOutput ||
                  handle == parameters->hStdError;
    struct collected *place;

    if (!is_std && !is_wanted(collector, handle))
        return;
    for (size_t i = 0; i < collector->count; i++)
        if (collector->list[i].inherited.handle == (uintptr_t)handle)
            return;
    place = next_place(collector);
    /* What cannot leave its process (completion ports, jobs, keyed events) is not handed on. */
    if (!place || object_describe(object, &place->inherited.description, &place->inherited.fd,
                                  &place->path))
        return;
    place->inherited.handle = (uintptr_t)handle;
    place->inherited.access = access;
    place->object = object;
    object_retain(object);
    collector->count++;
}

/* The waitable state of the child's first thread is made here, so that its end and exit status are seen however soon
 * it ends. */
static struct sync *share_first_thread(struct collector *collector)
{
    struct collected *place = next_place(collector);
    struct sync *sync = sync_create(SYNC_MANUAL, 0, 1);

    if (sync && place &&
        sync_locate(sync, &place->inherited.fd, &place->inherited.description.slot)) {
        sync_share_for_good(sync);
        collector->count++;
    }
    return sync;
}

/* Standard handles go to the child even when they are not inheritable, as on Windows for consoles. */
static void collect_std(struct collector *collector, HANDLE handle)
{
    struct object *object;
    ACCESS_MASK access;

    if (!handle || handle_access(handle, &access) || handle_get(handle, &file_ops, 0, &object))
        return;
    collect(handle, object, access, collector);
    object_release(object);
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

/* The blob as a memfd, or -errno. */
static int write_blob(const RTL_USER_PROCESS_PARAMETERS *parameters, struct collector *collector,
                      bool is_suspended)
{
    size_t parameter_bytes = 0;
    size_t environment_bytes = environment_size(parameters->Environment);
    char *flat = flatten(parameters, &parameter_bytes);
    static const WCHAR empty[2];
    int fd = flat ? memfd_create("decant-start", MFD_CLOEXEC) : -1, error;
    struct blob head = {.parameter_bytes = (uint32_t)parameter_bytes,
                        .environment_bytes = (uint32_t)environment_bytes,
                        .inherited_count = (uint32_t)collector->count,
                        .parent = (uint32_t)process.pid,
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
    for (size_t i = 0; i < collector->count && !error; i++) {
        const struct collected *place = &collector->list[i];

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

/* Starts the Linux process with just the descriptors it is to have. */
static int spawn(const char *program, int blob_fd, int page_fd, struct collector *collector,
                 const char *folder, pid_t *pid)
{
    char *variable = NULL, *arguments[] = {(char *)"decant", (char *)"--", (char *)program, NULL};
    size_t count = 0;
    char **environment;
    sigset_t none, old;
    int error = 0, ready[2];

    if (asprintf(&variable, "DECANT_CHILD=%d:%d", blob_fd, page_fd) < 0)
        return -ENOMEM;
    while (process.envp[count])
        count++;
    environment = calloc(count + 2, sizeof(char *));
    if (!environment || pipe2(ready, O_CLOEXEC)) {
        free(environment);
        free(variable);
        return -ENOMEM;
    }
    environment[0] = variable;
    for (size_t i = 0, put = 1; i < count; i++)
        if (strncmp(process.envp[i], "DECANT_CHILD=", 13))
            environment[put++] = process.envp[i];

    sigfillset(&none);
    pthread_sigmask(SIG_SETMASK, &none, &old);
    *pid = vfork();
    if (!*pid) {
        /* Only calls that are safe between vfork and exec. */
        struct sigaction action = {.sa_handler = SIG_DFL};

        sigaction(SIGPIPE, &action, NULL); /* ignored by us; that would be inherited */
        for (size_t i = 0; i < collector->count; i++)
            if (collector->list[i].inherited.fd >= 0)
                fcntl(collector->list[i].inherited.fd, F_SETFD, 0);
        fcntl(page_fd, F_SETFD, 0);
        fcntl(blob_fd, F_SETFD, 0);
        if (folder && chdir(folder))
            chdir("/");
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execve("/proc/self/exe", arguments, environment);
        error = errno;
        if (write(ready[1], &error, sizeof(error)) < 0)
            _exit(126);
        _exit(126);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    close(ready[1]);
    if (*pid < 0 || read(ready[0], &error, sizeof(error)) == sizeof(error))
        error = error ? error : EAGAIN;
    close(ready[0]);
    free(environment);
    free(variable);
    return -error;
}

/* A new page; MAP_FAILED on failure, and *fd is -1 then. */
static struct child_page *make_page(int *fd)
{
    struct child_page *page = MAP_FAILED;

    *fd = memfd_create("decant-child", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd >= 0 && !ftruncate(*fd, (off_t)PAGE_BYTES) && !fcntl(*fd, F_ADD_SEALS, CHILD_PAGE_SEALS))
        page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (page != MAP_FAILED) {
        atomic_store(&page->exit_status, (uint32_t)STATUS_PENDING);
    } else if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return page;
}

/* Documented: what is asked for, else the creator's if that is idle or below normal, else normal. */
static void set_priority(struct child_page *page, const PS_ATTRIBUTE *given)
{
    struct child_page *own = process_object_page((struct process_object *)current_process_object());
    uint32_t class = own ? atomic_load(&own->priority_class) : 0;

    if (given)
        class = ((const PROCESS_PRIORITY_CLASS *)given->ValuePtr)->PriorityClass;
    else if (class != PROCESS_PRIOCLASS_IDLE && class != PROCESS_PRIOCLASS_BELOW_NORMAL)
        class = PROCESS_PRIOCLASS_NORMAL;
    atomic_store(&page->priority_class, class);
}

/* Until the child says that it runs, or is gone. */
static NTSTATUS await_start(struct child_page *page, pid_t pid)
{
    uint64_t limit = monotonic_now() + START_LIMIT_NS;

    for (;;) {
        struct timespec pause = {0, 50000000};
        uint32_t state = atomic_load(&page->state);
        siginfo_t info = {0};

        if (state == 1)
            return STATUS_SUCCESS;
        if (state == 2)
            return page->start_status;
        if (!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid == pid)
            return atomic_load(&page->state) == 1 ? STATUS_SUCCESS : STATUS_INVALID_IMAGE_FORMAT;
        if (monotonic_now() > limit)
            return STATUS_TIMEOUT;
        syscall(SYS_futex, &page->state, FUTEX_WAIT, 0, &pause, NULL, 0);
    }
}

/* The program's Linux path: out of the attribute list, else the parameters. */
static NTSTATUS find_program(const RTL_USER_PROCESS_PARAMETERS *parameters,
                             const PS_ATTRIBUTE_LIST *list, char **path)
{
    const PS_ATTRIBUTE *given = find_attribute(list, PS_ATTRIBUTE_IMAGE_NAME);
    UNICODE_STRING name = parameters->ImagePathName;
    OBJECT_ATTRIBUTES attributes;

    if (given) {
        name.Buffer = given->ValuePtr;
        name.Length = name.MaximumLength = (USHORT)given->Size;
    }
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return path_nt_to_unix(&attributes, path);
}

/* Whether the file is a program that can run here; found out before a process is made, whose own complaint would go to
 * the terminal. */
static NTSTATUS check_program(const char *path)
{
    struct image_layout *layout = malloc(sizeof(*layout));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char header[4096];
    struct stat st;
    ssize_t got;
    NTSTATUS status;

    if (fd < 0 || fstat(fd, &st)) {
        status = errno_to_status(errno);
    } else if (S_ISDIR(st.st_mode)) {
        status = STATUS_FILE_IS_A_DIRECTORY;
    } else if (!layout) {
        status = STATUS_NO_MEMORY;
    } else if ((got = pread(fd, header, sizeof(header), 0)) < 0) {
        status = errno_to_status(errno);
    } else {
        status = image_parse(header, (size_t)got, (uint64_t)st.st_size, layout);
        if (status && layout->info.machine)
            status = STATUS_IMAGE_MACHINE_TYPE_MISMATCH_EXE;
        else if (status || layout->info.characteristics & IMAGE_FILE_DLL)
            status = STATUS_INVALID_IMAGE_FORMAT;
    }
    if (fd >= 0)
        close(fd);
    free(layout);
    return status;
}

static char *find_folder(const RTL_USER_PROCESS_PARAMETERS *parameters)
{
    WCHAR buffer[4 + 1024] = {'\\', '?', '?', '\\'};
    const UNICODE_STRING *dos = &parameters->CurrentDirectory.DosPath;
    UNICODE_STRING name = {0, 0, buffer};
    OBJECT_ATTRIBUTES attributes;
    char *folder;

    if (!dos->Length || dos->Length > 1024 * sizeof(WCHAR))
        return NULL;
    memcpy(buffer + 4, dos->Buffer, dos->Length);
    name.Length = name.MaximumLength = (USHORT)(4 * sizeof(WCHAR) + dos->Length);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return path_nt_to_unix(&attributes, &folder) ? NULL : folder;
}

static void fill_attributes(PS_ATTRIBUTE_LIST *list, const struct child_page *page, pid_t pid)
{
    SIZE_T count = list ? (list->TotalLength - sizeof(SIZE_T)) / sizeof(PS_ATTRIBUTE) : 0;

    for (SIZE_T i = 0; i < count; i++) {
        PS_ATTRIBUTE *attribute = &list->Attributes[i];

        if (attribute->Attribute == PS_ATTRIBUTE_CLIENT_ID) {
            CLIENT_ID *id = attribute->ValuePtr;

            id->UniqueProcess = ULongToHandle((ULONG)pid);
            id->UniqueThread = ULongToHandle((ULONG)page->tid);
        } else if (attribute->Attribute == PS_ATTRIBUTE_TEB_ADDRESS) {
            *(void **)attribute->ValuePtr = (void *)(uintptr_t)page->teb;
        }
    }
}

/* The jobs that the child is in: ours, and those that it is given. */
static NTSTATUS join_jobs(struct process_object *child, struct job_plan *plan,
                          const PS_ATTRIBUTE_LIST *list)
{
    const PS_ATTRIBUTE *given = find_attribute(list, PS_ATTRIBUTE_JOB_LIST);
    const HANDLE *handles = given ? given->ValuePtr : NULL;
    NTSTATUS status = job_finish_plan(plan, child);

    for (size_t i = 0; handles && i < given->Size / sizeof(HANDLE) && !status; i++) {
        struct job *job;

        status = handle_get(handles[i], &job_ops, JOB_OBJECT_ASSIGN_PROCESS, (struct object **)&job);
        if (status)
            break;
        status = job_add(job, child);
        object_release(&job->header);
    }
    return status;
}

NTSTATUS WINAPI NtCreateUserProcess(HANDLE *process_handle, HANDLE *thread_handle,
                                    ACCESS_MASK process_access, ACCESS_MASK thread_access,
                                    OBJECT_ATTRIBUTES *process_attributes,
                                    OBJECT_ATTRIBUTES *thread_attributes, ULONG process_flags,
                                    ULONG thread_flags, RTL_USER_PROCESS_PARAMETERS *parameters,
                                    PS_CREATE_INFO *info, PS_ATTRIBUTE_LIST *list)
{
    struct collector *collector = calloc(1, sizeof(*collector));
    struct child_page *page = MAP_FAILED;
    const PS_ATTRIBUTE *handle_list;
    struct job_plan plan = {.count = 0};
    struct sync *thread_sync;
    struct process_object *object = NULL;
    struct thread_object *thread = NULL;
    char *program = NULL, *folder = NULL;
    int blob_fd = -1, page_fd = -1, pidfd, error;
    HANDLE handles[2];
    ULONG flags[2];
    pid_t pid = 0;
    NTSTATUS status;

    (void)info;
    if (!collector)
        return STATUS_NO_MEMORY;
    status = find_program(parameters, list, &program);
    if (!status)
        status = check_program(program);
    if (status)
        goto done;
    folder = find_folder(parameters);
    collector->parameters = parameters;
    collector->inherit_all = process_flags & PROCESS_CREATE_FLAGS_INHERIT_HANDLES;
    if ((handle_list = find_attribute(list, PS_ATTRIBUTE_HANDLE_LIST))) {
        collector->only = handle_list->ValuePtr;
        collector->only_count = handle_list->Size / sizeof(HANDLE);
    }
    if (collector->inherit_all)
        handle_for_each_inherited(collect, collector);
    collect_std(collector, parameters->hStdInput);
    collect_std(collector, parameters->hStdOutput);
    collect_std(collector, parameters->hStdError);

    status = STATUS_NO_MEMORY;
    thread_sync = share_first_thread(collector);
    if (!thread_sync || collector->is_incomplete)
        goto done;
    page = make_page(&page_fd);
    if (page == MAP_FAILED)
        goto done;
    set_priority(page, find_attribute(list, PS_ATTRIBUTE_PRIORITY_CLASS));
    status = job_plan_child(&plan, process_flags & PROCESS_CREATE_FLAGS_BREAKAWAY);
    if (status)
        goto done;
    status = STATUS_NO_MEMORY;
    blob_fd = write_blob(parameters, collector,
                         !!(thread_flags & THREAD_CREATE_FLAGS_CREATE_SUSPENDED));
    if (blob_fd < 0)
        goto done;
    error = spawn(program, blob_fd, page_fd, collector, folder, &pid);
    if (error) {
        status = errno_to_status(-error);
        goto done;
    }
    status = await_start(page, pid);
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (status || pidfd < 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        status = status ? status : errno_to_status(errno);
        goto done;
    }
    status = process_object_create(pid, process.pid, pidfd, true, page, &object);
    if (status) {
        close(pidfd);
        goto done;
    }
    status = thread_object_create_remote(object, page->tid, thread_sync, &thread);
    if (!status) {
        thread->teb = (TEB *)(uintptr_t)page->teb;
        thread->start = (void *)(uintptr_t)page->entry;
    }
    fill_attributes(list, page, pid);
    page = MAP_FAILED; /* the object's now */
    if (!status)
        status = join_jobs(object, &plan, list);
    if (status)
        kill(pid, SIGKILL);
    if (!status)
        status = attributes_flags(process_attributes, &flags[0]);
    if (!status)
        status = attributes_flags(thread_attributes, &flags[1]);
    if (!status)
        status = handle_create(&object->header, process_access, flags[0], &handles[0]);
    if (!status && (status = handle_create(&thread->header, thread_access, flags[1], &handles[1])))
        NtClose(handles[0]);
    if (!status && (guest_copy_out(process_handle, &handles[0], sizeof(HANDLE)) ||
                    guest_copy_out(thread_handle, &handles[1], sizeof(HANDLE))))
        status = STATUS_ACCESS_VIOLATION;
done:
    job_finish_plan(&plan, NULL);
    if (object)
        object_release(&object->header);
    if (thread)
        object_release(&thread->header);
    if (page != MAP_FAILED)
        munmap(page, PAGE_BYTES);
    if (page_fd >= 0)
        close(page_fd);
    if (blob_fd >= 0)
        close(blob_fd);
    for (size_t i = 0; i < collector->count; i++)
        if (collector->list[i].object)
            object_release(collector->list[i].object);
    free(collector->list);
    free(collector);
    free(program);
    free(folder);
    return status;
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
        page = make_page(&own_page_fd);
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
    const char *variable = getenv("DECANT_CHILD");
    int blob_fd, page_fd;
    struct blob *blob;
    RTL_USER_PROCESS_PARAMETERS *parameters;
    SIZE_T bytes;
    off_t length;
    void *base = NULL;
    NTSTATUS status;

    *out = NULL;
    if (!variable || sscanf(variable, "%d:%d", &blob_fd, &page_fd) != 2)
        return STATUS_SUCCESS;
    unsetenv("DECANT_CHILD");
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
