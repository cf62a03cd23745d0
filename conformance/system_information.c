/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What programs ask of the machine and the system: processors, groups, nodes, versions, memory, names, folders,
 * random numbers.
 *
 * Sources: learn.microsoft.com sysinfoapi.h, systemtopologyapi.h, "Targeting your application for Windows",
 * IsProcessorFeaturePresent, VerifyVersionInfo, wow64apiset.h, ProcessPrng; Wine's kernel32/tests/version.c and
 * ntdll/tests/info.c, which pass on Windows.
 */
#include "conformance.h"
#include <cpuid.h>

NTSTATUS WINAPI RtlGetVersion(RTL_OSVERSIONINFOEXW *);
void WINAPI RtlGetNtVersionNumbers(ULONG *, ULONG *, ULONG *);
#ifndef PF_AVX2_INSTRUCTIONS_AVAILABLE
#define PF_SSSE3_INSTRUCTIONS_AVAILABLE  36
#define PF_SSE4_1_INSTRUCTIONS_AVAILABLE 37
#define PF_SSE4_2_INSTRUCTIONS_AVAILABLE 38
#define PF_AVX_INSTRUCTIONS_AVAILABLE    39
#define PF_AVX2_INSTRUCTIONS_AVAILABLE   40
#define PF_AVX512F_INSTRUCTIONS_AVAILABLE 41
#endif

