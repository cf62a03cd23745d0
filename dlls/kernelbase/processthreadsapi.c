/* SPDX-License-Identifier: LGPL-2.1-or-later
 * processthreadsapi.h: threads, thread-local storage, facts about processes. CreateProcess is in
 * process_create.c.
 */
#include <cpuid.h>

#include "kernelbase.h"

/* --- Threads --- */

HANDLE WINAPI CreateRemoteThreadEx(HANDLE process, LPSECURITY_ATTRIBUTES security, SIZE_T stack,
                                   LPTHREAD_START_ROUTINE start, LPVOID argument, DWORD flags,
                                   LPPROC_THREAD_ATTRIBUTE_LIST attributes, DWORD *id)
{
    PS_ATTRIBUTE_LIST list = {.TotalLength = sizeof(list)};
    OBJECT_ATTRIBUTES object;
    CLIENT_ID client = {0};
    HANDLE handle;

    (void)attributes;
    InitializeObjectAttributes(&object, NULL,
                               security && security->bInheritHandle ? OBJ_INHERIT : 0, NULL, NULL);
    list.Attributes[0].Attribute = PS_ATTRIBUTE_CLIENT_ID;
    list.Attributes[0].Size = sizeof(client);
    list.Attributes[0].ValuePtr = &client;
    if (!check_status(NtCreateThreadEx(
            &handle, THREAD_ALL_ACCESS, &object, process, (PRTL_THREAD_START_ROUTINE)(void *)start,
            argument, flags & CREATE_SUSPENDED ? THREAD_CREATE_FLAGS_CREATE_SUSPENDED : 0, 0,
            flags & STACK_SIZE_PARAM_IS_A_RESERVATION ? 0 : stack,
            flags & STACK_SIZE_PARAM_IS_A_RESERVATION ? stack : 0, &list)))
        return NULL;
    if (id)
        *id = HandleToULong(client.UniqueThread);
    return handle;
}

HANDLE WINAPI CreateRemoteThread(HANDLE process, LPSECURITY_ATTRIBUTES security, SIZE_T stack,
                                 LPTHREAD_START_ROUTINE start, LPVOID argument, DWORD flags,
                                 DWORD *id)
{
    return CreateRemoteThreadEx(process, security, stack, start, argument, flags, NULL, id);
}

HANDLE WINAPI CreateThread(LPSECURITY_ATTRIBUTES security, SIZE_T stack,
                           LPTHREAD_START_ROUTINE start, LPVOID argument, DWORD flags, DWORD *id)
{
    return CreateRemoteThreadEx(GetCurrentProcess(), security, stack, start, argument, flags, NULL,
                                id);
}

HANDLE WINAPI OpenThread(DWORD access, BOOL inherit, DWORD id)
{
    OBJECT_ATTRIBUTES attributes;
    CLIENT_ID client = {NULL, ULongToHandle(id)};
    HANDLE handle;

    InitializeObjectAttributes(&attributes, NULL, inherit ? OBJ_INHERIT : 0, NULL, NULL);
    return check_status(NtOpenThread(&handle, access, &attributes, &client)) ? handle : NULL;
}

BOOL WINAPI TerminateThread(HANDLE handle, DWORD status)
{
    return check_status(NtTerminateThread(handle, (LONG)status));
}

DWORD WINAPI SuspendThread(HANDLE handle)
{
    ULONG previous;

    return check_status(NtSuspendThread(handle, &previous)) ? previous : ~0u;
}

DWORD WINAPI ResumeThread(HANDLE handle)
{
    ULONG previous;

    return check_status(NtResumeThread(handle, &previous)) ? previous : ~0u;
}

BOOL WINAPI GetThreadContext(HANDLE handle, CONTEXT *context)
{
    return check_status(NtGetContextThread(handle, context));
}

BOOL WINAPI SetThreadContext(HANDLE handle, const CONTEXT *context)
{
    return check_status(NtSetContextThread(handle, context));
}

