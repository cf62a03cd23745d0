/* SPDX-License-Identifier: LGPL-2.1-or-later
 * memoryapi.h and winbase.h, what is asked seldom: the forms for store applications, memory that may be dropped,
 * physical pages, memory-resource notifications.
 */
#include "kernelbase.h"

/* Wine 8's headers lack these. */
BOOL WINAPI VirtualProtectFromApp(LPVOID, SIZE_T, ULONG, ULONG *);
LPVOID WINAPI MapViewOfFile3FromApp(HANDLE, HANDLE, LPVOID, ULONG64, SIZE_T, ULONG, ULONG,
                                    MEM_EXTENDED_PARAMETER *, ULONG);
LPVOID WINAPI MapViewOfFileNuma2(HANDLE, HANDLE, ULONG64, LPVOID, SIZE_T, ULONG, ULONG, ULONG);
LPVOID WINAPI MapViewOfFileExNuma(HANDLE, DWORD, DWORD, DWORD, SIZE_T, LPVOID, DWORD);
HANDLE WINAPI CreateFileMappingNumaW(HANDLE, LPSECURITY_ATTRIBUTES, DWORD, DWORD, DWORD, LPCWSTR,
                                     DWORD);
HANDLE WINAPI CreateFileMappingNumaA(HANDLE, LPSECURITY_ATTRIBUTES, DWORD, DWORD, DWORD, LPCSTR,
                                     DWORD);
HANDLE WINAPI CreateFileMapping2(HANDLE, LPSECURITY_ATTRIBUTES, ULONG, ULONG, ULONG, ULONG64, LPCWSTR,
                                 MEM_EXTENDED_PARAMETER *, ULONG);
DWORD WINAPI DiscardVirtualMemory(void *, SIZE_T);
DWORD WINAPI OfferVirtualMemory(void *, SIZE_T, int);
DWORD WINAPI ReclaimVirtualMemory(const void *, SIZE_T);
BOOL WINAPI VirtualUnlockEx(HANDLE, LPVOID, SIZE_T);
BOOL WINAPI GetMemoryErrorHandlingCapabilities(ULONG *);
BOOL WINAPI GetSystemFileCacheSize(SIZE_T *, SIZE_T *, DWORD *);
BOOL WINAPI AllocateUserPhysicalPages(HANDLE, ULONG_PTR *, ULONG_PTR *);
BOOL WINAPI FreeUserPhysicalPages(HANDLE, ULONG_PTR *, ULONG_PTR *);

enum { OFFER_PRIORITY_VERY_LOW = 1, OFFER_PRIORITY_NORMAL = 4 };

static BOOL is_executable(ULONG protect)
{
    return protect & (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE |
                      PAGE_EXECUTE_WRITECOPY);
}

