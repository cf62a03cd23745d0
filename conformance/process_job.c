/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Job objects as runtimes and build tools use them: members and their children, ending them, KILL_ON_JOB_CLOSE
 * (also when the holder is killed), limits, completion ports, accounting.
 *
 * Sources: "Job Objects", JOBOBJECT_ASSOCIATE_COMPLETION_PORT, JOBOBJECT_BASIC_LIMIT_INFORMATION and the functions'
 * pages in Microsoft's documentation; dlls/kernel32/tests/process.c (test_jobInheritance, test_CompletionPort,
 * test_KillOnJobClose, test_BreakawayOk, test_QueryInformationJobObject) of Wine, whose checks pass on Windows.
 */
#define CONFORMANCE_CHILD child
static int child(int argc, char **argv);
#include "conformance.h"
#include "conformance_child.h"

/* "wait": waits. "spawn FLAGS": starts a process of its own, tells its id, waits. "hold": makes a job that ends
 * its members when it is closed, puts a process in, tells its id, waits to be killed. "exit N". */
static int child(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[2] : "";

    if (!strcmp(what, "exit"))
        return (int)strtoul(argv[3], NULL, 16);
    if (!strcmp(what, "spawn")) {
        DWORD flags = strtoul(argv[3], NULL, 16), id = 0;
        STARTUPINFOA startup = {.cb = sizeof(startup)};
        PROCESS_INFORMATION info = {0};
        char path[MAX_PATH], command[2 * MAX_PATH];

        GetModuleFileNameA(NULL, path, sizeof(path));
        snprintf(command, sizeof(command), "\"%s\" --child sleep", path);
        if (CreateProcessA(NULL, command, NULL, NULL, FALSE, flags, NULL, NULL, &startup, &info))
            id = info.dwProcessId;
        else
            id = 0x80000000 | GetLastError();
        child_say(&id, sizeof(id));
        child_hold();
        if (info.hProcess)
            TerminateProcess(info.hProcess, 0);
        return 0;
    }
    if (!strcmp(what, "hold")) {
        JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {
            .BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE};
        HANDLE job = CreateJobObjectA(NULL, NULL);
        struct child other = child_start("wait");

        SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits));
        AssignProcessToJobObject(job, other.process);
        child_say(&other.id, sizeof(other.id));
        return child_hold();
    }
    if (!strcmp(what, "burn")) { /* at least 60 ms of processor time */
        FILETIME created, exited, kernel, user;

        do
            GetProcessTimes(GetCurrentProcess(), &created, &exited, &kernel, &user);
        while (user.dwLowDateTime + kernel.dwLowDateTime < 600000);
        return child_hold();
    }
    if (!strcmp(what, "sleep")) {
        Sleep(20000);
        return 0;
    }
    return child_hold();
}

/* Lets a child that was created suspended run, and reads the number that it tells. */
static void hear(struct child *other, DWORD *id)
{
    char ready = 0;

    *id = 0;
    ResumeThread(other->thread);
    ok(child_read(other, id, sizeof(*id)) && child_read(other, &ready, 1), "the child says nothing");
}

static BOOL in_job(HANDLE process, HANDLE job)
{
    BOOL result = 0xcc;

    ok(IsProcessInJob(process, job, &result), "IsProcessInJob: error %lu", GetLastError());
    ok(result == TRUE || result == FALSE, "result %d", result);
    return result;
}

