/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The lists of processes, threads and modules: toolhelp snapshots, psapi, image names.
 *
 * Sources: the pages of CreateToolhelp32Snapshot, Process32First, Thread32First, Module32First, EnumProcesses,
 * EnumProcessModules, GetModuleFileNameEx, GetProcessImageFileName, QueryFullProcessImageName in Microsoft's
 * documentation; dlls/kernel32/tests/toolhelp.c and dlls/psapi/tests/psapi_main.c of Wine, whose checks pass on
 * Windows.
 */
#define CONFORMANCE_CHILD child
static int child(int argc, char **argv);
#include "conformance.h"
#include "conformance_child.h"
#include <tlhelp32.h>
#define PSAPI_VERSION 2
#include <psapi.h>

static HANDLE stop;

static DWORD WINAPI wait_for_stop(void *argument)
{
    (void)argument;
    return WaitForSingleObject(stop, INFINITE);
}

/* With two threads more than the first. */
static int child(int argc, char **argv)
{
    (void)argc, (void)argv;
    stop = CreateEventA(NULL, TRUE, FALSE, NULL);
    for (int i = 0; i < 2; i++)
        CloseHandle(CreateThread(NULL, 0, wait_for_stop, NULL, 0, NULL));
    return child_hold();
}

static const char *own_name(void)
{
    static char path[MAX_PATH];

    GetModuleFileNameA(NULL, path, sizeof(path));
    return strrchr(path, '\\') + 1;
}

static void test_processes(void)
{
    struct child other = child_start("wait");
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    PROCESSENTRY32 entry;
    PROCESSENTRY32W wide;
    int seen_own = 0, seen_child = 0;
    BOOL more;

    ok(snapshot != INVALID_HANDLE_VALUE, "snapshot: error %lu", GetLastError());
    memset(&entry, 0xcc, sizeof(entry));
    entry.dwSize = sizeof(entry) - 1;
    SetLastError(0xdeadbeef);
    todo_wine ok(!Process32First(snapshot, &entry) && GetLastError() == ERROR_BAD_LENGTH,
                 "a small structure: error %lu", GetLastError());
    for (int round = 0; round < 2; round++) { /* First begins anew */
        seen_own = seen_child = 0;
        entry.dwSize = sizeof(entry);
        for (more = Process32First(snapshot, &entry); more; more = Process32Next(snapshot, &entry)) {
            if (entry.th32ProcessID == GetCurrentProcessId()) {
                seen_own++;
                ok(!_stricmp(entry.szExeFile, own_name()), "our name is %s", entry.szExeFile);
                ok(entry.cntThreads == 1, "we have %lu threads", entry.cntThreads);
            } else if (entry.th32ProcessID == other.id) {
                seen_child++;
                ok(!_stricmp(entry.szExeFile, own_name()), "the child's name is %s", entry.szExeFile);
                ok(entry.th32ParentProcessID == GetCurrentProcessId(), "its parent is %lu",
                   entry.th32ParentProcessID);
                ok(entry.cntThreads == 3, "it has %lu threads", entry.cntThreads);
            }
        }
        ok(GetLastError() == ERROR_NO_MORE_FILES, "at the end: error %lu", GetLastError());
        ok(seen_own == 1 && seen_child == 1, "we came %d times, the child %d", seen_own, seen_child);
    }
    memset(&wide, 0xcc, sizeof(wide));
    wide.dwSize = sizeof(wide);
    ok(Process32FirstW(snapshot, &wide), "Process32FirstW: error %lu", GetLastError());
    CloseHandle(snapshot);
    child_end(&other);

    /* It is gone from a new one. */
    snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    seen_child = 0;
    for (more = Process32First(snapshot, &entry); more; more = Process32Next(snapshot, &entry))
        seen_child += entry.th32ProcessID == other.id;
    ok(!seen_child, "the child has ended and is still there");
    CloseHandle(snapshot);
}

