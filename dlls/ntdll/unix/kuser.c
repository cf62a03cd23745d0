/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * KUSER_SHARED_DATA at 0x7ffe0000: version, processor features, and clocks that tick.
 *
 * Few programs read this page (their runtimes call functions instead), and a ticking page costs a
 * thread that wakes up for ever. So the page is laid out without access; the first touch fills
 * it, makes it readable and starts the ticker.
 */
#include <cpuid.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "kuser.h"
#include "signal.h"
#include "views.h"
#include "ddk/wdm.h"

#define KUSER_ADDRESS   ((void *)0x7ffe0000)
#define TICK_NS         1000000    /* 1 ms: finer than Windows' 15.6 ms default, as its games ask for */
#define EPOCH_1601_100NS 116444736000000000ull

static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
static KSHARED_USER_DATA *writable; /* a second mapping of the page */
static int page_fd = -1;
static _Atomic bool is_ticking;

static uint64_t clock_100ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 10000000 + (uint64_t)now.tv_nsec / 100;
}

/* Readers take High1Time, LowPart, High2Time and retry when the two highs differ. */
static void store_time(volatile KSYSTEM_TIME *time, uint64_t value)
{
    time->High2Time = (LONG)(value >> 32);
    atomic_thread_fence(memory_order_release);
    time->LowPart = (ULONG)value;
    atomic_thread_fence(memory_order_release);
    time->High1Time = (LONG)(value >> 32);
}

static void tick(void)
{
    uint64_t boot = clock_100ns(CLOCK_BOOTTIME);

    store_time(&writable->SystemTime, clock_100ns(CLOCK_REALTIME) + EPOCH_1601_100NS);
    store_time(&writable->InterruptTime, boot);
    /* TickCount counts milliseconds here: TickCountMultiplier is 1 << 24. */
    store_time(&writable->TickCount, boot / 10000);
    writable->TickCountLowDeprecated = (ULONG)(boot / 10000);
}

static void *ticker(void *unused)
{
    struct timespec pause = {0, TICK_NS};

    (void)unused;
    prctl(PR_SET_NAME, "decant:clock"); /* no thread of the program's: system_process.c */
    for (;;) {
        tick();
        nanosleep(&pause, NULL);
    }
    return NULL;
}

_Static_assert(offsetof(KSHARED_USER_DATA, XState) == 0x3d8, "known to rtl_xstate.c");

/* The parts of the CPU's extended state that contexts carry, in the standard format (CPUID leaf 13). */
static void fill_xstate(XSTATE_CONFIGURATION *config)
{
    ULONG64 features = context_xstate_features();

    if (!(features & ~3ull))
        return;
    config->EnabledFeatures = config->EnabledVolatileFeatures = features;
    config->Features[0].Size = offsetof(XSAVE_FORMAT, XmmRegisters);
    config->Features[1].Offset = offsetof(XSAVE_FORMAT, XmmRegisters);
    config->Features[1].Size = sizeof(((XSAVE_FORMAT *)0)->XmmRegisters);
    config->Size = 512 + 64; /* legacy part and header */
    for (ULONG i = 2; i < MAXIMUM_XSTATE_FEATURES; i++) {
        unsigned eax, ebx, ecx, edx;

        if (!(features >> i & 1) || !__get_cpuid_count(13, i, &eax, &ebx, &ecx, &edx))
            continue;
        config->Features[i].Offset = ebx;
        config->Features[i].Size = eax;
        if (ebx + eax > config->Size)
            config->Size = ebx + eax;
    }
}