BOOL WINAPI GetExitCodeThread(HANDLE handle, LPDWORD code)
{
    THREAD_BASIC_INFORMATION info;

    if (!check_status(NtQueryInformationThread(handle, ThreadBasicInformation, &info, sizeof(info),
                                               NULL)))
        return FALSE;
    *code = (DWORD)info.ExitStatus;
    return TRUE;
}

DWORD WINAPI GetThreadId(HANDLE handle)
{
    THREAD_BASIC_INFORMATION info;

    return check_status(NtQueryInformationThread(handle, ThreadBasicInformation, &info,
                                                 sizeof(info), NULL))
               ? HandleToULong(info.ClientId.UniqueThread)
               : 0;
}

DWORD WINAPI GetProcessIdOfThread(HANDLE handle)
{
    THREAD_BASIC_INFORMATION info;

    return check_status(NtQueryInformationThread(handle, ThreadBasicInformation, &info,
                                                 sizeof(info), NULL))
               ? HandleToULong(info.ClientId.UniqueProcess)
               : 0;
}

BOOL WINAPI GetThreadTimes(HANDLE handle, LPFILETIME creation, LPFILETIME exit, LPFILETIME kernel,
                           LPFILETIME user)
{
    KERNEL_USER_TIMES times;

    if (!check_status(NtQueryInformationThread(handle, ThreadTimes, &times, sizeof(times), NULL)))
        return FALSE;
    memcpy(creation, &times.CreateTime, sizeof(*creation));
    memcpy(exit, &times.ExitTime, sizeof(*exit));
    memcpy(kernel, &times.KernelTime, sizeof(*kernel));
    memcpy(user, &times.UserTime, sizeof(*user));
    return TRUE;
}

DWORD_PTR WINAPI SetThreadAffinityMask(HANDLE handle, DWORD_PTR mask)
{
    THREAD_BASIC_INFORMATION info;

    if (!check_status(NtQueryInformationThread(handle, ThreadBasicInformation, &info, sizeof(info),
                                               NULL)) ||
        !check_status(NtSetInformationThread(handle, ThreadAffinityMask, &mask, sizeof(mask))))
        return 0;
    return info.AffinityMask;
}

BOOL WINAPI GetThreadGroupAffinity(HANDLE handle, GROUP_AFFINITY *affinity)
{
    return check_status(NtQueryInformationThread(handle, ThreadGroupInformation, affinity,
                                                 sizeof(*affinity), NULL));
}

BOOL WINAPI SetThreadGroupAffinity(HANDLE handle, const GROUP_AFFINITY *affinity,
                                   GROUP_AFFINITY *previous)
{
    if (previous && !GetThreadGroupAffinity(handle, previous))
        return FALSE;
    return check_status(
        NtSetInformationThread(handle, ThreadGroupInformation, affinity, sizeof(*affinity)));
}

/* Priorities are what was set last, for Linux lets only root raise them. The kernel's values for the ends of
 * the range lie one beyond those of Win32. */
int WINAPI GetThreadPriority(HANDLE handle)
{
    THREAD_BASIC_INFORMATION info;

    if (!check_status(NtQueryInformationThread(handle, ThreadBasicInformation, &info, sizeof(info),
                                               NULL)))
        return THREAD_PRIORITY_ERROR_RETURN;
    if (info.BasePriority == THREAD_BASE_PRIORITY_LOWRT + 1)
        return THREAD_PRIORITY_TIME_CRITICAL;
    if (info.BasePriority == THREAD_BASE_PRIORITY_IDLE - 1)
        return THREAD_PRIORITY_IDLE;
    return (int)info.BasePriority;
}

BOOL WINAPI SetThreadPriority(HANDLE handle, int priority)
{
    LONG value = priority;

    if (priority == THREAD_PRIORITY_TIME_CRITICAL)
        value = THREAD_BASE_PRIORITY_LOWRT + 1;
    else if (priority == THREAD_PRIORITY_IDLE)
        value = THREAD_BASE_PRIORITY_IDLE - 1;
    return check_status(NtSetInformationThread(handle, ThreadBasePriority, &value, sizeof(value)));
}

