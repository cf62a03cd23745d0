/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The private header of ntdll's Linux side: NT types, the per-thread and per-process state, and the
 * few helpers that every file here needs. What belongs to one concern has a header of its own
 * (object.h, virtual.h, file.h, sync.h …).
 *
 * Conventions. Functions that implement a system call are named as Windows names them, are WINAPI
 * (ms_abi) and return an NTSTATUS. All others are snake_case and return 0 or -errno, or an NTSTATUS
 * where the return type says so.
 */
#ifndef DECANT_NTDLL_UNIX_H
#define DECANT_NTDLL_UNIX_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winnt.h"
#include "winternl.h"

#include "decant/unixlib.h"

#define PAGE_SHIFT  12
#define PAGE_BYTES  ((size_t)1 << PAGE_SHIFT)
#define PAGE_OFFSET (PAGE_BYTES - 1)
#define GRANULARITY ((size_t)0x10000) /* MEM allocation granularity of Windows, 64 KiB */

/* --- Guest memory ------------------------------------------------------------------------------
 *
 * A pointer that came from the program may be bad. Windows' kernel answers STATUS_ACCESS_VIOLATION;
 * so do we: touch such memory between guest_try and guest_end. A fault in between continues at
 * the else-branch. No locks may be held and nothing may be allocated in the block.
 *
 *     if (guest_try()) { *out = value; guest_end(); } else return STATUS_ACCESS_VIOLATION;
 *
 * guest_copy_in/out do the common case and return STATUS_SUCCESS or STATUS_ACCESS_VIOLATION. A
 * failing call must leave guest memory untouched (write watch sees every touch), so check
 * everything before the first write.
 */
struct guest_jump {
    void *regs[8]; /* rbx rbp rsp r12 r13 r14 r15 rip, as guest_setjmp (dispatcher.S) saves them */
    struct guest_jump *previous;
};
int guest_setjmp(struct guest_jump *jump) __attribute__((returns_twice));
NTSTATUS guest_copy_in(void *dst, const void *guest_src, size_t bytes);
NTSTATUS guest_copy_out(void *guest_dst, const void *src, size_t bytes);

/* --- Threads -----------------------------------------------------------------------------------
 *
 * A thread runs the program's code on a Windows stack and ours on a Linux stack. `frame` sits at the
 * top of the Linux stack; dispatcher.S saves the program's registers there on each system call.
 * The layout is known to dispatcher.S (asserted in thread.c).
 */
struct syscall_frame {
    uint64_t rip;         /* 0x00 the program's return address */
    uint64_t rsp;         /* 0x08 its stack pointer after the return */
    uint64_t rbx;         /* 0x10 */
    uint64_t rbp;         /* 0x18 */
    uint64_t rsi;         /* 0x20 */
    uint64_t rdi;         /* 0x28 */
    uint64_t r12;         /* 0x30 */
    uint64_t r13;         /* 0x38 */
    uint64_t r14;         /* 0x40 */
    uint64_t r15;         /* 0x48 */
    uint64_t id;          /* 0x50 the system call's number */
    uint64_t restore;     /* 0x58 not 0: leave through `context`, all registers loaded from it */
    uint64_t rflags;      /* 0x60 */
    uint32_t mxcsr;       /* 0x68 */
    uint32_t reserved;    /* 0x6c */
    uint8_t xmm[10][16];  /* 0x70 xmm6 to xmm15 */
    CONTEXT *context;     /* 0x110 what to restore when `restore` is set (points to thread memory) */
    uint64_t reserved2;   /* 0x118 */
};

struct object;
struct sync;

struct thread {
    TEB *teb;
    pid_t tid;                    /* Linux' thread id, which is also the Windows thread id */
    struct syscall_frame *frame;  /* top of the Linux stack */
    void *linux_stack;            /* lowest address; below it a guard page */
    size_t linux_stack_bytes;
    struct guest_jump *guest_jump; /* innermost active guest_try, or NULL */
    struct object *object;        /* the thread object, which outlives the thread */
    struct thread *next, *previous; /* in process.threads, under process.thread_lock */

    /* Alerts: what ends an alertable wait, by thread_alert. The word is a futex that most sleeps include;
     * who sleeps on one object alone names that here instead. */
    _Atomic uint32_t alert_word;
    struct sync *_Atomic sleeps_on;
    _Atomic uint32_t alerted_by_id; /* NtAlertThreadByThreadId's sticky flag */
    struct apc *first_apc, *last_apc;   /* under apc.c's lock */
    _Atomic uint32_t apc_count;
    _Atomic uint32_t blocked; /* in a synchronous request that Linux blocks; owned by async_block.c */
    void *signal_state; /* owned by signal.c, suspend*.c */
    void *start;        /* the entry point, for questions about the thread */
    uint32_t exit_status;
    bool terminating;
    uint32_t owned_mutants; /* at least as many as it owns: none, and its end need not look for them */
};

extern __thread struct thread *current_thread __attribute__((tls_model("initial-exec")));

static inline struct thread *thread_self(void)
{
    return current_thread;
}

#define guest_try()                                                                                \
    ({                                                                                             \
        struct guest_jump *jump_ = __builtin_alloca(sizeof(*jump_));                               \
        jump_->previous = current_thread->guest_jump;                                              \
        current_thread->guest_jump = jump_;                                                        \
        guest_setjmp(jump_) == 0;                                                                  \
    })
#define guest_end() ((void)(current_thread->guest_jump = current_thread->guest_jump->previous))

/* --- The process ------------------------------------------------------------------------------- */

struct process {
    PEB *peb;
    struct thread *threads;
    pid_t pid;                   /* Linux' process id, which is also the Windows process id */
    const char *program_path;    /* Linux path of the .exe */
    const char *pe_dirs[8];      /* where DLLs are found: our own folder, DECANT_DLL_PATH, Wine's */
    const char *session_dir;     /* C: lives below it */
    const char *server_path;     /* Linux path of decantserver */
    void *ntdll_base;
    char **argv;                 /* the program's own arguments, argv[0] is the program */
    char **envp;
    size_t default_stack_reserve; /* from the program's header */
    size_t default_stack_commit;
    bool start_suspended;         /* CREATE_SUSPENDED: the first thread waits for ResumeThread */
};
extern struct process process;

void process_lock_threads(void);
void process_unlock_threads(void);

/* --- Diagnostics ------------------------------------------------------------------------------- */

/* DECANT_TRACE=channel,channel… (or "all") prints what the channel does to stderr. */
enum trace_channel {
    TRACE_SYSCALL, TRACE_LOADER, TRACE_VIRTUAL, TRACE_FILE, TRACE_SYNC, TRACE_THREAD, TRACE_SEH,
    TRACE_SERVER, TRACE_PROCESS, TRACE_CONSOLE, TRACE_WRITEWATCH, TRACE_CHANNELS
};
extern uint32_t trace_mask;
void trace_print(enum trace_channel channel, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#define trace(channel, ...)                                                                        \
    do {                                                                                           \
        if (__builtin_expect(trace_mask & (1u << (channel)), 0))                                   \
            trace_print(channel, __VA_ARGS__);                                                     \
    } while (0)

/* A one-line error of Decant itself on stderr, "decant: …". */
void report_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A system call that cannot be done without has failed (errno). Where the kernel lacks it or a sandbox denies it, the user
 * is told, once for each `is_told`, and what fails without it. */
void report_missing_call(_Atomic bool *is_told, const char *call, const char *without);

/* The NTSTATUS that Windows would answer where Linux answered this errno (positive). */
NTSTATUS errno_to_status(int error);

#define container_of(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

#endif