/* PROCESSOR_FEATURE_MAX flags, indexed by PF_*. */
static void fill_processor_features(BOOLEAN *features)
{
    __builtin_cpu_init();
    features[PF_COMPARE_EXCHANGE_DOUBLE] = TRUE;
    features[PF_MMX_INSTRUCTIONS_AVAILABLE] = TRUE;
    features[PF_XMMI_INSTRUCTIONS_AVAILABLE] = TRUE;
    features[PF_XMMI64_INSTRUCTIONS_AVAILABLE] = TRUE;
    features[PF_RDTSC_INSTRUCTION_AVAILABLE] = TRUE;
    features[PF_NX_ENABLED] = TRUE;
    features[PF_COMPARE_EXCHANGE128] = TRUE;
    features[PF_COMPARE64_EXCHANGE128] = FALSE;
    features[PF_FASTFAIL_AVAILABLE] = TRUE;
    features[PF_SSE3_INSTRUCTIONS_AVAILABLE] = !!__builtin_cpu_supports("sse3");
    features[PF_SSSE3_INSTRUCTIONS_AVAILABLE] = !!__builtin_cpu_supports("ssse3");
    features[PF_SSE4_1_INSTRUCTIONS_AVAILABLE] = !!__builtin_cpu_supports("sse4.1");
    features[PF_SSE4_2_INSTRUCTIONS_AVAILABLE] = !!__builtin_cpu_supports("sse4.2");
    features[PF_AVX_INSTRUCTIONS_AVAILABLE] = !!__builtin_cpu_supports("avx");
    features[PF_AVX2_INSTRUCTIONS_AVAILABLE] = !!__builtin_cpu_supports("avx2");
    features[PF_AVX512F_INSTRUCTIONS_AVAILABLE] = !!__builtin_cpu_supports("avx512f");
    features[PF_XSAVE_ENABLED] = !!__builtin_cpu_supports("avx");
}

static void fill(void)
{
    static const WCHAR root[] = L"C:\\windows";

    writable->TickCountMultiplier = 1 << 24;
    memcpy(writable->NtSystemRoot, root, sizeof(root));
    writable->NtProductType = NtProductWinNt;
    writable->ProductTypeIsValid = TRUE;
    writable->NtMajorVersion = 10;
    writable->NtMinorVersion = 0;
    writable->NtBuildNumber = 19045;
    writable->NumberOfPhysicalPages = (ULONG)sysconf(_SC_PHYS_PAGES);
    writable->ActiveProcessorCount = (ULONG)sysconf(_SC_NPROCESSORS_ONLN);
    writable->ActiveGroupCount = 1;
    writable->ImageNumberLow = writable->ImageNumberHigh = 0x8664;
    fill_processor_features(writable->ProcessorFeatures);
    fill_xstate(&writable->XState);
}

int kuser_init(void)
{
    void *page = mmap(KUSER_ADDRESS, PAGE_BYTES, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

    struct view *view;
    sigset_t signals;
    bool done;

    if (page == MAP_FAILED)
        return -errno;
    if (page != KUSER_ADDRESS)
        return -EEXIST;
    virtual_lock(&signals);
    view = view_add(KUSER_ADDRESS, PAGE_BYTES, MEM_PRIVATE, PAGE_READONLY, VIEW_SYSTEM);
    done = view && runs_set(view, 0, 1, PAGE_READONLY);
    virtual_unlock(&signals);
    return done ? 0 : -ENOMEM;
}

static int start_ticking(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, old;
    int error = 0;

    page_fd = memfd_create("decant-kuser", MFD_CLOEXEC);
    if (page_fd < 0 || ftruncate(page_fd, (off_t)PAGE_BYTES))
        return -errno;
    writable = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);
    if (writable == MAP_FAILED)
        return -errno;
    fill();
    tick();
    if (mmap(KUSER_ADDRESS, PAGE_BYTES, PROT_READ, MAP_SHARED | MAP_FIXED, page_fd, 0) ==
        MAP_FAILED)
        return -errno;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 64 * 1024);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = -pthread_create(&thread, &attributes, ticker, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

bool kuser_handle_fault(const void *address, bool is_write)
{
    bool resolved = true;

    if ((uintptr_t)address - (uintptr_t)KUSER_ADDRESS >= PAGE_BYTES || is_write)
        return false;
    /* The interrupted code is the program's (it alone touches the page), so it holds no lock of
     * ours and a mutex may be taken in the handler. */
    pthread_mutex_lock(&start_lock);
    if (!atomic_load(&is_ticking)) {
        int error = start_ticking();

        if (error) {
            report_error("cannot provide KUSER_SHARED_DATA: %s", strerror(-error));
            resolved = false;
        } else {
            atomic_store(&is_ticking, true);
        }
    }
    pthread_mutex_unlock(&start_lock);
    return resolved;
}
