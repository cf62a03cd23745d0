/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The start and end of the process and of its threads, as the program sees them: LdrInitializeThunk is
 * the first instruction of each thread, RtlUserThreadStart calls its entry point, and the
 * shutdown functions call DllMain in Windows' order.
 */
#include "ldr.h"
#include "rtl_printf.h"

bool process_is_exiting;
bool is_starting = true;

static PEB_LDR_DATA ldr_data;
static struct module *program; /* has TLS callbacks, called after all DLLs, and no DllMain */

/* Whichever thread comes first makes the process ready, as on Windows: in one that was created suspended that may be a
 * thread which another process put in. The others wait until it is done. */
enum { INIT_NOT_BEGUN, INIT_RUNNING, INIT_DONE };
static _Atomic uint32_t init_state;

static struct module *create_startup_module(void *base, const WCHAR *name)
{
    const IMAGE_DOS_HEADER *dos = base;
    const IMAGE_NT_HEADERS64 *nt = (void *)((char *)base + dos->e_lfanew);
    struct decant_image image = {
        .base = (ULONG_PTR)base,
        .bytes = nt->OptionalHeader.SizeOfImage,
        .entry = nt->OptionalHeader.AddressOfEntryPoint
                     ? (ULONG_PTR)base + nt->OptionalHeader.AddressOfEntryPoint
                     : 0,
        .machine = nt->FileHeader.Machine,
        .characteristics = nt->FileHeader.Characteristics,
        .preferred_base = nt->OptionalHeader.ImageBase,
    };
    struct module *module;

    if (module_create(&image, name, &module))
        return NULL;
    module_pin(module);
    module->entry.LoadReason = LoadReasonStaticDependency;
    return module;
}

static NTSTATUS init_process(void)
{
    extern IMAGE_DOS_HEADER __ImageBase;
    PEB *peb = current_peb();
    struct module *ntdll, *kernel32;
    UNICODE_STRING name;
    NTSTATUS status;

    ldr_data.Length = sizeof(ldr_data);
    InitializeListHead(&ldr_data.InLoadOrderModuleList);
    InitializeListHead(&ldr_data.InMemoryOrderModuleList);
    InitializeListHead(&ldr_data.InInitializationOrderModuleList);
    peb->LdrData = &ldr_data;
    peb->LoaderLock = &loader_lock;
    heap_init();
    nls_init();

    program = create_startup_module(peb->ImageBaseAddress,
                                    peb->ProcessParameters->ImagePathName.Buffer);
    ntdll = create_startup_module(&__ImageBase, L"C:\\windows\\system32\\ntdll.dll");
    if (!program || !ntdll)
        return STATUS_NO_MEMORY;
    ntdll->is_resolved = ntdll->is_attached = true;
    InsertTailList(&ldr_data.InInitializationOrderModuleList,
                   &ntdll->entry.InInitializationOrderLinks);

    /* kernel32 is part of every process, imported or not. */
    RtlInitUnicodeString(&name, L"kernel32.dll");
    status = module_load(NULL, &name, 0, program, &kernel32);
    if (status)
        return status;
    status = module_resolve_imports(program, NULL);
    if (!status)
        status = tls_attach_thread();
    if (!status)
        status = tls_add_module(program);
    if (status)
        return status;

    /* What the program's start needed stays. */
    for (LIST_ENTRY *link = ldr_data.InLoadOrderModuleList.Flink;
         link != &ldr_data.InLoadOrderModuleList; link = link->Flink)
        module_pin(CONTAINING_RECORD(link, struct module, entry.InLoadOrderLinks));

    status = module_attach(kernel32, (void *)1);
    if (status)
        return status;
    base_thread_start = module_export(kernel32, "BaseThreadInitThunk", 0, -1);
    ldr_data.Initialized = TRUE;
    return module_attach(program, (void *)1);
}

/* --- Failure to start --- */

static bool failure_is_told;

void report_start_failure(const char *format, ...)
{
    char text[1024];
    va_list args;

    if (failure_is_told)
        return;
    failure_is_told = true;
    va_start(args, format);
    _vsnprintf(text, sizeof(text) - 1, format, args);
    va_end(args);
    text[sizeof(text) - 1] = 0;
    report_error("%s", text);
}

static void fail_start(NTSTATUS status)
{
    const WCHAR *path = current_peb()->ProcessParameters->ImagePathName.Buffer;

    if (status == STATUS_INVALID_IMAGE_FORMAT)
        report_start_failure("%ls: the program's image is malformed (its imports or thread-local "
                             "storage)", path);
    else
        report_start_failure("%ls: the program could not be started (status 0x%08x)", path,
                             (unsigned)status);
    DecantFailStart(status);
}

static void attach_thread(void)
{
    lock_loader();
    if (tls_attach_thread())
        RtlRaiseStatus(STATUS_NO_MEMORY);
    if (!(NtCurrentTeb()->SameTebFlags & TEB_FLAG_SKIP_THREAD_ATTACH)) {
        for (LIST_ENTRY *link = ldr_data.InInitializationOrderModuleList.Flink;
             link != &ldr_data.InInitializationOrderModuleList; link = link->Flink) {
            struct module *module =
                CONTAINING_RECORD(link, struct module, entry.InInitializationOrderLinks);

            if (module->is_attached && !module->skip_thread_calls)
                module_call_entry(module, DLL_THREAD_ATTACH, NULL);
        }
        tls_call_callbacks(program, DLL_THREAD_ATTACH);
    }
    unlock_loader();
}