BOOL WINAPI GetThreadPriorityBoost(HANDLE handle, BOOL *disabled)
{
    return check_status(NtQueryInformationThread(handle, ThreadPriorityBoost, disabled,
                                                 sizeof(*disabled), NULL));
}

BOOL WINAPI SetThreadPriorityBoost(HANDLE handle, BOOL disable)
{
    return check_status(
        NtSetInformationThread(handle, ThreadPriorityBoost, &disable, sizeof(disable)));
}

DWORD WINAPI SetThreadIdealProcessor(HANDLE handle, DWORD processor)
{
    NTSTATUS status =
        NtSetInformationThread(handle, ThreadIdealProcessor, &processor, sizeof(processor));

    return check_status(status) ? (DWORD)status : ~0u;
}

BOOL WINAPI GetThreadIdealProcessorEx(HANDLE handle, PROCESSOR_NUMBER *number);

BOOL WINAPI SetThreadIdealProcessorEx(HANDLE handle, PROCESSOR_NUMBER *processor,
                                      PROCESSOR_NUMBER *previous)
{
    if (previous && !GetThreadIdealProcessorEx(handle, previous))
        return FALSE;
    return check_status(
        NtSetInformationThread(handle, ThreadIdealProcessorEx, processor, sizeof(*processor)));
}

HRESULT WINAPI SetThreadDescription(HANDLE handle, PCWSTR text)
{
    UNICODE_STRING string;

    RtlInitUnicodeString(&string, text ? text : L"");
    return HRESULT_FROM_NT(
        NtSetInformationThread(handle, ThreadNameInformation, &string, sizeof(string)));
}

HRESULT WINAPI GetThreadDescription(HANDLE handle, WCHAR **text)
{
    UNICODE_STRING *info;
    ULONG bytes = 0;
    NTSTATUS status;

    *text = NULL;
    NtQueryInformationThread(handle, ThreadNameInformation, NULL, 0, &bytes);
    info = RtlAllocateHeap(process_heap(), 0, bytes + sizeof(WCHAR));
    if (!info)
        return HRESULT_FROM_NT(STATUS_NO_MEMORY);
    status = NtQueryInformationThread(handle, ThreadNameInformation, info, bytes, &bytes);
    if (NT_SUCCESS(status)) {
        /* The caller frees it with LocalFree: move the text to the block's start. */
        USHORT length = info->Length;

        memmove(info, info->Buffer, length);
        ((WCHAR *)info)[length / sizeof(WCHAR)] = 0;
        *text = (WCHAR *)info;
    } else {
        RtlFreeHeap(process_heap(), 0, info);
    }
    return HRESULT_FROM_NT(status);
}

BOOL WINAPI SetThreadStackGuarantee(ULONG *bytes)
{
    TEB *teb = NtCurrentTeb();
    ULONG previous = teb->GuaranteedStackBytes;
    ULONG wanted = (*bytes + 4095) & ~4095u;

    if (wanted >= (ULONG_PTR)teb->Tib.StackBase - (ULONG_PTR)teb->DeallocationStack)
        return set_error(ERROR_INVALID_PARAMETER);
    if (wanted > previous)
        teb->GuaranteedStackBytes = wanted;
    *bytes = previous;
    return TRUE;
}

void WINAPI GetCurrentThreadStackLimits(ULONG_PTR *low, ULONG_PTR *high)
{
    *low = (ULONG_PTR)NtCurrentTeb()->DeallocationStack;
    *high = (ULONG_PTR)NtCurrentTeb()->Tib.StackBase;
}

DWORD WINAPI QueueUserAPC(PAPCFUNC function, HANDLE thread, ULONG_PTR data)
{
    return check_status(NtQueueApcThread(thread, (PNTAPCFUNC)(void *)function, data, 0, 0));
}

BOOL WINAPI QueryThreadCycleTime(HANDLE handle, ULONG64 *cycles)
{
    ULONG64 values[2];

    if (!check_status(NtQueryInformationThread(handle, ThreadCycleTime, values, sizeof(values),
                                               NULL)))
        return FALSE;
    *cycles = values[0];
    return TRUE;
}

