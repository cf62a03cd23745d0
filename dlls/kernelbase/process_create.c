/* SPDX-License-Identifier: LGPL-2.1-or-later
 * processthreadsapi.h: CreateProcess, and the attribute lists of STARTUPINFOEX.
 */
#include "kernelbase.h"

/* --- Attribute lists --- */

struct attribute {
    DWORD_PTR name;
    SIZE_T size;
    void *value;
};

struct _PROC_THREAD_ATTRIBUTE_LIST {
    DWORD mask; /* a bit for each number that is in */
    DWORD room;
    DWORD count;
    DWORD reserved;
    struct attribute attributes[];
};

/* Windows 10's; winbase.h of Wine 8 lacks some. */
#define ATTRIBUTE_PARENT_PROCESS 0x20000
#define ATTRIBUTE_HANDLE_LIST    0x20002
#define ATTRIBUTE_JOB_LIST       0x2000d
#define ATTRIBUTE_PSEUDOCONSOLE  0x20016
#define ATTRIBUTE_NUMBER(name)   ((name) & 0xffff)

/* Which sizes an attribute's value may have. */
static const struct {
    DWORD name;
    DWORD size;
    bool is_array; /* one or more of that size */
} known_attributes[] = {
    {ATTRIBUTE_PARENT_PROCESS, sizeof(HANDLE), false},
    {ATTRIBUTE_HANDLE_LIST, sizeof(HANDLE), true},
    {0x30003 /* group affinity */, sizeof(GROUP_AFFINITY), false},
    {0x20004 /* preferred node */, sizeof(USHORT), false},
    {0x30005 /* ideal processor */, sizeof(PROCESSOR_NUMBER), false},
    {0x20007 /* mitigation policy: 4, 8 or 16 bytes */, sizeof(DWORD), true},
    {0x2000b /* protection level */, sizeof(DWORD), false},
    {ATTRIBUTE_JOB_LIST, sizeof(HANDLE), true},
    {0x2000e /* child process policy */, sizeof(DWORD), false},
    {0x2000f /* all application packages policy */, sizeof(DWORD), false},
    {0x20012 /* desktop app policy */, sizeof(DWORD), false},
    {ATTRIBUTE_PSEUDOCONSOLE, sizeof(HANDLE), false},
};

BOOL WINAPI InitializeProcThreadAttributeList(struct _PROC_THREAD_ATTRIBUTE_LIST *list, DWORD count,
                                              DWORD flags, SIZE_T *size)
{
    SIZE_T needed = sizeof(*list) + count * sizeof(struct attribute);

    if (flags)
        return set_error(ERROR_INVALID_PARAMETER);
    if (!list || *size < needed) {
        *size = needed;
        return set_error(ERROR_INSUFFICIENT_BUFFER);
    }
    memset(list, 0, needed);
    list->room = count;
    return TRUE;
}

BOOL WINAPI UpdateProcThreadAttribute(struct _PROC_THREAD_ATTRIBUTE_LIST *list, DWORD flags,
                                      DWORD_PTR name, void *value, SIZE_T size, void *previous,
                                      SIZE_T *needed)
{
    DWORD bit = 1u << (ATTRIBUTE_NUMBER(name) & 31);
    size_t i;

    (void)previous, (void)needed;
    if (flags)
        return set_error(ERROR_INVALID_PARAMETER);
    if (list->count == list->room)
        return set_error(ERROR_GEN_FAILURE);
    for (i = 0; i < ARRAY_COUNT(known_attributes) && known_attributes[i].name != name; i++)
        ;
    if (i == ARRAY_COUNT(known_attributes))
        return set_error(ERROR_NOT_SUPPORTED);
    if (!size || (known_attributes[i].is_array ? size % known_attributes[i].size
                                               : size != known_attributes[i].size))
        return set_error(ERROR_BAD_LENGTH);
    if (list->mask & bit)
        return set_error(ERROR_OBJECT_NAME_EXISTS);
    list->mask |= bit;
    list->attributes[list->count++] = (struct attribute){name, size, value};
    return TRUE;
}