static void test_processors(void)
{
    SYSTEM_INFO system, native;
    DWORD_PTR process_mask = 0, system_mask = 0;
    GROUP_AFFINITY affinity;
    DWORD active = GetActiveProcessorCount(0), length = 0, bits = 0, cores = 0;
    SYSTEM_LOGICAL_PROCESSOR_INFORMATION *old;
    SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *at;
    PROCESSOR_NUMBER number;
    ULONG node = 42;
    ULONGLONG mask = 0;
    char *buffer;

    GetSystemInfo(&system);
    GetNativeSystemInfo(&native);
    ok(!memcmp(&system, &native, sizeof(system)), "native differs");
    ok(system.wProcessorArchitecture == PROCESSOR_ARCHITECTURE_AMD64, "%u", system.wProcessorArchitecture);
    ok(system.dwProcessorType == PROCESSOR_AMD_X8664, "%lu", system.dwProcessorType);
    ok(system.dwNumberOfProcessors == active && active, "%lu, active %lu", system.dwNumberOfProcessors, active);
    ok(GetActiveProcessorGroupCount() == 1 && GetMaximumProcessorGroupCount() >= 1, "groups %u",
       GetActiveProcessorGroupCount());
    ok(GetActiveProcessorCount(ALL_PROCESSOR_GROUPS) == active && GetMaximumProcessorCount(0) >= active, "counts");
    SetLastError(0xdeadbeef);
    todo_wine
        ok(!GetActiveProcessorCount(101) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
    ok(GetProcessAffinityMask(GetCurrentProcess(), &process_mask, &system_mask), "error %lu", GetLastError());
    ok(process_mask && !(process_mask & ~system_mask) && system.dwActiveProcessorMask == system_mask,
       "process %#llx system %#llx", (long long)process_mask, (long long)system_mask);
    ok(SetProcessAffinityMask(GetCurrentProcess(), process_mask), "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!SetProcessAffinityMask(GetCurrentProcess(), 0) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
       GetLastError());
    SetLastError(0xdeadbeef);
    ok(!SetThreadAffinityMask(GetCurrentThread(), 0) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
       GetLastError());
    ok(SetThreadAffinityMask(GetCurrentThread(), process_mask) == process_mask, "error %lu", GetLastError());
    memset(&affinity, 0xcc, sizeof(affinity));
    ok(GetThreadGroupAffinity(GetCurrentThread(), &affinity) && affinity.Mask == process_mask && !affinity.Group &&
           !affinity.Reserved[0], "mask %#llx group %u", (long long)affinity.Mask, affinity.Group);
    GetCurrentProcessorNumberEx(&number);
    ok(!number.Group && number.Number < active && GetCurrentProcessorNumber() < active, "processor %u of group %u",
       number.Number, number.Group);
    /* The old form: one record a core, cache, package, node. */
    SetLastError(0xdeadbeef);
    ok(!GetLogicalProcessorInformation(NULL, &length) && GetLastError() == ERROR_INSUFFICIENT_BUFFER && length,
       "error %lu, %lu bytes", GetLastError(), length);
    old = HeapAlloc(GetProcessHeap(), 0, length);
    ok(GetLogicalProcessorInformation(old, &length), "error %lu", GetLastError());
    ok(length % sizeof(*old) == 0, "%lu bytes", length);
    for (unsigned i = 0; i < length / sizeof(*old); i++)
        if (old[i].Relationship == RelationProcessorCore)
            bits += (DWORD)__builtin_popcountll(old[i].ProcessorMask), cores++;
    ok(bits == active && cores <= active, "%lu processors in %lu cores", bits, cores);
    HeapFree(GetProcessHeap(), 0, old);
    /* The new form: records of different sizes. */
    length = 0;
    ok(!GetLogicalProcessorInformationEx(RelationAll, NULL, &length) && length, "no length");
    buffer = HeapAlloc(GetProcessHeap(), 0, length);
    ok(GetLogicalProcessorInformationEx(RelationAll, (void *)buffer, &length), "error %lu", GetLastError());
    bits = 0;
    for (DWORD used = 0; used < length; used += at->Size) {
        at = (void *)(buffer + used);
        if (at->Size < 8 || used + at->Size > length) {
            ok(0, "record of %lu bytes at %lu of %lu", at->Size, used, length);
            break;
        }
        if (at->Relationship == RelationProcessorCore)
            bits += (DWORD)__builtin_popcountll(at->Processor.GroupMask[0].Mask);
        if (at->Relationship == RelationGroup)
            ok(at->Group.ActiveGroupCount == 1 && at->Group.GroupInfo[0].ActiveProcessorCount == active, "group: %u",
               at->Group.GroupInfo[0].ActiveProcessorCount);
    }
    ok(bits == active, "%lu processors", bits);
    HeapFree(GetProcessHeap(), 0, buffer);
    ok(GetNumaHighestNodeNumber(&node), "error %lu", GetLastError());
    todo_wine ok(GetNumaNodeProcessorMask(0, &mask) && mask, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GetNumaNodeProcessorMask(200, &mask), "node 200");
}

/* The features are CPUID's. */
static void test_features(void)
{
    static const struct {
        DWORD feature, leaf, reg, bit;
    } rows[] = {
        {PF_MMX_INSTRUCTIONS_AVAILABLE, 1, 3, 23},     {PF_XMMI_INSTRUCTIONS_AVAILABLE, 1, 3, 25},
        {PF_XMMI64_INSTRUCTIONS_AVAILABLE, 1, 3, 26},  {PF_SSE3_INSTRUCTIONS_AVAILABLE, 1, 2, 0},
        {PF_COMPARE_EXCHANGE_DOUBLE, 1, 3, 8},         {PF_COMPARE_EXCHANGE128, 1, 2, 13},
        {PF_RDTSC_INSTRUCTION_AVAILABLE, 1, 3, 4},     {PF_SSSE3_INSTRUCTIONS_AVAILABLE, 1, 2, 9},
        {PF_SSE4_1_INSTRUCTIONS_AVAILABLE, 1, 2, 19},  {PF_SSE4_2_INSTRUCTIONS_AVAILABLE, 1, 2, 20},
        {PF_AVX_INSTRUCTIONS_AVAILABLE, 1, 2, 28},     {PF_AVX2_INSTRUCTIONS_AVAILABLE, 7, 1, 5},
        {PF_AVX512F_INSTRUCTIONS_AVAILABLE, 7, 1, 16},
    };

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        unsigned regs[4] = {0};
        BOOL has;

        __get_cpuid_count(rows[i].leaf, 0, &regs[0], &regs[1], &regs[2], &regs[3]);
        has = regs[rows[i].reg] >> rows[i].bit & 1;
        todo_wine_if(has && rows[i].feature == PF_AVX512F_INSTRUCTIONS_AVAILABLE)
            ok(!IsProcessorFeaturePresent(rows[i].feature) == !has, "feature %lu: %d", rows[i].feature,
               IsProcessorFeaturePresent(rows[i].feature));
        ok(!*(volatile BYTE *)(0x7ffe0274ull + rows[i].feature) == !IsProcessorFeaturePresent(rows[i].feature),
           "feature %lu: the shared page differs", rows[i].feature);
    }
    ok(IsProcessorFeaturePresent(PF_NX_ENABLED) && IsProcessorFeaturePresent(PF_FASTFAIL_AVAILABLE), "NX, fast fail");
    ok(!IsProcessorFeaturePresent(PF_FLOATING_POINT_EMULATED) && !IsProcessorFeaturePresent(PF_ARM_VFP_32_REGISTERS_AVAILABLE) &&
           !IsProcessorFeaturePresent(63) && !IsProcessorFeaturePresent(1000), "what there is not");
}

