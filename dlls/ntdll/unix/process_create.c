/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtCreateUserProcess: a Windows program starts another one.
 *
 * The child is a `decant` of its own. What it is given travels in a memfd (process_handover.h) whose number is in its
 * environment. The first page of a second memfd is shared between the two for as long as both live (child.h): there
 * the child says that it runs, where its PEB is, and how it ended. The parent watches the child by pidfd.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
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
#include "image.h"
#include "job.h"
#include "path.h"
#include "process_handover.h"
#include "process_object.h"
#include "sync.h"

#define START_LIMIT_NS  30000000000ull

static const PS_ATTRIBUTE *find_attribute(const PS_ATTRIBUTE_LIST *list, ULONG_PTR name)
{
    SIZE_T count = list ? (list->TotalLength - sizeof(SIZE_T)) / sizeof(PS_ATTRIBUTE) : 0;

    for (SIZE_T i = 0; i < count; i++)
        if (list->Attributes[i].Attribute == name)
            return &list->Attributes[i];
    return NULL;
}

/* Starts the Linux process with just the descriptors it is to have. */
static int spawn(const char *program, int blob_fd, int page_fd, const struct handover *handover,
                 const char *folder, pid_t *pid)
{
    char *variable = NULL, *arguments[] = {(char *)"decant", (char *)"--", (char *)program, NULL};
    size_t count = 0;
    char **environment;
    sigset_t none, old;
    int error = 0, ready[2];

    if (asprintf(&variable, HANDOVER_VARIABLE "=" HANDOVER_NUMBERS, blob_fd, page_fd) < 0)
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
        if (strncmp(process.envp[i], HANDOVER_VARIABLE "=", sizeof(HANDOVER_VARIABLE)))
            environment[put++] = process.envp[i];

    sigfillset(&none);
    pthread_sigmask(SIG_SETMASK, &none, &old);
    *pid = vfork();
    if (!*pid) {
        /* Only calls that are safe between vfork and exec. */
        struct sigaction action = {.sa_handler = SIG_DFL};

        sigaction(SIGPIPE, &action, NULL); /* ignored by us; that would be inherited */
        handover_keep_descriptors(handover);
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
    const PS_ATTRIBUTE *only = find_attribute(list, PS_ATTRIBUTE_HANDLE_LIST);
    struct handover *handover = NULL;
    struct child_page *page = MAP_FAILED;
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
    status = find_program(parameters, list, &program);
    if (!status)
        status = check_program(program);
    if (status)
        goto done;
    folder = find_folder(parameters);
    status = STATUS_NO_MEMORY;
    handover = handover_create(parameters, process_flags & PROCESS_CREATE_FLAGS_INHERIT_HANDLES,
                               only ? only->ValuePtr : NULL, only ? only->Size / sizeof(HANDLE) : 0);
    thread_sync = handover ? handover_share_first_thread(handover) : NULL;
    if (!thread_sync)
        goto done;
    page = child_page_create(&page_fd);
    if (page == MAP_FAILED)
        goto done;
    set_priority(page, find_attribute(list, PS_ATTRIBUTE_PRIORITY_CLASS));
    status = job_plan_child(&plan, process_flags & PROCESS_CREATE_FLAGS_BREAKAWAY);
    if (status)
        goto done;
    status = STATUS_NO_MEMORY;
    blob_fd = handover_write(handover, !!(thread_flags & THREAD_CREATE_FLAGS_CREATE_SUSPENDED));
    if (blob_fd < 0)
        goto done;
    error = spawn(program, blob_fd, page_fd, handover, folder, &pid);
    if (error) {
        status = errno_to_status(-error);
        goto done;
    }
    status = await_start(page, pid);
    pidfd = process_open_pidfd(pid);
    if (status || pidfd < 0) {
        status = status ? status : errno_to_status(errno);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
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
    handover_free(handover);
    free(program);
    free(folder);
    return status;
}