void WINAPI DeleteProcThreadAttributeList(struct _PROC_THREAD_ATTRIBUTE_LIST *list)
{
    list->count = list->mask = 0;
}

static const struct attribute *find_attribute(const struct _PROC_THREAD_ATTRIBUTE_LIST *list,
                                              DWORD_PTR name)
{
    for (DWORD i = 0; list && i < list->count; i++)
        if (list->attributes[i].name == name)
            return &list->attributes[i];
    return NULL;
}

/* --- Finding the program --- */

/* Whether a file is there that can be a program. */
static bool find_file(const WCHAR *name, WCHAR *path, DWORD room)
{
    DWORD attributes;

    if (!SearchPathW(NULL, name, L".exe", room, path, NULL))
        return false;
    attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
}

/* The first word of a command line is the program; without quotes each blank may end it (documented: "c:\program
 * files\sub dir\name" is tried piece by piece). *blanks: how much of the line was a name with blanks in it, which
 * the program then sees in quotes; else 0. */
static bool program_from_command(const WCHAR *command, WCHAR *path, DWORD room, size_t *blanks)
{
    const WCHAR *start = command;
    WCHAR name[1024];
    size_t length = 0;
    bool has_blank = false;

    *blanks = 0;
    if (*command == '"') {
        for (command++; *command && *command != '"' && length < ARRAY_COUNT(name) - 1;)
            name[length++] = *command++;
        name[length] = 0;
        return find_file(name, path, room);
    }
    while (*command == ' ' || *command == '\t')
        start = ++command;
    for (;; command++) {
        if (!*command || *command == ' ' || *command == '\t') {
            name[length] = 0;
            if (length && find_file(name, path, room)) {
                if (has_blank)
                    *blanks = (size_t)(command - start);
                return true;
            }
            if (!*command)
                return false;
            has_blank = true;
        }
        if (length == ARRAY_COUNT(name) - 1)
            return false;
        name[length++] = *command;
    }
}

/* The first `length` characters of a text in quotes, and the rest behind them. */
static WCHAR *quote(const WCHAR *text, size_t length)
{
    size_t rest = wcslen(text) - length;
    WCHAR *result = RtlAllocateHeap(process_heap(), 0, (length + rest + 3) * sizeof(WCHAR));

    if (result) {
        result[0] = '"';
        memcpy(result + 1, text, length * sizeof(WCHAR));
        result[length + 1] = '"';
        memcpy(result + length + 2, text + length, (rest + 1) * sizeof(WCHAR));
    }
    return result;
}

/* --- CreateProcess --- */

