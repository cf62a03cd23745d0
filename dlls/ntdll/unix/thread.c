/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Threads: a Windows thread is a pthread with a TEB (reached by GS), a Windows stack that the
 * program runs on, and the pthread's own stack that our system calls run on.
 *
 * Life of a struct thread: made by the creator, who waits until the new thread has filled in its Linux id;
 * freed by the thread itself in thread_exit. Others reach it through process.threads under the
 * thread lock only, or through the thread object, whose `thread` pointer is cleared under that lock.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <asm/prctl.h>
#include <linux/futex.h>
#include <unistd.h>

#include "async.h"
#include "console.h"
#include "dispatcher.h"
#include "object.h"
#include "process_object.h"
#include "remote.h"
#include "signal.h"
#include "thread.h"
#include "virtual.h"

#define LINUX_STACK_BYTES (256 * 1024)

__thread struct thread *current_thread __attribute__((tls_model("initial-exec")));
struct process process;
struct ntdll_entries ntdll_entries;

static pthread_mutex_t thread_lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t live_threads;

_Static_assert(offsetof(struct syscall_frame, xmm) == 0x70, "known to dispatcher.S");
_Static_assert(offsetof(struct syscall_frame, context) == 0x110, "known to dispatcher.S");
_Static_assert(sizeof(struct syscall_frame) == 0x120, "known to dispatcher.S");
_Static_assert(offsetof(TEB, GdiTebBatch) == 0x2f0, "where DECANT_TEB_FRAME lies");

void process_lock_threads(void)
{
    pthread_mutex_lock(&thread_lock);
}

void process_unlock_threads(void)
{
    pthread_mutex_unlock(&thread_lock);
}

NTSTATUS guest_copy_in(void *dst, const void *guest_src, size_t bytes)
{
    if (!guest_try())
        return STATUS_ACCESS_VIOLATION;
    memcpy(dst, guest_src, bytes);
    guest_end();
    return STATUS_SUCCESS;
}

NTSTATUS guest_copy_out(void *guest_dst, const void *src, size_t bytes)
{
    if (!guest_try())
        return STATUS_ACCESS_VIOLATION;
    memcpy(guest_dst, src, bytes);
    guest_end();
    return STATUS_SUCCESS;
}

static void teb_init(struct thread *thread)
{
    TEB *teb = thread->teb;

    teb->Tib.Self = &teb->Tib;
    teb->Tib.ExceptionList = (void *)~(uintptr_t)0;
    teb->Peb = process.peb;
    teb->ClientId.UniqueProcess = ULongToHandle((ULONG)process.pid);
    teb->StaticUnicodeString.Buffer = teb->StaticUnicodeBuffer;
    teb->StaticUnicodeString.MaximumLength = sizeof(teb->StaticUnicodeBuffer);
    InitializeListHead(&teb->TlsLinks);
}

static void thread_free(struct thread *thread)
{
    if (thread->teb) {
        if (thread->teb->DeallocationStack)
            virtual_free(thread->teb->DeallocationStack);
        virtual_free(thread->teb);
    }
    if (thread->object)
        object_release(thread->object);
    free(thread);
}

static NTSTATUS thread_alloc(size_t stack_reserve, size_t stack_commit, void *start,
                             struct thread **out)
{
    struct thread *thread = calloc(1, sizeof(*thread));
    NTSTATUS status;

    if (!thread)
        return STATUS_NO_MEMORY;
    thread->start = start;
    status = virtual_alloc_teb(&thread->teb);
    if (!status) {
        teb_init(thread);
        status = virtual_alloc_stack(thread->teb, stack_reserve, stack_commit);
    }
    if (!status && thread_object_create)
        status = thread_object_create(thread);
    if (status) {
        thread_free(thread);
        return status;
    }
    *out = thread;
    return STATUS_SUCCESS;
}

/* The calling pthread becomes the thread. */
static NTSTATUS thread_attach(struct thread *thread)
{
    NTSTATUS status;

    thread->tid = gettid();
    thread->teb->ClientId.UniqueThread = ULongToHandle((ULONG)thread->tid);
    current_thread = thread;
    if (syscall(SYS_arch_prctl, ARCH_SET_GS, thread->teb))
        return errno_to_status(errno);
    /* Short timeouts are what spinning locks ask for; Linux' default slack adds 50 us to each. */
    prctl(PR_SET_TIMERSLACK, 1);
    status = signal_init_thread(thread);
    if (status)
        return status;

    process_lock_threads();
    thread->next = process.threads;
    if (process.threads)
        process.threads->previous = thread;
    process.threads = thread;
    live_threads++;
    process_unlock_threads();
    return STATUS_SUCCESS;
}