/* Documented: not with executable protections; those come from VirtualProtectFromApp. */
LPVOID WINAPI VirtualAllocFromApp(LPVOID address, SIZE_T size, ULONG type, ULONG protect)
{
    if (is_executable(protect)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    return VirtualAlloc(address, size, type, protect);
}

LPVOID WINAPI VirtualAlloc2FromApp(HANDLE process, LPVOID address, SIZE_T size, ULONG type,
                                   ULONG protect, MEM_EXTENDED_PARAMETER *parameters, ULONG count)
{
    if (is_executable(protect)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    return VirtualAlloc2(process, address, size, type, protect, parameters, count);
}

BOOL WINAPI VirtualProtectFromApp(LPVOID address, SIZE_T size, ULONG protect, ULONG *old)
{
    return VirtualProtect(address, size, protect, old);
}

LPVOID WINAPI MapViewOfFile3FromApp(HANDLE section, HANDLE process, LPVOID address, ULONG64 offset,
                                    SIZE_T size, ULONG type, ULONG protect,
                                    MEM_EXTENDED_PARAMETER *parameters, ULONG count)
{
    if (is_executable(protect)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    return MapViewOfFile3(section, process, address, offset, size, type, protect, parameters, count);
}

LPVOID WINAPI MapViewOfFileNuma2(HANDLE section, HANDLE process, ULONG64 offset, LPVOID address,
                                 SIZE_T size, ULONG type, ULONG protect, ULONG node)
{
    LARGE_INTEGER at = {.QuadPart = (LONGLONG)offset};

    (void)node; /* a preference */
    return check_status(NtMapViewOfSection(section, process, &address, 0, 0, &at, &size, ViewShare,
                                           type, protect))
               ? address
               : NULL;
}

LPVOID WINAPI MapViewOfFileExNuma(HANDLE section, DWORD access, DWORD offset_high, DWORD offset_low,
                                  SIZE_T size, LPVOID address, DWORD node)
{
    (void)node;
    return MapViewOfFileEx(section, access, offset_high, offset_low, size, address);
}

HANDLE WINAPI CreateFileMappingNumaW(HANDLE file, LPSECURITY_ATTRIBUTES security, DWORD protect,
                                     DWORD size_high, DWORD size_low, LPCWSTR name, DWORD node)
{
    (void)node;
    return CreateFileMappingW(file, security, protect, size_high, size_low, name);
}

HANDLE WINAPI CreateFileMappingNumaA(HANDLE file, LPSECURITY_ATTRIBUTES security, DWORD protect,
                                     DWORD size_high, DWORD size_low, LPCSTR name, DWORD node)
{
    (void)node;
    return CreateFileMappingA(file, security, protect, size_high, size_low, name);
}

HANDLE WINAPI CreateFileMapping2(HANDLE file, LPSECURITY_ATTRIBUTES security, ULONG access,
                                 ULONG protect, ULONG flags, ULONG64 size, LPCWSTR name,
                                 MEM_EXTENDED_PARAMETER *parameters, ULONG count)
{
    (void)access; /* the handle gets what the protection implies */
    if (count && !parameters) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    return CreateFileMappingW(file, security, protect | flags, (DWORD)(size >> 32), (DWORD)size, name);
}

HANDLE WINAPI OpenFileMappingFromApp(ULONG access, BOOL inherit, LPCWSTR name)
{
    return OpenFileMappingW(access, inherit, name);
}

/* --- Content that may be dropped --- */

/* Documented for Discard and Offer: whole pages of committed, writable, private memory; others are errors. */
static DWORD judge_range(void *address, SIZE_T size)
{
    MEMORY_BASIC_INFORMATION info;
    char *at = address, *end = at + size;

    if (!size || ((ULONG_PTR)address | size) & 0xfff || end < at)
        return ERROR_INVALID_PARAMETER;
    while (at < end) {
        if (!VirtualQuery(at, &info, sizeof(info)) || info.State != MEM_COMMIT ||
            info.Type != MEM_PRIVATE || !(info.Protect & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) ||
            info.Protect & PAGE_GUARD)
            return ERROR_INVALID_PARAMETER;
        at = (char *)info.BaseAddress + info.RegionSize;
    }
    return ERROR_SUCCESS;
}

/* The content becomes undefined, as documented; the memory is taken first when it is short, as with MEM_RESET. */
DWORD WINAPI DiscardVirtualMemory(void *address, SIZE_T size)
{
    DWORD error = judge_range(address, size);

    if (error)
        return error;
    return VirtualAlloc(address, size, MEM_RESET, PAGE_READWRITE) ? ERROR_SUCCESS : GetLastError();
}

/* What is offered is kept: reclaiming must tell what was lost, which Linux does not tell. So nothing is. */
DWORD WINAPI OfferVirtualMemory(void *address, SIZE_T size, int priority)
{
    if (priority < OFFER_PRIORITY_VERY_LOW || priority > OFFER_PRIORITY_NORMAL)
        return ERROR_INVALID_PARAMETER;
    return judge_range(address, size);
}

DWORD WINAPI ReclaimVirtualMemory(const void *address, SIZE_T size)
{
    return judge_range((void *)address, size);
}

/* --- Queries --- */

BOOL WINAPI QueryVirtualMemoryInformation(HANDLE process, const void *address,
                                          WIN32_MEMORY_INFORMATION_CLASS class, PVOID buffer,
                                          SIZE_T size, PSIZE_T needed)
{
    if (class != MemoryRegionInfo)
        return set_error(ERROR_INVALID_PARAMETER);
    return check_status(NtQueryVirtualMemory(process, address, MemoryRegionInformation, buffer, size,
                                             needed));
}

BOOL WINAPI VirtualUnlockEx(HANDLE process, LPVOID address, SIZE_T size)
{
    if (!process)
        process = GetCurrentProcess();
    return check_status(NtUnlockVirtualMemory(process, &address, &size, 1));
}

BOOL WINAPI GetMemoryErrorHandlingCapabilities(ULONG *capabilities)
{
    *capabilities = 0;
    return TRUE;
}

BOOL WINAPI GetSystemFileCacheSize(SIZE_T *minimum, SIZE_T *maximum, DWORD *flags)
{
    /* Windows' own defaults on 64 bit: 1 MiB, 1 TiB, no hard limits. */
    *minimum = 1 << 20;
    *maximum = (SIZE_T)1 << 40;
    *flags = 0;
    return TRUE;
}

/* Physical pages need SeLockMemoryPrivilege, which nobody has here. */
BOOL WINAPI AllocateUserPhysicalPages(HANDLE process, ULONG_PTR *count, ULONG_PTR *pages)
{
    (void)process, (void)count, (void)pages;
    return set_error(ERROR_PRIVILEGE_NOT_HELD);
}

BOOL WINAPI FreeUserPhysicalPages(HANDLE process, ULONG_PTR *count, ULONG_PTR *pages)
{
    (void)process, (void)count, (void)pages;
    return set_error(ERROR_INVALID_PARAMETER);
}

BOOL WINAPI MapUserPhysicalPages(PVOID address, ULONG_PTR count, ULONG_PTR *pages)
{
    (void)address, (void)count, (void)pages;
    return set_error(ERROR_INVALID_PARAMETER);
}

/* --- Memory-resource notifications --- */

/* Available physical memory below a 32nd of all counts as low, above an eighth as high; Windows' own
 * bounds are about these. */
static BOOL is_signalled(MEMORY_RESOURCE_NOTIFICATION_TYPE type)
{
    MEMORYSTATUSEX status = {.dwLength = sizeof(status)};

    GlobalMemoryStatusEx(&status);
    return type == LowMemoryResourceNotification ? status.ullAvailPhys < status.ullTotalPhys / 32
                                                 : status.ullAvailPhys > status.ullTotalPhys / 8;
}

/* Two named events of the session, as on Windows. Nobody watches the memory for them: their state is right when
 * they are made and whenever somebody asks. */
HANDLE WINAPI CreateMemoryResourceNotification(MEMORY_RESOURCE_NOTIFICATION_TYPE type)
{
    HANDLE event;

    if (type != LowMemoryResourceNotification && type != HighMemoryResourceNotification) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    event = CreateEventW(NULL, TRUE, FALSE,
                         type == LowMemoryResourceNotification ? L"LowMemoryCondition"
                                                               : L"HighMemoryCondition");
    if (event)
        (is_signalled(type) ? SetEvent : ResetEvent)(event);
    return event;
}

BOOL WINAPI QueryMemoryResourceNotification(HANDLE notification, BOOL *state)
{
    struct {
        OBJECT_NAME_INFORMATION info;
        WCHAR room[64];
    } name;
    const WCHAR *end;

    if (!state || NtQueryObject(notification, ObjectNameInformation, &name, sizeof(name), NULL) ||
        name.info.Name.Length < sizeof(L"HighMemoryCondition"))
        return set_error(ERROR_INVALID_PARAMETER);
    end = name.info.Name.Buffer + name.info.Name.Length / sizeof(WCHAR);
    if (!lstrcmpW(end - 18, L"LowMemoryCondition"))
        *state = is_signalled(LowMemoryResourceNotification);
    else if (!lstrcmpW(end - 19, L"HighMemoryCondition"))
        *state = is_signalled(HighMemoryResourceNotification);
    else
        return set_error(ERROR_INVALID_PARAMETER);
    (*state ? SetEvent : ResetEvent)(notification);
    return TRUE;
}