static void test_threads(void)
{
    struct child other = child_start("wait");
    /* One more, from outside; it never runs. */
    HANDLE injected = CreateRemoteThread(other.process, NULL, 0, (LPTHREAD_START_ROUTINE)(void *)Sleep,
                                         NULL, CREATE_SUSPENDED, NULL);
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0), thread;
    THREADENTRY32 entry = {.dwSize = sizeof(entry)};
    int own = 0, others = 0, first = 0;

    ok(snapshot != INVALID_HANDLE_VALUE, "snapshot: error %lu", GetLastError());
    for (BOOL more = Thread32First(snapshot, &entry); more; more = Thread32Next(snapshot, &entry)) {
        if (entry.th32OwnerProcessID == GetCurrentProcessId()) {
            own++;
            ok(entry.th32ThreadID == GetCurrentThreadId(), "thread %lu of ours", entry.th32ThreadID);
        }
        if (entry.th32OwnerProcessID != other.id)
            continue;
        others++;
        first += entry.th32ThreadID == other.thread_id;
        thread = OpenThread(THREAD_QUERY_INFORMATION, FALSE, entry.th32ThreadID);
        ok(thread && GetProcessIdOfThread(thread) == other.id, "thread %lu cannot be opened: error %lu",
           entry.th32ThreadID, GetLastError());
        CloseHandle(thread);
    }
    ok(own == 1, "we have %d threads", own);
    ok(injected != NULL, "CreateRemoteThread: error %lu", GetLastError());
    ok(others == 4 && first == 1, "the child has %d threads, %d of them the first", others, first);
    CloseHandle(injected);
    CloseHandle(snapshot);
    child_end(&other);
}

/* The modules of a process: its program first, ntdll and kernel32 among them. */
static void check_modules(HANDLE snapshot, DWORD id, HANDLE process)
{
    MODULEENTRY32 entry = {.dwSize = sizeof(entry)};
    char path[MAX_PATH];
    int count = 0, ntdll = 0, kernel32 = 0;
    SIZE_T done;
    WORD magic;

    for (BOOL more = Module32First(snapshot, &entry); more; more = Module32Next(snapshot, &entry)) {
        if (!count++)
            ok(!_stricmp(entry.szModule, own_name()), "the first is %s", entry.szModule);
        ntdll += !_stricmp(entry.szModule, "ntdll.dll");
        kernel32 += !_stricmp(entry.szModule, "kernel32.dll");
        ok(entry.th32ProcessID == id && (HMODULE)entry.modBaseAddr == entry.hModule &&
               entry.modBaseSize >= 0x1000 && !(entry.modBaseSize & 0xfff),
           "%s: process %lu, size %lx", entry.szModule, entry.th32ProcessID, entry.modBaseSize);
        ok(strrchr(entry.szExePath, '\\') && !_stricmp(strrchr(entry.szExePath, '\\') + 1, entry.szModule),
           "%s has the path %s", entry.szModule, entry.szExePath);
        ok(ReadProcessMemory(process, entry.modBaseAddr, &magic, sizeof(magic), &done) &&
               magic == IMAGE_DOS_SIGNATURE,
           "%s at %p starts with %x", entry.szModule, entry.modBaseAddr, magic);
        ok(GetModuleFileNameExA(process, entry.hModule, path, sizeof(path)) &&
               !_stricmp(path, entry.szExePath),
           "GetModuleFileNameEx: %s", path);
        ok(GetModuleBaseNameA(process, entry.hModule, path, sizeof(path)) &&
               !_stricmp(path, entry.szModule),
           "GetModuleBaseName: %s", path);
    }
    ok(ntdll == 1 && kernel32 == 1, "ntdll came %d times, kernel32 %d", ntdll, kernel32);
}