void WINAPI LdrInitializeThunk(CONTEXT *context, ULONG_PTR unused2, ULONG_PTR unused3,
                               ULONG_PTR unused4);

/* First code of every thread; the context says where it goes on (RtlUserThreadStart). */
void WINAPI LdrInitializeThunk(CONTEXT *context, ULONG_PTR unused2, ULONG_PTR unused3,
                               ULONG_PTR unused4)
{
    uint32_t state = INIT_NOT_BEGUN;

    (void)unused2, (void)unused3, (void)unused4;
    if (atomic_compare_exchange_strong(&init_state, &state, INIT_RUNNING)) {
        NTSTATUS status;

        lock_loader();
        status = init_process();
        unlock_loader();
        is_starting = false;
        if (status)
            fail_start(status);
        atomic_store(&init_state, INIT_DONE);
        DecantFutexWake(&init_state, ~0u);
    } else {
        while (atomic_load(&init_state) != INIT_DONE)
            DecantFutexWait(&init_state, INIT_RUNNING, NULL, 0);
        attach_thread();
    }
    /* APCs that were queued before the thread ran come before its start routine. */
    NtTestAlert();
    NtContinue(context, TRUE);
}

/* --- The end --- */

void WINAPI LdrShutdownThread(void)
{
    if (process_is_exiting)
        return;
    RtlProcessFlsData(NtCurrentTeb()->FlsSlots, 1);
    lock_loader();
    if (!(NtCurrentTeb()->SameTebFlags & TEB_FLAG_SKIP_THREAD_ATTACH)) {
        for (LIST_ENTRY *link = ldr_data.InInitializationOrderModuleList.Blink;
             link != &ldr_data.InInitializationOrderModuleList; link = link->Blink) {
            struct module *module =
                CONTAINING_RECORD(link, struct module, entry.InInitializationOrderLinks);

            if (module->is_attached && !module->skip_thread_calls)
                module_call_entry(module, DLL_THREAD_DETACH, NULL);
        }
        tls_call_callbacks(program, DLL_THREAD_DETACH);
    }
    tls_detach_thread();
    RtlProcessFlsData(NtCurrentTeb()->FlsSlots, 2);
    unlock_loader();
    heap_thread_detach();
}

void WINAPI LdrShutdownProcess(void)
{
    if (process_is_exiting)
        return;
    process_is_exiting = true;
    RtlProcessFlsData(NtCurrentTeb()->FlsSlots, 1);
    for (LIST_ENTRY *link = ldr_data.InInitializationOrderModuleList.Blink;
         link != &ldr_data.InInitializationOrderModuleList; link = link->Blink) {
        struct module *module =
            CONTAINING_RECORD(link, struct module, entry.InInitializationOrderLinks);

        if (module->is_attached)
            module_call_entry(module, DLL_PROCESS_DETACH, (void *)1);
    }
    tls_call_callbacks(program, DLL_PROCESS_DETACH);
}

void WINAPI RtlExitUserProcess(ULONG status)
{
    /* The loader lock first: no other thread may be in the middle of a DllMain. Then the others
     * end, and whatever locks they held stay held; code that runs from here must not rely on
     * them (Windows' documented rule for DLL_PROCESS_DETACH at exit). */
    lock_loader();
    /* Nor in the middle of the process heap, which DllMain may use, as on Windows. */
    RtlLockHeap(process_heap());
    NtTerminateProcess(NULL, (LONG)status);
    RtlUnlockHeap(process_heap());
    LdrShutdownProcess();
    for (;;)
        NtTerminateProcess(NtCurrentProcess(), (LONG)status);
}

void WINAPI RtlExitUserThread(ULONG status)
{
    ULONG is_last = 0;

    if (!NtQueryInformationThread(NtCurrentThread(), ThreadAmILastThread, &is_last,
                                  sizeof(is_last), NULL) &&
        is_last)
        RtlExitUserProcess(status);
    LdrShutdownThread();
    for (;;)
        NtTerminateThread(NtCurrentThread(), (LONG)status);
}

NTSTATUS WINAPI RtlCreateUserThread(HANDLE process, SECURITY_DESCRIPTOR *descriptor,
                                    BOOLEAN suspended, ULONG zero_bits, SIZE_T stack_reserve,
                                    SIZE_T stack_commit, PRTL_THREAD_START_ROUTINE start,
                                    void *argument, HANDLE *handle, CLIENT_ID *id)
{
    PS_ATTRIBUTE_LIST attributes = {.TotalLength = sizeof(attributes)};
    OBJECT_ATTRIBUTES object;
    CLIENT_ID client_id = {0};
    HANDLE thread;
    NTSTATUS status;

    attributes.Attributes[0].Attribute = PS_ATTRIBUTE_CLIENT_ID;
    attributes.Attributes[0].Size = sizeof(client_id);
    attributes.Attributes[0].ValuePtr = &client_id;
    InitializeObjectAttributes(&object, NULL, 0, NULL, descriptor);
    status = NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, &object, process, start, argument,
                              suspended ? THREAD_CREATE_FLAGS_CREATE_SUSPENDED : 0, zero_bits, stack_commit,
                              stack_reserve, &attributes);
    if (status)
        return status;
    if (id)
        *id = client_id;
    if (handle)
        *handle = thread;
    else
        NtClose(thread);
    return STATUS_SUCCESS;
}