/* Without a manifest that says otherwise a program is told 6.2; ntdll tells the truth. */
static void test_versions(void)
{
    OSVERSIONINFOEXW version = {.dwOSVersionInfoSize = sizeof(version)};
    RTL_OSVERSIONINFOEXW real = {.dwOSVersionInfoSize = sizeof(real)};
    ULONG major = 0, minor = 42, build = 0;
    DWORD product = 0;

    ok(GetVersionExW((OSVERSIONINFOW *)&version), "error %lu", GetLastError());
    /* On Wine the version is a setting of the prefix. */
    flaky_wine
        ok(version.dwMajorVersion == 6 && version.dwMinorVersion == 2 && version.dwBuildNumber == 9200, "%lu.%lu.%lu",
           version.dwMajorVersion, version.dwMinorVersion, version.dwBuildNumber);
    ok(version.dwPlatformId == VER_PLATFORM_WIN32_NT && version.wProductType == VER_NT_WORKSTATION, "platform %lu product %u",
       version.dwPlatformId, version.wProductType);
    version.dwOSVersionInfoSize = 3;
    SetLastError(0xdeadbeef);
    todo_wine ok(!GetVersionExW((OSVERSIONINFOW *)&version) && GetLastError() == ERROR_INSUFFICIENT_BUFFER, "error %lu",
                 GetLastError());
    flaky_wine
        ok(!RtlGetVersion(&real) && real.dwMajorVersion == 10 && !real.dwMinorVersion && real.dwBuildNumber >= 7600,
           "%lu.%lu.%lu", real.dwMajorVersion, real.dwMinorVersion, real.dwBuildNumber);
    RtlGetNtVersionNumbers(&major, &minor, &build);
    ok(major == real.dwMajorVersion && minor == real.dwMinorVersion && build == (0xf0000000 | real.dwBuildNumber),
       "%lu.%lu.%#lx", major, minor, build);
    version = (OSVERSIONINFOEXW){.dwOSVersionInfoSize = sizeof(version), .dwMajorVersion = 6};
    ok(VerifyVersionInfoW(&version, VER_MAJORVERSION, VerSetConditionMask(0, VER_MAJORVERSION, VER_GREATER_EQUAL)),
       "error %lu", GetLastError());
    version.dwMajorVersion = 99;
    SetLastError(0xdeadbeef);
    ok(!VerifyVersionInfoW(&version, VER_MAJORVERSION, VerSetConditionMask(0, VER_MAJORVERSION, VER_GREATER_EQUAL)) &&
           GetLastError() == ERROR_OLD_WIN_VERSION, "error %lu", GetLastError());
    /* learn.microsoft.com VerifyVersionInfo: not for 8.1 and 10 without a manifest that names them. */
    for (unsigned i = 0; i < 5; i++) {
        static const struct {
            DWORD major, minor;
            BYTE condition;
            BOOL holds;
        } rows[] = {{10, 0, VER_GREATER_EQUAL, FALSE}, {6, 3, VER_GREATER_EQUAL, FALSE}, {6, 2, VER_GREATER_EQUAL, TRUE},
                    {6, 2, VER_EQUAL, TRUE}, {6, 1, VER_GREATER, TRUE}};
        DWORDLONG mask = VerSetConditionMask(VerSetConditionMask(0, VER_MAJORVERSION, rows[i].condition), VER_MINORVERSION,
                                             rows[i].condition);

        version.dwMajorVersion = rows[i].major, version.dwMinorVersion = rows[i].minor;
        flaky_wine
            ok(!VerifyVersionInfoW(&version, VER_MAJORVERSION | VER_MINORVERSION, mask) == !rows[i].holds,
               "%u: %lu.%lu", i, rows[i].major, rows[i].minor);
    }
    SetLastError(0xdeadbeef);
    ok(!VerifyVersionInfoW(&version, 0, 0) && GetLastError() == ERROR_BAD_ARGUMENTS, "error %lu", GetLastError());
    ok(GetProductInfo(10, 0, 0, 0, &product) && product && product != 0xabcdabcd, "product %#lx", product);
}