static void test_members(void)
{
    struct child first = child_start("wait"), second = child_start("wait");
    HANDLE job = CreateJobObjectA(NULL, NULL), other_job = CreateJobObjectA(NULL, NULL), weak;
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION accounting;
    struct {
        DWORD assigned, listed;
        ULONG_PTR ids[4];
    } ids;
    DWORD size = 0, code;

    ok(job != NULL, "CreateJobObject: error %lu", GetLastError());
    ok(!in_job(first.process, job), "it is in the job already");
    ok(AssignProcessToJobObject(job, first.process), "assign: error %lu", GetLastError());
    ok(in_job(first.process, job) && !in_job(second.process, job) && !in_job(first.process, other_job),
       "membership");
    ok(in_job(first.process, NULL), "it is in no job at all");
    ok(AssignProcessToJobObject(job, second.process), "assign: error %lu", GetLastError());

    memset(&ids, 0xcc, sizeof(ids));
    ok(QueryInformationJobObject(job, JobObjectBasicProcessIdList, &ids, sizeof(ids), &size),
       "ids: error %lu", GetLastError());
    ok(ids.assigned == 2 && ids.listed == 2 &&
           ((ids.ids[0] == first.id && ids.ids[1] == second.id) ||
            (ids.ids[1] == first.id && ids.ids[0] == second.id)),
       "%lu assigned, %lu listed", ids.assigned, ids.listed);
    memset(&ids, 0xcc, sizeof(ids));
    SetLastError(0xdeadbeef);
    ok(!QueryInformationJobObject(job, JobObjectBasicProcessIdList, &ids, 16, &size) &&
           GetLastError() == ERROR_MORE_DATA,
       "a small buffer: error %lu", GetLastError());
    ok(ids.assigned == 2 && ids.listed == 1, "%lu assigned, %lu listed", ids.assigned, ids.listed);
    memset(&accounting, 0xcc, sizeof(accounting));
    ok(QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &accounting,
                                 sizeof(accounting), NULL),
       "accounting: error %lu", GetLastError());
    ok(accounting.TotalProcesses == 2 && accounting.ActiveProcesses == 2 &&
           accounting.TotalTerminatedProcesses == 0,
       "%lu in all, %lu active", accounting.TotalProcesses, accounting.ActiveProcesses);

    /* Nested: since Windows 8 a process may be in several. */
    ok(AssignProcessToJobObject(other_job, first.process), "a second job: error %lu", GetLastError());
    ok(in_job(first.process, job) && in_job(first.process, other_job), "it is in both");

    weak = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, first.id);
    SetLastError(0xdeadbeef);
    ok(!AssignProcessToJobObject(job, weak) && GetLastError() == ERROR_ACCESS_DENIED,
       "without PROCESS_SET_QUOTA: error %lu", GetLastError());
    CloseHandle(weak);

    ok(TerminateJobObject(job, 0x1234), "TerminateJobObject: error %lu", GetLastError());
    code = child_finish(&first);
    ok(code == 0x1234, "exit code %lx", code);
    code = child_finish(&second);
    ok(code == 0x1234, "exit code %lx", code);
    ok(QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &accounting,
                                 sizeof(accounting), NULL) &&
           accounting.TotalProcesses == 2 && accounting.ActiveProcesses == 0,
       "%lu in all, %lu active", accounting.TotalProcesses, accounting.ActiveProcesses);
    CloseHandle(job);
    CloseHandle(other_job);
}

static void set_flags(HANDLE job, DWORD flags)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.BasicLimitInformation.LimitFlags = flags};

    ok(SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits)),
       "limits %lx: error %lu", flags, GetLastError());
}

