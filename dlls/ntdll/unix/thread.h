/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Threads of the program: creation, start, end.
 */
#ifndef DECANT_NTDLL_UNIX_THREAD_H
#define DECANT_NTDLL_UNIX_THREAD_H

#include "unix.h"

/* Addresses in ntdll.dll where the Linux side sends a thread; found by main.c. */
struct ntdll_entries {
    void *LdrInitializeThunk;
    void *RtlUserThreadStart;
    void *KiUserExceptionDispatcher;
    void *KiUserApcDispatcher;
};
extern struct ntdll_entries ntdll_entries;

/* The first thread: TEB, stack, thread object. To be called on the process's first thread. */
NTSTATUS thread_init_first(size_t stack_reserve, size_t stack_commit, void *start);

/* Runs the first thread's program code; returns its exit status. */
uint32_t thread_run_first(void *start, void *argument);

/* Creates a thread of this process for another one (remote_service_thread.c). `flags`:
 * THREAD_CREATE_FLAGS_*; sizes 0: the program's. *object has a reference. */
struct thread_object;
NTSTATUS thread_create(void *start, void *argument, ULONG flags, SIZE_T stack_commit,
                       SIZE_T stack_reserve, struct thread_object **object, TEB **teb);

/* Ends the calling thread, on its Linux stack: everything it owned is let go, its object is signalled. The
 * last thread's end is the process's. */
void thread_exit(uint32_t status) __attribute__((noreturn));

/* Ends the process at once, without a word to the program's half. */
void process_exit(uint32_t status) __attribute__((noreturn));
/* The same with an exit code of its own for Linux. */
void process_exit_as(uint32_t status, int linux_code) __attribute__((noreturn));

/* Whether the calling thread is the only one that lives. */
bool thread_is_last(void);

/* --- Provided by the sync room (weak: absent in the first slices and in unit tests) --- */

/* Makes the thread object; *thread* keeps the reference. */
NTSTATUS thread_object_create(struct thread *thread) __attribute__((weak));
/* The thread ended: its object is signalled, its mutants are abandoned. */
void thread_object_exited(struct thread *thread, uint32_t status) __attribute__((weak));
/* ExitProcess has stopped all other threads: they have ended, for whoever waits for them or for what they own. */
void thread_objects_end_others(uint32_t status) __attribute__((weak));
/* A process of ours ends (all its threads do): same for every thread, and the server is told. */
void process_object_exiting(uint32_t status) __attribute__((weak));

/* Ends another process. */
NTSTATUS process_terminate(HANDLE handle, uint32_t status) __attribute__((weak));

/* --- Provided by suspend*.c, thread_end.c --- */

/* CREATE_SUSPENDED, first step, on the new thread: its suspend count becomes 1. */
void suspend_init_suspended(struct thread *thread) __attribute__((weak));
/* Second step: waits until the count is 0. `context` is what Get/SetContextThread work on. False: the
 * thread is to end without having begun, with *exit_status. */
bool suspend_park_before_start(struct thread *thread, CONTEXT *context, uint32_t *exit_status)
    __attribute__((weak));
/* How often the thread of this process is suspended; 0 when there is none of that id. */
ULONG thread_suspend_count(pid_t tid) __attribute__((weak));
/* Ends all threads of the process but the calling one, and returns when they are gone. */
void terminate_other_threads(uint32_t status);
/* Ends another thread of this process. */
NTSTATUS thread_terminate(HANDLE handle, uint32_t status);

#endif