static RTL_USER_PROCESS_PARAMETERS *build_parameters(const WCHAR *program, WCHAR *command,
                                                     const WCHAR *folder, void *environment,
                                                     const STARTUPINFOW *startup, DWORD flags)
{
    const RTL_USER_PROCESS_PARAMETERS *own = current_peb()->ProcessParameters;
    UNICODE_STRING image, line, directory, title, desktop, runtime;
    RTL_USER_PROCESS_PARAMETERS *parameters;
    WCHAR full[1024];

    RtlInitUnicodeString(&image, program);
    RtlInitUnicodeString(&line, command);
    if (folder && GetFullPathNameW(folder, ARRAY_COUNT(full) - 1, full, NULL)) {
        size_t length = wcslen(full);

        if (length && full[length - 1] != '\\') {
            full[length] = '\\';
            full[length + 1] = 0;
        }
        RtlInitUnicodeString(&directory, full);
    }
    RtlInitUnicodeString(&title, startup->lpTitle ? startup->lpTitle : program);
    RtlInitUnicodeString(&desktop, startup->lpDesktop);
    runtime.Buffer = (WCHAR *)startup->lpReserved2;
    runtime.Length = runtime.MaximumLength = startup->cbReserved2;
    if (RtlCreateProcessParametersEx(&parameters, &image, NULL, folder ? &directory : NULL, &line,
                                     environment, &title, &desktop, NULL, &runtime,
                                     PROCESS_PARAMS_FLAG_NORMALIZED))
        return NULL;
    parameters->dwX = startup->dwX;
    parameters->dwY = startup->dwY;
    parameters->dwXSize = startup->dwXSize;
    parameters->dwYSize = startup->dwYSize;
    parameters->dwXCountChars = startup->dwXCountChars;
    parameters->dwYCountChars = startup->dwYCountChars;
    parameters->dwFillAttribute = startup->dwFillAttribute;
    parameters->dwFlags = startup->dwFlags;
    parameters->wShowWindow = startup->wShowWindow;
    parameters->ProcessGroupId = flags & CREATE_NEW_PROCESS_GROUP ? 1 : 0;
    if (startup->dwFlags & STARTF_USESTDHANDLES) {
        parameters->hStdInput = startup->hStdInput;
        parameters->hStdOutput = startup->hStdOutput;
        parameters->hStdError = startup->hStdError;
    } else if (!(flags & DETACHED_PROCESS)) {
        parameters->hStdInput = own->hStdInput;
        parameters->hStdOutput = own->hStdOutput;
        parameters->hStdError = own->hStdError;
    }
    return parameters;
}

/* An ANSI environment block as Unicode. */
static WCHAR *wide_environment(const char *block)
{
    const char *end = block;
    DWORD bytes, used;
    WCHAR *wide;

    while (*end)
        end += strlen(end) + 1;
    bytes = (DWORD)(end + 1 - block);
    wide = RtlAllocateHeap(process_heap(), 0, (SIZE_T)bytes * sizeof(WCHAR) + sizeof(WCHAR));
    if (wide) {
        RtlMultiByteToUnicodeN(wide, bytes * sizeof(WCHAR), &used, block, bytes);
        wide[used / sizeof(WCHAR)] = 0;
    }
    return wide;
}

/* What of the attributes the new process depends on. Those that are not here are wishes about scheduling
 * and policies that nothing here enforces. */
static bool take_attributes(const STARTUPINFOEXW *startup, DWORD flags, PS_ATTRIBUTE_LIST *list,
                            ULONG *count)
{
    static const struct {
        DWORD name;
        ULONG_PTR native;
    } handed_on[] = {{ATTRIBUTE_HANDLE_LIST, PS_ATTRIBUTE_HANDLE_LIST},
                     {ATTRIBUTE_JOB_LIST, PS_ATTRIBUTE_JOB_LIST}};
    const struct _PROC_THREAD_ATTRIBUTE_LIST *given = NULL;
    const struct attribute *parent;

    if (flags & EXTENDED_STARTUPINFO_PRESENT)
        given = startup->lpAttributeList;
    parent = find_attribute(given, ATTRIBUTE_PARENT_PROCESS);
    if ((parent && GetProcessId(*(HANDLE *)parent->value) != GetCurrentProcessId()) ||
        find_attribute(given, ATTRIBUTE_PSEUDOCONSOLE)) {
        SetLastError(ERROR_NOT_SUPPORTED);
        return false;
    }
    for (size_t i = 0; i < ARRAY_COUNT(handed_on); i++) {
        const struct attribute *attribute = find_attribute(given, handed_on[i].name);

        if (!attribute)
            continue;
        list->Attributes[*count].Attribute = handed_on[i].native;
        list->Attributes[*count].Size = attribute->size;
        list->Attributes[*count].ValuePtr = attribute->value;
        list->Attributes[*count].ReturnLength = NULL;
        ++*count;
    }
    return true;
}