/* A member's children are members; breakaway lets them out, when the job allows it. */
static void test_children(void)
{
    static const struct {
        DWORD limit, flags;
        BOOL is_member, is_refused;
    } cases[] = {
        {0, 0, TRUE, FALSE},
        {0, CREATE_BREAKAWAY_FROM_JOB, FALSE, TRUE},
        {JOB_OBJECT_LIMIT_BREAKAWAY_OK, CREATE_BREAKAWAY_FROM_JOB, FALSE, FALSE},
        {JOB_OBJECT_LIMIT_BREAKAWAY_OK, 0, TRUE, FALSE},
        {JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK, 0, FALSE, FALSE},
    };

    for (size_t i = 0; i < ARRAYSIZE(cases); i++) {
        HANDLE job = CreateJobObjectA(NULL, NULL), grandchild;
        struct child other;
        char what[32];
        DWORD id;

        snprintf(what, sizeof(what), "spawn %lx", cases[i].flags);
        other = child_start_flags(what, CREATE_SUSPENDED);
        set_flags(job, cases[i].limit);
        ok(AssignProcessToJobObject(job, other.process), "case %u: assign: error %lu", (unsigned)i,
           GetLastError());
        hear(&other, &id);
        if (cases[i].is_refused) {
            ok(id == (0x80000000 | ERROR_ACCESS_DENIED), "case %u: error %lx", (unsigned)i, id);
        } else {
            grandchild = OpenProcess(PROCESS_ALL_ACCESS, FALSE, id);
            ok(grandchild != NULL, "case %u: OpenProcess: error %lu", (unsigned)i, GetLastError());
            ok(in_job(grandchild, job) == cases[i].is_member, "case %u: member: %d", (unsigned)i,
               in_job(grandchild, job));
            ok(TerminateJobObject(job, 3), "terminate: error %lu", GetLastError());
            if (cases[i].is_member) {
                ok(WaitForSingleObject(grandchild, 10000) == WAIT_OBJECT_0,
                   "case %u: the grandchild lives on", (unsigned)i);
            } else {
                ok(WaitForSingleObject(grandchild, 0) == WAIT_TIMEOUT,
                   "case %u: the grandchild was ended too", (unsigned)i);
                TerminateProcess(grandchild, 0);
            }
            CloseHandle(grandchild);
        }
        TerminateProcess(other.process, 0);
        child_finish(&other);
        CloseHandle(job);
    }
}

static void test_kill_on_close(void)
{
    struct child other = child_start("wait"), holder;
    HANDLE job = CreateJobObjectA(NULL, NULL), second, grandchild;
    DWORD id, code;

    set_flags(job, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE);
    ok(AssignProcessToJobObject(job, other.process), "assign: error %lu", GetLastError());
    DuplicateHandle(GetCurrentProcess(), job, GetCurrentProcess(), &second, 0, FALSE,
                    DUPLICATE_SAME_ACCESS);
    CloseHandle(job);
    ok(WaitForSingleObject(other.process, 50) == WAIT_TIMEOUT, "one handle is open still");
    CloseHandle(second);
    ok(WaitForSingleObject(other.process, 10000) == WAIT_OBJECT_0, "it is not ended");
    code = child_finish(&other);
    ok(code == 0, "exit code %lx", code);

    /* The job's holder is killed, which closes its handle: that is what the flag is used for. */
    holder = child_start_flags("hold", CREATE_SUSPENDED);
    hear(&holder, &id);
    grandchild = OpenProcess(PROCESS_ALL_ACCESS, FALSE, id);
    ok(grandchild && WaitForSingleObject(grandchild, 0) == WAIT_TIMEOUT, "the grandchild is gone");
    TerminateProcess(holder.process, 9);
    ok(WaitForSingleObject(grandchild, 10000) == WAIT_OBJECT_0, "the grandchild lives on");
    TerminateProcess(grandchild, 0);
    CloseHandle(grandchild);
    child_finish(&holder);
}

static void expect(HANDLE port, DWORD message, DWORD id, int line)
{
    OVERLAPPED *value = NULL;
    ULONG_PTR key = 0;
    DWORD number = 0;

    ok(GetQueuedCompletionStatus(port, &number, &key, &value, 10000), "line %d: no message: error %lu",
       line, GetLastError());
    ok(number == message && key == 0x4711 && (DWORD)(ULONG_PTR)value == id,
       "line %d: message %lu, key %zx, process %lu (wanted %lu, process %lu)", line, number, key,
       (DWORD)(ULONG_PTR)value, message, id);
}