void WINAPI FlushProcessWriteBuffers(void)
{
    NtFlushProcessWriteBuffers();
}

BOOL WINAPI FlushInstructionCache(HANDLE process, LPCVOID address, SIZE_T size)
{
    return check_status(NtFlushInstructionCache(process, address, size));
}

DWORD WINAPI GetCurrentProcessorNumber(void)
{
    return NtGetCurrentProcessorNumber();
}

void WINAPI GetCurrentProcessorNumberEx(PROCESSOR_NUMBER *processor)
{
    processor->Group = 0;
    processor->Number = (BYTE)NtGetCurrentProcessorNumber();
    processor->Reserved = 0;
}

/* --- Thread-local storage: 64 slots in the TEB, 1024 more by a pointer --- */

#define TLS_EXPANSION 1024

static ULONG tls_bits[(TLS_MINIMUM_AVAILABLE + TLS_EXPANSION) / 32];

static void **tls_slot(DWORD index, bool create)
{
    TEB *teb = NtCurrentTeb();

    if (index < TLS_MINIMUM_AVAILABLE)
        return &teb->TlsSlots[index];
    index -= TLS_MINIMUM_AVAILABLE;
    if (index >= TLS_EXPANSION)
        return NULL;
    if (!teb->TlsExpansionSlots && create)
        teb->TlsExpansionSlots = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY,
                                                 TLS_EXPANSION * sizeof(void *));
    return teb->TlsExpansionSlots ? &teb->TlsExpansionSlots[index] : NULL;
}

DWORD WINAPI TlsAlloc(void)
{
    for (DWORD index = 0; index < TLS_MINIMUM_AVAILABLE + TLS_EXPANSION; index++) {
        LONG *word = (LONG *)&tls_bits[index / 32];
        LONG bit = (LONG)(1u << (index % 32)), old = *word;
        void **slot;

        if (old & bit || InterlockedOr(word, bit) & bit)
            continue;
        slot = tls_slot(index, true);
        if (!slot) {
            InterlockedAnd(word, ~bit);
            SetLastError(ERROR_NOT_ENOUGH_MEMORY);
            return TLS_OUT_OF_INDEXES;
        }
        *slot = NULL;
        return index;
    }
    SetLastError(ERROR_NO_MORE_ITEMS);
    return TLS_OUT_OF_INDEXES;
}

BOOL WINAPI TlsFree(DWORD index)
{
    if (index >= TLS_MINIMUM_AVAILABLE + TLS_EXPANSION ||
        !(tls_bits[index / 32] & 1u << (index % 32)))
        return set_error(ERROR_INVALID_PARAMETER);
    if (!check_status(NtSetInformationThread(GetCurrentThread(), ThreadZeroTlsCell, &index,
                                             sizeof(index))))
        return FALSE;
    InterlockedAnd((LONG *)&tls_bits[index / 32], (LONG) ~(1u << (index % 32)));
    return TRUE;
}

LPVOID WINAPI TlsGetValue(DWORD index)
{
    void **slot = tls_slot(index, false);

    if (!slot && index >= TLS_MINIMUM_AVAILABLE + TLS_EXPANSION) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    SetLastError(ERROR_SUCCESS); /* documented: a stored NULL is told from a failure by this */
    return slot ? *slot : NULL;
}

BOOL WINAPI TlsSetValue(DWORD index, LPVOID value)
{
    void **slot = tls_slot(index, true);

    if (!slot)
        return set_error(ERROR_INVALID_PARAMETER);
    *slot = value;
    return TRUE;
}

/* --- Processes --- */

HANDLE WINAPI OpenProcess(DWORD access, BOOL inherit, DWORD id)
{
    OBJECT_ATTRIBUTES attributes;
    CLIENT_ID client = {ULongToHandle(id), NULL};
    HANDLE handle;

    InitializeObjectAttributes(&attributes, NULL, inherit ? OBJ_INHERIT : 0, NULL, NULL);
    return check_status(NtOpenProcess(&handle, access, &attributes, &client)) ? handle : NULL;
}