/* The context that a thread starts with lies on top of its Windows stack, as on Windows, so that
 * LdrInitializeThunk can hand it to NtContinue and a debugger finds it. */
static CONTEXT *push_start_context(struct thread *thread, void *start, void *argument)
{
    uintptr_t top = (uintptr_t)thread->teb->Tib.StackBase;
    CONTEXT *context = (CONTEXT *)((top - 0x40 - sizeof(CONTEXT)) & ~(uintptr_t)15);

    memset(context, 0, sizeof(*context));
    context->ContextFlags = CONTEXT_FULL | CONTEXT_SEGMENTS;
    context->Rip = (ULONG64)ntdll_entries.RtlUserThreadStart;
    context->Rcx = (ULONG64)start;
    context->Rdx = (ULONG64)argument;
    context->Rsp = (ULONG64)top - 0x28; /* home space, and misaligned by 8 as after a call */
    context->EFlags = 0x200;
    context->SegCs = 0x33;
    context->SegDs = context->SegEs = context->SegGs = context->SegSs = 0x2b;
    context->SegFs = 0x53;
    context->MxCsr = context->FltSave.MxCsr = 0x1f80;
    context->FltSave.MxCsr_Mask = 0x2ffff;
    context->FltSave.ControlWord = 0x27f;
    return context;
}

static void run_guest(struct thread *thread, CONTEXT *context)
{
    uintptr_t stack = ((uintptr_t)context - 0x40) & ~(uintptr_t)15;

    dispatcher_run_guest(&thread->frame, ntdll_entries.LdrInitializeThunk, (void *)stack, context);
}

NTSTATUS thread_init_first(size_t stack_reserve, size_t stack_commit, void *start)
{
    struct thread *thread;
    NTSTATUS status = thread_alloc(stack_reserve, stack_commit, start, &thread);
    sigset_t stops;

    if (status)
        return status;
    /* Until dispatcher_run_guest; faults of ours are still to be seen. */
    sigemptyset(&stops);
    sigaddset(&stops, SIGNAL_SUSPEND);
    sigaddset(&stops, SIGNAL_TERMINATE);
    pthread_sigmask(SIG_BLOCK, &stops, NULL);
    return thread_attach(thread);
}

/* Ends the calling thread but for its pthread; with the last one, the process. */
static void end(struct thread *thread, uint32_t status)
{
    sigset_t all;
    bool is_last;

    async_cancel(NULL, thread->tid, NULL); /* its requests end with it, as on Windows */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    /* Counted in one step with the look: of two that end at once, one must find itself the last. */
    process_lock_threads();
    is_last = live_threads == 1;
    if (!is_last)
        live_threads--;
    process_unlock_threads();
    if (is_last)
        process_exit(status);
    thread->exit_status = status;
    if (thread_object_exited)
        thread_object_exited(thread, status);

    process_lock_threads();
    if (thread->next)
        thread->next->previous = thread->previous;
    if (thread->previous)
        thread->previous->next = thread->next;
    else
        process.threads = thread->next;
    process_unlock_threads();

    signal_exit_thread(thread);
    current_thread = NULL;
    thread_free(thread);
}

uint32_t thread_run_first(void *start, void *argument)
{
    struct thread *thread = current_thread;
    CONTEXT *context = push_start_context(thread, start, argument);
    uint32_t status;

    if (process.start_suspended && !suspend_park_before_start(thread, context, &status))
        end(thread, status);
    else
        run_guest(thread, context);
    prctl(PR_SET_NAME, "decant:ended"); /* no thread of the program's: system_process.c */
    /* Reached when the first thread ended by ExitThread while others live on: the pthread must stay,
     * because the end of Linux' first thread would make a zombie of the process. */
    for (;;)
        pause();
}