static void test_completion_port(void)
{
    HANDLE job = CreateJobObjectA(NULL, NULL);
    JOBOBJECT_ASSOCIATE_COMPLETION_PORT associate = {
        (void *)0x4711, CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1)};
    HANDLE port = associate.CompletionPort;
    struct child first = child_start("wait"), second = child_start("wait"), third;
    OVERLAPPED *value;
    ULONG_PTR key;
    DWORD number;

    ok(SetInformationJobObject(job, JobObjectAssociateCompletionPortInformation, &associate,
                               sizeof(associate)),
       "associate: error %lu", GetLastError());
    ok(AssignProcessToJobObject(job, first.process), "assign: error %lu", GetLastError());
    expect(port, JOB_OBJECT_MSG_NEW_PROCESS, first.id, __LINE__);
    ok(AssignProcessToJobObject(job, second.process), "assign: error %lu", GetLastError());
    expect(port, JOB_OBJECT_MSG_NEW_PROCESS, second.id, __LINE__);
    child_finish(&first);
    expect(port, JOB_OBJECT_MSG_EXIT_PROCESS, first.id, __LINE__);
    child_finish(&second);
    expect(port, JOB_OBJECT_MSG_EXIT_PROCESS, second.id, __LINE__);
    expect(port, JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO, 0, __LINE__);

    /* The exit codes of JOB_OBJECT_MSG_ABNORMAL_EXIT_PROCESS's list. */
    third = child_start_flags("exit c0000005", CREATE_SUSPENDED);
    ok(AssignProcessToJobObject(job, third.process), "assign: error %lu", GetLastError());
    expect(port, JOB_OBJECT_MSG_NEW_PROCESS, third.id, __LINE__);
    ResumeThread(third.thread);
    todo_wine expect(port, JOB_OBJECT_MSG_ABNORMAL_EXIT_PROCESS, third.id, __LINE__);
    expect(port, JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO, 0, __LINE__);
    child_finish(&third);
    ok(!GetQueuedCompletionStatus(port, &number, &key, &value, 0), "one message more: %lu", number);
    CloseHandle(job);
    CloseHandle(port);
}

static void test_limits(void)
{
    HANDLE job = CreateJobObjectA(NULL, NULL);
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0}, again;
    struct child first = child_start("wait"), second = child_start("wait");
    DWORD size = 0;

    limits.BasicLimitInformation.LimitFlags =
        JOB_OBJECT_LIMIT_ACTIVE_PROCESS | JOB_OBJECT_LIMIT_PROCESS_MEMORY |
        JOB_OBJECT_LIMIT_JOB_MEMORY | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION |
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_PRIORITY_CLASS;
    limits.BasicLimitInformation.ActiveProcessLimit = 1;
    limits.BasicLimitInformation.PriorityClass = NORMAL_PRIORITY_CLASS;
    limits.ProcessMemoryLimit = (SIZE_T)1 << 40;
    limits.JobMemoryLimit = (SIZE_T)1 << 41;
    ok(SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits)),
       "set: error %lu", GetLastError());
    memset(&again, 0xcc, sizeof(again));
    ok(QueryInformationJobObject(job, JobObjectExtendedLimitInformation, &again, sizeof(again),
                                 &size) &&
           size == sizeof(again),
       "query: size %lu, error %lu", size, GetLastError());
    todo_wine ok(again.BasicLimitInformation.LimitFlags == limits.BasicLimitInformation.LimitFlags &&
                     again.BasicLimitInformation.ActiveProcessLimit == 1 &&
                     again.ProcessMemoryLimit == limits.ProcessMemoryLimit &&
                     again.JobMemoryLimit == limits.JobMemoryLimit,
                 "flags %lx, %lu processes, %zx, %zx bytes", again.BasicLimitInformation.LimitFlags,
                 again.BasicLimitInformation.ActiveProcessLimit, again.ProcessMemoryLimit,
                 again.JobMemoryLimit);
    SetLastError(0xdeadbeef);
    todo_wine ok(!SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits,
                                          sizeof(limits) - 1) &&
                     GetLastError() == ERROR_BAD_LENGTH,
                 "a wrong size: error %lu", GetLastError());
    limits.BasicLimitInformation.LimitFlags = 0x80000000;
    SetLastError(0xdeadbeef);
    ok(!SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits)) &&
           GetLastError() == ERROR_INVALID_PARAMETER,
       "an unknown flag: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!QueryInformationJobObject(job, JobObjectExtendedLimitInformation, &again,
                                  sizeof(again) - 1, &size) &&
           GetLastError() == ERROR_BAD_LENGTH,
       "a wrong size: error %lu", GetLastError());

    /* More than the limit: the assignment fails and the process is ended (documented). */
    ok(AssignProcessToJobObject(job, first.process), "assign: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    todo_wine ok(!AssignProcessToJobObject(job, second.process) && GetLastError() == ERROR_NOT_ENOUGH_QUOTA,
                 "one too many: error %lu", GetLastError());
    todo_wine ok(WaitForSingleObject(second.process, is_wine() ? 500 : 10000) == WAIT_OBJECT_0,
                 "it lives on");
    child_finish(&second);
    ok(WaitForSingleObject(first.process, 0) == WAIT_TIMEOUT, "the first is gone");
    CloseHandle(job);
    ok(WaitForSingleObject(first.process, 10000) == WAIT_OBJECT_0, "the first lives on");
    child_finish(&first);
}