void WINAPI ExitProcess(DWORD status)
{
    RtlExitUserProcess(status);
}

BOOL WINAPI TerminateProcess(HANDLE handle, DWORD status)
{
    if (!handle)
        return set_error(ERROR_INVALID_HANDLE);
    return check_status(NtTerminateProcess(handle, (LONG)status));
}

BOOL WINAPI GetExitCodeProcess(HANDLE handle, LPDWORD code)
{
    PROCESS_BASIC_INFORMATION info;

    if (!check_status(NtQueryInformationProcess(handle, ProcessBasicInformation, &info,
                                                sizeof(info), NULL)))
        return FALSE;
    *code = (DWORD)info.ExitStatus;
    return TRUE;
}

DWORD WINAPI GetProcessId(HANDLE handle)
{
    PROCESS_BASIC_INFORMATION info;

    return check_status(NtQueryInformationProcess(handle, ProcessBasicInformation, &info,
                                                  sizeof(info), NULL))
               ? (DWORD)info.UniqueProcessId
               : 0;
}

BOOL WINAPI GetProcessTimes(HANDLE handle, FILETIME *creation, FILETIME *exit, FILETIME *kernel,
                            FILETIME *user)
{
    KERNEL_USER_TIMES times;

    if (!check_status(NtQueryInformationProcess(handle, ProcessTimes, &times, sizeof(times), NULL)))
        return FALSE;
    memcpy(creation, &times.CreateTime, sizeof(*creation));
    memcpy(exit, &times.ExitTime, sizeof(*exit));
    memcpy(kernel, &times.KernelTime, sizeof(*kernel));
    memcpy(user, &times.UserTime, sizeof(*user));
    return TRUE;
}

BOOL WINAPI GetProcessAffinityMask(HANDLE handle, PDWORD_PTR process_mask, PDWORD_PTR system_mask)
{
    ULONG processors = current_peb()->NumberOfProcessors;

    if (!check_status(NtQueryInformationProcess(handle, ProcessAffinityMask, process_mask,
                                                sizeof(*process_mask), NULL)))
        return FALSE;
    if (system_mask)
        *system_mask = processors >= 64 ? ~(DWORD_PTR)0 : ((DWORD_PTR)1 << processors) - 1;
    return TRUE;
}

BOOL WINAPI SetProcessAffinityMask(HANDLE handle, DWORD_PTR mask)
{
    return check_status(NtSetInformationProcess(handle, ProcessAffinityMask, &mask, sizeof(mask)));
}

DWORD WINAPI GetPriorityClass(HANDLE handle)
{
    static const DWORD classes[] = {0, IDLE_PRIORITY_CLASS, NORMAL_PRIORITY_CLASS,
                                    HIGH_PRIORITY_CLASS, REALTIME_PRIORITY_CLASS,
                                    BELOW_NORMAL_PRIORITY_CLASS, ABOVE_NORMAL_PRIORITY_CLASS};
    PROCESS_PRIORITY_CLASS info;

    if (!check_status(NtQueryInformationProcess(handle, ProcessPriorityClass, &info, sizeof(info),
                                                NULL)))
        return 0;
    return info.PriorityClass < ARRAY_COUNT(classes) ? classes[info.PriorityClass] : 0;
}