static void test_machine(void)
{
    MEMORYSTATUSEX memory = {.dwLength = sizeof(memory)};
    BOOL(WINAPI * wow64)(HANDLE, USHORT *, USHORT *) =
        (void *)GetProcAddress(GetModuleHandleA("kernel32.dll"), "IsWow64Process2");
    BOOL(WINAPI * firmware)(int *) = (void *)GetProcAddress(GetModuleHandleA("kernel32.dll"), "GetFirmwareType");
    USHORT process = 0xcccc, native = 0xcccc;
    SYSTEM_POWER_STATUS power;
    BOOL is_wow64 = 42;
    int type = 0;

    ok(GlobalMemoryStatusEx(&memory), "error %lu", GetLastError());
    ok(memory.ullTotalPhys && memory.ullAvailPhys <= memory.ullTotalPhys && memory.ullAvailPageFile <= memory.ullTotalPageFile &&
           memory.ullTotalPageFile >= memory.ullTotalPhys && memory.dwMemoryLoad <= 100, "physical %llu of %llu, page file %llu of %llu",
       memory.ullAvailPhys, memory.ullTotalPhys, memory.ullAvailPageFile, memory.ullTotalPageFile);
    memory.dwLength--;
    SetLastError(0xdeadbeef);
    ok(!GlobalMemoryStatusEx(&memory) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
    ok(IsWow64Process(GetCurrentProcess(), &is_wow64) && !is_wow64, "WoW64 %d", is_wow64);
    ok(wow64 && wow64(GetCurrentProcess(), &process, &native) && !process && native == IMAGE_FILE_MACHINE_AMD64,
       "process %#x native %#x", process, native);
    flaky_wine ok(firmware && firmware(&type) && (type == 1 || type == 2), "firmware %d", type);
    memset(&power, 0xcc, sizeof(power));
    ok(GetSystemPowerStatus(&power) && (power.ACLineStatus <= 1 || power.ACLineStatus == 255), "power %u",
       power.ACLineStatus);
}

static void test_names(void)
{
    WCHAR name[MAX_PATH], windows[MAX_PATH];
    DWORD size = ARRAYSIZE(name);

    ok(GetComputerNameW(name, &size) && size == wcslen(name) && size && size <= MAX_COMPUTERNAME_LENGTH, "%ls", name);
    size = 0;
    SetLastError(0xdeadbeef);
    ok(!GetComputerNameW(name, &size) && GetLastError() == ERROR_BUFFER_OVERFLOW && size > 1, "error %lu size %lu",
       GetLastError(), size);
    for (int type = ComputerNameNetBIOS; type < ComputerNameMax; type++) {
        size = ARRAYSIZE(name);
        ok(GetComputerNameExW(type, name, &size) && size == wcslen(name), "type %d: error %lu", type, GetLastError());
    }
    ok(GetWindowsDirectoryW(windows, MAX_PATH) == wcslen(windows) && windows[1] == ':', "%ls", windows);
    ok(GetSystemDirectoryW(name, MAX_PATH) == wcslen(name) && !_wcsnicmp(name, windows, wcslen(windows)) &&
           !_wcsicmp(name + wcslen(windows), L"\\system32"), "%ls", name);
    ok(GetSystemDirectoryW(name, 3) == wcslen(windows) + 10, "room: %u", GetSystemDirectoryW(name, 3));
    ok(GetSystemWindowsDirectoryW(name, MAX_PATH) && !_wcsicmp(name, windows), "%ls", name);
    ok(GetFileAttributesW(windows) != INVALID_FILE_ATTRIBUTES, "%ls does not exist", windows);
}

/* No two draws are alike, and all bits occur. */
static void test_random(void)
{
    HMODULE primitives = LoadLibraryA("bcryptprimitives.dll"), advapi = LoadLibraryA("advapi32.dll");
    BOOL(WINAPI * prng)(BYTE *, SIZE_T) = primitives ? (void *)GetProcAddress(primitives, "ProcessPrng") : NULL;
    BOOLEAN(WINAPI * gen_random)(void *, ULONG) = advapi ? (void *)GetProcAddress(advapi, "SystemFunction036") : NULL;
    BYTE first[64] = {0}, second[64] = {0};
    ULONG ones = 0;

    todo_wine ok(prng != NULL, "no ProcessPrng");
    if (prng) {
        ok(prng(first, sizeof(first)) && prng(second, sizeof(second)), "ProcessPrng");
        ok(memcmp(first, second, sizeof(first)), "twice the same");
        for (unsigned i = 0; i < sizeof(first); i++)
            ones += (ULONG)__builtin_popcount(first[i]);
        ok(ones > 150 && ones < 362, "%lu of 512 bits", ones);
    }
    ok(gen_random != NULL, "no SystemFunction036: error %lu", GetLastError());
    if (gen_random) {
        ok(gen_random(first, sizeof(first)) && gen_random(second, sizeof(second)), "SystemFunction036");
        ok(memcmp(first, second, sizeof(first)), "twice the same");
    }
}

CONFORMANCE("system: information", test_processors, test_features, test_versions, test_machine, test_names, test_random)