/* PROCESS_PRIOCLASS_*, or 0: none is asked for. */
static UCHAR priority_from_flags(DWORD flags)
{
    static const struct {
        DWORD flag;
        UCHAR class;
    } table[] = {{IDLE_PRIORITY_CLASS, PROCESS_PRIOCLASS_IDLE},
                 {BELOW_NORMAL_PRIORITY_CLASS, PROCESS_PRIOCLASS_BELOW_NORMAL},
                 {NORMAL_PRIORITY_CLASS, PROCESS_PRIOCLASS_NORMAL},
                 {ABOVE_NORMAL_PRIORITY_CLASS, PROCESS_PRIOCLASS_ABOVE_NORMAL},
                 {HIGH_PRIORITY_CLASS, PROCESS_PRIOCLASS_HIGH},
                 {REALTIME_PRIORITY_CLASS, PROCESS_PRIOCLASS_REALTIME}};

    for (size_t i = 0; i < ARRAY_COUNT(table); i++)
        if (flags & table[i].flag)
            return table[i].class;
    return 0;
}

/* The program's full path, and the command line that it gets; *own_line is to be freed. */
static bool find_program(const WCHAR *application, WCHAR **command_line, WCHAR **own_line,
                         WCHAR *program, DWORD room)
{
    size_t blanks = 0;
    WCHAR *line = *command_line;

    *own_line = NULL;
    if (application) {
        /* Not searched for, and nothing appended (documented). */
        DWORD length = GetFullPathNameW(application, room, program, NULL);

        if (!length || length >= room) {
            SetLastError(ERROR_FILE_NOT_FOUND);
            return false;
        }
        if (!line || !*line)
            *command_line = *own_line = quote(application, wcslen(application));
    } else {
        if (!line || !program_from_command(line, program, room, &blanks)) {
            SetLastError(ERROR_FILE_NOT_FOUND);
            return false;
        }
        if (blanks) {
            while (*line == ' ' || *line == '\t')
                line++;
            *command_line = *own_line = quote(line, blanks);
        }
    }
    return true;
}