BOOL WINAPI SetPriorityClass(HANDLE handle, DWORD class)
{
    PROCESS_PRIORITY_CLASS info = {0};

    switch (class) {
    case IDLE_PRIORITY_CLASS: info.PriorityClass = PROCESS_PRIOCLASS_IDLE; break;
    case BELOW_NORMAL_PRIORITY_CLASS: info.PriorityClass = PROCESS_PRIOCLASS_BELOW_NORMAL; break;
    case NORMAL_PRIORITY_CLASS: info.PriorityClass = PROCESS_PRIOCLASS_NORMAL; break;
    case ABOVE_NORMAL_PRIORITY_CLASS: info.PriorityClass = PROCESS_PRIOCLASS_ABOVE_NORMAL; break;
    case HIGH_PRIORITY_CLASS: info.PriorityClass = PROCESS_PRIOCLASS_HIGH; break;
    case REALTIME_PRIORITY_CLASS: info.PriorityClass = PROCESS_PRIOCLASS_REALTIME; break;
    default: return set_error(ERROR_INVALID_PARAMETER);
    }
    return check_status(NtSetInformationProcess(handle, ProcessPriorityClass, &info, sizeof(info)));
}

BOOL WINAPI SetProcessPriorityBoost(HANDLE handle, BOOL disable)
{
    ULONG value = (ULONG)disable;

    return check_status(NtSetInformationProcess(handle, ProcessPriorityBoost, &value, sizeof(value)));
}

BOOL WINAPI GetProcessHandleCount(HANDLE handle, DWORD *count)
{
    return check_status(
        NtQueryInformationProcess(handle, ProcessHandleCount, count, sizeof(*count), NULL));
}

BOOL WINAPI ProcessIdToSessionId(DWORD pid, DWORD *session)
{
    (void)pid;
    *session = 1;
    return TRUE;
}

BOOL WINAPI IsProcessCritical(HANDLE handle, BOOL *critical)
{
    (void)handle;
    *critical = FALSE;
    return TRUE;
}

void WINAPI GetStartupInfoW(STARTUPINFOW *info)
{
    const RTL_USER_PROCESS_PARAMETERS *parameters = current_peb()->ProcessParameters;

    memset(info, 0, sizeof(*info));
    info->cb = sizeof(*info);
    info->lpDesktop = parameters->Desktop.Buffer;
    info->lpTitle = parameters->WindowTitle.Buffer;
    info->dwX = parameters->dwX;
    info->dwY = parameters->dwY;
    info->dwXSize = parameters->dwXSize;
    info->dwYSize = parameters->dwYSize;
    info->dwXCountChars = parameters->dwXCountChars;
    info->dwYCountChars = parameters->dwYCountChars;
    info->dwFillAttribute = parameters->dwFillAttribute;
    info->dwFlags = parameters->dwFlags;
    info->wShowWindow = (WORD)parameters->wShowWindow;
    info->cbReserved2 = parameters->RuntimeInfo.Length;
    info->lpReserved2 = parameters->RuntimeInfo.MaximumLength ? (void *)parameters->RuntimeInfo.Buffer
                                                              : NULL;
    info->hStdInput = parameters->hStdInput;
    info->hStdOutput = parameters->hStdOutput;
    info->hStdError = parameters->hStdError;
}

/* The strings are made once and stay. */
void WINAPI GetStartupInfoA(STARTUPINFOA *info)
{
    static char *desktop, *title;
    STARTUPINFOW wide;
    ANSI_STRING ansi;

    GetStartupInfoW(&wide);
    memcpy(info, &wide, sizeof(*info)); /* the same layout */
    info->cb = sizeof(*info);
    if (!desktop && wide.lpDesktop &&
        !RtlUnicodeStringToAnsiString(&ansi, &current_peb()->ProcessParameters->Desktop, TRUE))
        desktop = ansi.Buffer;
    if (!title && wide.lpTitle &&
        !RtlUnicodeStringToAnsiString(&ansi, &current_peb()->ProcessParameters->WindowTitle, TRUE))
        title = ansi.Buffer;
    info->lpDesktop = desktop;
    info->lpTitle = title;
}