/* PROC_THREAD_ATTRIBUTE_JOB_LIST: in the job from the first instruction on. */
static void test_job_list(void)
{
    HANDLE job = CreateJobObjectA(NULL, NULL);
    STARTUPINFOEXA startup = {.StartupInfo = {.cb = sizeof(startup)}};
    PROCESS_INFORMATION info;
    char path[MAX_PATH], command[2 * MAX_PATH];
    SIZE_T size = 0;
    BOOL started;

    GetModuleFileNameA(NULL, path, sizeof(path));
    snprintf(command, sizeof(command), "\"%s\" --child sleep", path);
    InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    startup.lpAttributeList = malloc(size);
    InitializeProcThreadAttributeList(startup.lpAttributeList, 1, 0, &size);
    ok(UpdateProcThreadAttribute(startup.lpAttributeList, 0, 0x2000d /* JOB_LIST */, &job,
                                 sizeof(job), NULL, NULL),
       "UpdateProcThreadAttribute: error %lu", GetLastError());
    started = CreateProcessA(NULL, command, NULL, NULL, FALSE, EXTENDED_STARTUPINFO_PRESENT, NULL,
                             NULL, &startup.StartupInfo, &info);
    ok(started, "CreateProcess: error %lu", GetLastError());
    if (started) {
        ok(in_job(info.hProcess, job), "it is not in the job");
        ok(TerminateJobObject(job, 1), "terminate: error %lu", GetLastError());
        ok(WaitForSingleObject(info.hProcess, 10000) == WAIT_OBJECT_0, "it lives on");
        CloseHandle(info.hProcess);
        CloseHandle(info.hThread);
    }
    free(startup.lpAttributeList);
    CloseHandle(job);
}

/* Processor time of members counts while they run and after their end. */
static void test_times(void)
{
    HANDLE job = CreateJobObjectA(NULL, NULL);
    struct child other = child_start_flags("burn", CREATE_SUSPENDED);
    JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION accounting;
    LONGLONG running, ended;
    char ready = 0;

    ok(AssignProcessToJobObject(job, other.process), "assign: error %lu", GetLastError());
    ResumeThread(other.thread);
    ok(child_read(&other, &ready, 1), "the child does not start");
    memset(&accounting, 0xcc, sizeof(accounting));
    todo_wine ok(QueryInformationJobObject(job, JobObjectBasicAndIoAccountingInformation, &accounting,
                                           sizeof(accounting), NULL),
                 "query: error %lu", GetLastError());
    running = accounting.BasicInfo.TotalUserTime.QuadPart +
              accounting.BasicInfo.TotalKernelTime.QuadPart;
    todo_wine ok(running >= 500000, "%lld us while it runs", running / 10);
    todo_wine ok(accounting.BasicInfo.ActiveProcesses == 1, "%lu active", accounting.BasicInfo.ActiveProcesses);
    child_finish(&other);
    todo_wine ok(QueryInformationJobObject(job, JobObjectBasicAndIoAccountingInformation, &accounting,
                                           sizeof(accounting), NULL),
                 "query: error %lu", GetLastError());
    ended = accounting.BasicInfo.TotalUserTime.QuadPart +
            accounting.BasicInfo.TotalKernelTime.QuadPart;
    ok(ended >= running, "%lld us, and %lld after its end", running / 10, ended / 10);
    CloseHandle(job);
}

CONFORMANCE("job objects", test_members, test_children, test_kill_on_close, test_completion_port,
            test_limits, test_job_list, test_times)