BOOL WINAPI CreateProcessW(LPCWSTR application, LPWSTR command_line,
                           LPSECURITY_ATTRIBUTES process_security,
                           LPSECURITY_ATTRIBUTES thread_security, BOOL inherit, DWORD flags,
                           LPVOID environment, LPCWSTR folder, LPSTARTUPINFOW startup,
                           LPPROCESS_INFORMATION info)
{
    union {
        PS_ATTRIBUTE_LIST list;
        char room[sizeof(PS_ATTRIBUTE_LIST) + 3 * sizeof(PS_ATTRIBUTE)];
    } attributes;
    PROCESS_PRIORITY_CLASS priority = {FALSE, priority_from_flags(flags)};
    PS_ATTRIBUTE_LIST *list = &attributes.list;
    RTL_USER_PROCESS_PARAMETERS *parameters;
    OBJECT_ATTRIBUTES process_object, thread_object;
    PS_CREATE_INFO create_info = {.Size = sizeof(create_info)};
    WCHAR program[1024], *own_command, *own_environment = NULL;
    UNICODE_STRING image = {0};
    HANDLE process, thread;
    ULONG count = 1;
    NTSTATUS status;

    if (!take_attributes((STARTUPINFOEXW *)startup, flags, list, &count) ||
        !find_program(application, &command_line, &own_command, program, ARRAY_COUNT(program)))
        return FALSE;
    if (priority.PriorityClass)
        list->Attributes[count++] = (PS_ATTRIBUTE){.Attribute = PS_ATTRIBUTE_PRIORITY_CLASS,
                                                   .Size = sizeof(priority),
                                                   .ValuePtr = &priority};
    list->TotalLength = offsetof(PS_ATTRIBUTE_LIST, Attributes) + count * sizeof(PS_ATTRIBUTE);
    if (folder) {
        DWORD found = GetFileAttributesW(folder);

        if (found == INVALID_FILE_ATTRIBUTES || !(found & FILE_ATTRIBUTE_DIRECTORY)) {
            RtlFreeHeap(process_heap(), 0, own_command);
            return set_error(ERROR_DIRECTORY);
        }
    }
    if (environment && !(flags & CREATE_UNICODE_ENVIRONMENT))
        environment = own_environment = wide_environment(environment);
    parameters = build_parameters(program, command_line, folder, environment, startup, flags);
    status = parameters ? STATUS_SUCCESS : STATUS_NO_MEMORY;
    if (!status)
        status = RtlDosPathNameToNtPathName_U_WithStatus(program, &image, NULL, NULL);
    if (!status) {
        list->Attributes[0].Attribute = PS_ATTRIBUTE_IMAGE_NAME;
        list->Attributes[0].Size = image.Length;
        list->Attributes[0].ValuePtr = image.Buffer;
        InitializeObjectAttributes(
            &process_object, NULL,
            process_security && process_security->bInheritHandle ? OBJ_INHERIT : 0, NULL, NULL);
        InitializeObjectAttributes(
            &thread_object, NULL,
            thread_security && thread_security->bInheritHandle ? OBJ_INHERIT : 0, NULL, NULL);
        status = NtCreateUserProcess(
            &process, &thread, PROCESS_ALL_ACCESS, THREAD_ALL_ACCESS, &process_object,
            &thread_object,
            (inherit ? PROCESS_CREATE_FLAGS_INHERIT_HANDLES : 0) |
                (flags & CREATE_BREAKAWAY_FROM_JOB ? PROCESS_CREATE_FLAGS_BREAKAWAY : 0),
            flags & CREATE_SUSPENDED ? THREAD_CREATE_FLAGS_CREATE_SUSPENDED : 0, parameters,
            &create_info, list);
    }
    RtlFreeUnicodeString(&image);
    if (parameters)
        RtlDestroyProcessParameters(parameters);
    if (own_command)
        RtlFreeHeap(process_heap(), 0, own_command);
    if (own_environment)
        RtlFreeHeap(process_heap(), 0, own_environment);
    if (status == STATUS_IMAGE_MACHINE_TYPE_MISMATCH_EXE)
        return set_error(ERROR_EXE_MACHINE_TYPE_MISMATCH);
    if (!check_status(status))
        return FALSE;
    info->hProcess = process;
    info->hThread = thread;
    info->dwProcessId = GetProcessId(process);
    info->dwThreadId = GetThreadId(thread);
    return TRUE;
}

BOOL WINAPI CreateProcessA(LPCSTR application, LPSTR command_line,
                           LPSECURITY_ATTRIBUTES process_security,
                           LPSECURITY_ATTRIBUTES thread_security, BOOL inherit, DWORD flags,
                           LPVOID environment, LPCSTR folder, LPSTARTUPINFOA startup,
                           LPPROCESS_INFORMATION info)
{
    WCHAR *wide_application = wide_from_file_name(application);
    WCHAR *wide_command = wide_from_ansi(command_line), *wide_folder = wide_from_file_name(folder);
    STARTUPINFOEXW extended = {0};
    BOOL done;

    /* The same layout. */
    memcpy(&extended, startup,
           flags & EXTENDED_STARTUPINFO_PRESENT ? sizeof(extended) : sizeof(extended.StartupInfo));
    extended.StartupInfo.lpDesktop = wide_from_ansi(startup->lpDesktop);
    extended.StartupInfo.lpTitle = wide_from_ansi(startup->lpTitle);
    done = CreateProcessW(wide_application, wide_command, process_security, thread_security, inherit,
                          flags, environment, wide_folder, &extended.StartupInfo, info);
    free_wide(wide_application);
    free_wide(wide_command);
    free_wide(wide_folder);
    free_wide(extended.StartupInfo.lpDesktop);
    free_wide(extended.StartupInfo.lpTitle);
    return done;
}