BOOL WINAPI QueryFullProcessImageNameW(HANDLE handle, DWORD flags, LPWSTR name, LPDWORD size)
{
    BYTE buffer[sizeof(UNICODE_STRING) + 1024 * sizeof(WCHAR)];
    UNICODE_STRING *string = (UNICODE_STRING *)buffer;

    if (!check_status(NtQueryInformationProcess(
            handle, flags & PROCESS_NAME_NATIVE ? ProcessImageFileName : ProcessImageFileNameWin32,
            buffer, sizeof(buffer) - sizeof(WCHAR), NULL)))
        return FALSE;
    if (string->Length / sizeof(WCHAR) + 1 > *size)
        return set_error(ERROR_INSUFFICIENT_BUFFER);
    *size = string->Length / sizeof(WCHAR);
    memcpy(name, string->Buffer, string->Length);
    name[*size] = 0;
    return TRUE;
}

BOOL WINAPI QueryFullProcessImageNameA(HANDLE handle, DWORD flags, LPSTR name, LPDWORD size)
{
    WCHAR wide[1024];
    DWORD length = ARRAY_COUNT(wide), needed;

    if (!QueryFullProcessImageNameW(handle, flags, wide, &length))
        return FALSE;
    RtlUnicodeToMultiByteSize(&needed, wide, length * sizeof(WCHAR));
    if (needed + 1 > *size)
        return set_error(ERROR_INSUFFICIENT_BUFFER);
    RtlUnicodeToMultiByteN(name, *size, &needed, wide, length * sizeof(WCHAR));
    name[needed] = 0;
    *size = needed;
    return TRUE;
}

BOOL WINAPI IsWow64Process(HANDLE handle, PBOOL is_wow64)
{
    ULONG_PTR value;

    if (!check_status(NtQueryInformationProcess(handle, ProcessWow64Information, &value,
                                                sizeof(value), NULL)))
        return FALSE;
    *is_wow64 = value != 0;
    return TRUE;
}

BOOL WINAPI IsWow64Process2(HANDLE handle, USHORT *machine, USHORT *native)
{
    (void)handle;
    *machine = IMAGE_FILE_MACHINE_UNKNOWN;
    if (native)
        *native = IMAGE_FILE_MACHINE_AMD64;
    return TRUE;
}

/* Asked of the processor: KUSER_SHARED_DATA has the same answers, but its first touch starts its clock. */
BOOL WINAPI IsProcessorFeaturePresent(DWORD feature)
{
    unsigned eax, ebx, ecx1, edx, ecx7, ebx7;

    __cpuid(1, eax, ebx, ecx1, edx);
    __cpuid_count(7, 0, eax, ebx7, ecx7, edx);
    switch (feature) {
    case PF_COMPARE_EXCHANGE_DOUBLE:
    case PF_MMX_INSTRUCTIONS_AVAILABLE:
    case PF_XMMI_INSTRUCTIONS_AVAILABLE:
    case PF_XMMI64_INSTRUCTIONS_AVAILABLE:
    case PF_RDTSC_INSTRUCTION_AVAILABLE:
    case PF_NX_ENABLED:
    case PF_FASTFAIL_AVAILABLE:
        return TRUE;
    case PF_COMPARE_EXCHANGE128: return !!(ecx1 & bit_CMPXCHG16B);
    case PF_SSE3_INSTRUCTIONS_AVAILABLE: return !!(ecx1 & bit_SSE3);
    case PF_SSSE3_INSTRUCTIONS_AVAILABLE: return !!(ecx1 & bit_SSSE3);
    case PF_SSE4_1_INSTRUCTIONS_AVAILABLE: return !!(ecx1 & bit_SSE4_1);
    case PF_SSE4_2_INSTRUCTIONS_AVAILABLE: return !!(ecx1 & bit_SSE4_2);
    case PF_XSAVE_ENABLED: return !!(ecx1 & bit_OSXSAVE);
    case PF_AVX_INSTRUCTIONS_AVAILABLE: return !!(ecx1 & bit_AVX) && ecx1 & bit_OSXSAVE;
    case PF_AVX2_INSTRUCTIONS_AVAILABLE: return !!(ebx7 & bit_AVX2) && ecx1 & bit_OSXSAVE;
    case PF_AVX512F_INSTRUCTIONS_AVAILABLE: return !!(ebx7 & bit_AVX512F) && ecx1 & bit_OSXSAVE;
    default: return FALSE;
    }
}