static void test_modules(void)
{
    struct child other = child_start("wait");
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPMODULE, other.id), process;
    HMODULE modules[256], few[1];
    MODULEINFO info;
    DWORD needed = 0, again = 0;

    ok(snapshot != INVALID_HANDLE_VALUE, "snapshot: error %lu", GetLastError());
    check_modules(snapshot, other.id, other.process);
    CloseHandle(snapshot);
    snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPMODULE, 0);
    check_modules(snapshot, GetCurrentProcessId(), GetCurrentProcess());
    CloseHandle(snapshot);

    /* The rights that EnumProcessModules's page names. */
    process = OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, FALSE, other.id);
    ok(EnumProcessModules(process, modules, sizeof(modules), &needed) && needed >= 3 * sizeof(HMODULE),
       "EnumProcessModules: %lu bytes, error %lu", needed, GetLastError());
    few[0] = NULL;
    ok(EnumProcessModules(process, few, sizeof(few), &again) && again == needed && few[0] == modules[0],
       "with little room: %lu bytes", again);
    ok(GetModuleInformation(process, modules[0], &info, sizeof(info)) &&
           info.lpBaseOfDll == modules[0] && (char *)info.EntryPoint > (char *)modules[0] &&
           (char *)info.EntryPoint < (char *)modules[0] + info.SizeOfImage,
       "GetModuleInformation: base %p, entry %p", info.lpBaseOfDll, info.EntryPoint);
    CloseHandle(process);
    process = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, other.id);
    SetLastError(0xdeadbeef);
    ok(!EnumProcessModules(process, modules, sizeof(modules), &needed) &&
           GetLastError() == ERROR_ACCESS_DENIED,
       "without PROCESS_VM_READ: error %lu", GetLastError());
    CloseHandle(process);
    child_end(&other);
    SetLastError(0xdeadbeef);
    todo_wine ok(CreateToolhelp32Snapshot(TH32CS_SNAPMODULE, other.id) == INVALID_HANDLE_VALUE &&
                     GetLastError() == ERROR_INVALID_PARAMETER,
                 "of a process that is gone: error %lu", GetLastError());
}

static void test_names(void)
{
    struct child other = child_start("wait");
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, other.id);
    char own[MAX_PATH], path[MAX_PATH], device[MAX_PATH];
    DWORD size = sizeof(path), length;

    GetModuleFileNameA(NULL, own, sizeof(own));
    ok(QueryFullProcessImageNameA(process, 0, path, &size) && !_stricmp(path, own) &&
           size == strlen(path),
       "QueryFullProcessImageName: %s, %lu", path, size);
    size = 5;
    SetLastError(0xdeadbeef);
    ok(!QueryFullProcessImageNameA(process, 0, path, &size) &&
           GetLastError() == ERROR_INSUFFICIENT_BUFFER,
       "with little room: error %lu", GetLastError());
    size = sizeof(path);
    ok(QueryFullProcessImageNameA(process, PROCESS_NAME_NATIVE, path, &size) &&
           !_strnicmp(path, "\\Device\\", 8),
       "native: %s", path);
    length = GetProcessImageFileNameA(process, device, sizeof(device));
    ok(length && !_stricmp(device, path), "GetProcessImageFileName: %s", device);
    ok(strlen(path) > strlen(own + 2) && !_stricmp(path + strlen(path) - strlen(own + 2), own + 2),
       "%s does not end in %s", path, own + 2);
    /* The device is what the drive letter stands for. */
    own[2] = 0;
    ok(QueryDosDeviceA(own, device, sizeof(device)) && !_strnicmp(path, device, strlen(device)),
       "drive %s is %s, but the path %s", own, device, path);
    CloseHandle(process);
    child_end(&other);
}

static void test_enum(void)
{
    struct child other = child_start("wait");
    DWORD ids[4096], used = 0;
    int own = 0, theirs = 0;

    ok(EnumProcesses(ids, sizeof(ids), &used) && !(used % sizeof(DWORD)), "EnumProcesses: error %lu",
       GetLastError());
    for (DWORD i = 0; i < used / sizeof(DWORD); i++) {
        own += ids[i] == GetCurrentProcessId();
        theirs += ids[i] == other.id;
    }
    ok(own == 1 && theirs == 1, "we came %d times, the child %d", own, theirs);
    ok(EnumProcesses(ids, sizeof(DWORD), &used) && used == sizeof(DWORD), "with little room: %lu", used);
    child_end(&other);
}

CONFORMANCE("lists of processes, threads, modules", test_processes, test_threads, test_modules,
            test_names, test_enum)