struct start_info {
    struct thread *thread;
    void *start;
    void *argument;
    bool suspended;
    bool is_for_another; /* made by the service thread, whose name it must not keep */
    PS_ATTRIBUTE_LIST *attributes;
    NTSTATUS status;
    _Atomic uint32_t ready; /* futex: 1 once status is set and the thread has its id */
};

/* Fills the out-attributes of NtCreateThreadEx (client id, TEB address). */
static void fill_attributes(PS_ATTRIBUTE_LIST *list, CLIENT_ID id, TEB *teb)
{
    SIZE_T count;

    if (!list)
        return;
    count = (list->TotalLength - sizeof(list->TotalLength)) / sizeof(PS_ATTRIBUTE);
    for (SIZE_T i = 0; i < count; i++) {
        PS_ATTRIBUTE *attribute = &list->Attributes[i];

        if (attribute->Attribute == PS_ATTRIBUTE_CLIENT_ID)
            *(CLIENT_ID *)attribute->ValuePtr = id;
        else if (attribute->Attribute == PS_ATTRIBUTE_TEB_ADDRESS)
            *(TEB **)attribute->ValuePtr = teb;
    }
}

static void *thread_main(void *pointer)
{
    struct start_info *info = pointer;
    struct thread *thread = info->thread;
    CONTEXT *context = push_start_context(thread, info->start, info->argument);
    bool suspended = info->suspended;
    uint32_t status;

    if (info->is_for_another)
        prctl(PR_SET_NAME, "decant"); /* one that the list of threads shows: system_process.c */
    info->status = thread_attach(thread);
    if (!info->status && suspended && suspend_init_suspended)
        suspend_init_suspended(thread);
    /* Here and not by the creator, for whom this thread may be gone at any time after `ready`. */
    if (!info->status && info->attributes && guest_try()) {
        fill_attributes(info->attributes, thread->teb->ClientId, thread->teb);
        guest_end();
    }
    bool failed = info->status != STATUS_SUCCESS;
    /* `info` is the creator's: not ours any more once it is ready. */
    atomic_store(&info->ready, 1);
    syscall(SYS_futex, &info->ready, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    if (failed)
        return NULL;
    if (suspended && suspend_park_before_start &&
        !suspend_park_before_start(thread, context, &status))
        end(thread, status);
    else
        run_guest(thread, context);
    return NULL;
}

static NTSTATUS start_pthread(struct start_info *info)
{
    pthread_attr_t attributes;
    pthread_t pthread;
    sigset_t all, old;
    int error;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, LINUX_STACK_BYTES);
    /* No signal may arrive before the thread has its alternate stack. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&pthread, &attributes, thread_main, info);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    if (error)
        return errno_to_status(error);
    while (!atomic_load(&info->ready))
        syscall(SYS_futex, &info->ready, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    return info->status;
}

static NTSTATUS prepare(void *start, ULONG flags, SIZE_T stack_commit, SIZE_T stack_reserve,
                        struct thread **thread)
{
    NTSTATUS status = thread_alloc(stack_reserve ? stack_reserve : process.default_stack_reserve,
                                   stack_commit ? stack_commit : process.default_stack_commit,
                                   start, thread);

    if (!status && flags & THREAD_CREATE_FLAGS_SKIP_THREAD_ATTACH)
        (*thread)->teb->SameTebFlags |= TEB_FLAG_SKIP_THREAD_ATTACH;
    return status;
}

NTSTATUS thread_create(void *start, void *argument, ULONG flags, SIZE_T stack_commit,
                       SIZE_T stack_reserve, struct thread_object **object, TEB **teb)
{
    struct start_info info = {.start = start,
                              .argument = argument,
                              .is_for_another = true,
                              .suspended = !!(flags & THREAD_CREATE_FLAGS_CREATE_SUSPENDED)};
    NTSTATUS status = prepare(start, flags, stack_commit, stack_reserve, &info.thread);

    if (status)
        return status;
    *object = (struct thread_object *)info.thread->object;
    *teb = info.thread->teb;
    object_retain(&(*object)->header);
    status = start_pthread(&info);
    if (status) {
        object_release(&(*object)->header);
        thread_free(info.thread);
    }
    return status;
}

static NTSTATUS create_in_process(HANDLE *handle, ACCESS_MASK access,
                                  OBJECT_ATTRIBUTES *attributes, struct process_object *target,
                                  void *start, void *argument, ULONG flags, SIZE_T stack_commit,
                                  SIZE_T stack_reserve, PS_ATTRIBUTE_LIST *list)
{
    struct thread_object *object;
    HANDLE result;
    NTSTATUS status = remote_thread_create(target, start, argument, flags, stack_commit,
                                           stack_reserve, &object);

    if (status)
        return status;
    status = handle_create(&object->header, access ? access : THREAD_ALL_ACCESS,
                           attributes ? attributes->Attributes : 0, &result);
    if (!status && guest_try()) {
        CLIENT_ID id = {ULongToHandle((ULONG)target->pid), ULongToHandle((ULONG)object->tid)};

        fill_attributes(list, id, object->teb);
        guest_end();
    }
    object_release(&object->header);
    return status ? status : guest_copy_out(handle, &result, sizeof(result));
}

NTSTATUS WINAPI NtCreateThreadEx(HANDLE *handle, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes,
                                 HANDLE target, PRTL_THREAD_START_ROUTINE start, void *argument,
                                 ULONG flags, ULONG_PTR zero_bits, SIZE_T stack_commit,
                                 SIZE_T stack_reserve, PS_ATTRIBUTE_LIST *list)
{
    struct start_info info = {0};
    struct process_object *remote;
    struct thread *thread;
    struct object *object;
    HANDLE result;
    NTSTATUS status;

    (void)zero_bits;
    status = remote_target(target, PROCESS_CREATE_THREAD, &remote);
    if (!status && remote) {
        status = create_in_process(handle, access, attributes, remote, (void *)start, argument,
                                   flags, stack_commit, stack_reserve, list);
        object_release(&remote->header);
        return status;
    }
    if (!status)
        status = prepare((void *)start, flags, stack_commit, stack_reserve, &thread);
    if (status)
        return status;

    object = thread->object;
    if (object) {
        object_retain(object);
        status = handle_create(object, access ? access : THREAD_ALL_ACCESS,
                               attributes ? attributes->Attributes : 0, &result);
    } else {
        result = NULL;
    }
    if (!status) {
        info = (struct start_info){.thread = thread,
                                   .start = (void *)start,
                                   .argument = argument,
                                   .attributes = list,
                                   .suspended = !!(flags & THREAD_CREATE_FLAGS_CREATE_SUSPENDED)};
        status = start_pthread(&info);
        if (status && object)
            NtClose(result);
    }
    if (status) {
        if (object)
            object_release(object);
        thread_free(thread);
        return status;
    }
    if (object)
        object_release(object);
    return guest_copy_out(handle, &result, sizeof(result));
}

bool thread_is_last(void)
{
    bool is_last;

    process_lock_threads();
    is_last = live_threads == 1;
    process_unlock_threads();
    return is_last;
}

void thread_exit(uint32_t status)
{
    struct syscall_frame *frame = current_thread->frame;

    end(current_thread, status);
    dispatcher_leave_guest(frame);
}

void process_exit_as(uint32_t status, int linux_code)
{
    if (process_object_exiting)
        process_object_exiting(status);
    console_process_exiting(status);
    _exit(linux_code);
}

void process_exit(uint32_t status)
{
    /* Linux keeps eight bits of an exit code; the server carries the whole of it to Windows
     * parents. A code whose low byte is 0 must not look like success to a shell. */
    process_exit_as(status, status && !(status & 0xff) ? 1 : (int)(status & 0xff));
}

NTSTATUS WINAPI NtTerminateProcess(HANDLE handle, LONG status)
{
    /* First call of RtlExitUserProcess: end the other threads, return to the caller. */
    if (!handle) {
        terminate_other_threads((uint32_t)status);
        if (thread_objects_end_others)
            thread_objects_end_others((uint32_t)status);
        return STATUS_SUCCESS;
    }
    if (handle == NtCurrentProcess())
        process_exit((uint32_t)status);
    if (process_terminate)
        return process_terminate(handle, (uint32_t)status);
    return STATUS_INVALID_HANDLE;
}

NTSTATUS WINAPI NtTerminateThread(HANDLE handle, LONG status)
{
    if (handle == NtCurrentThread())
        thread_exit((uint32_t)status);
    return thread_terminate(handle, (uint32_t)status);
}
