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
    DWORD mask;
    DWORD room;
    DWORD count;
    DWORD reserved;
    struct attribute attributes[];
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
    (void)previous, (void)needed;
    if (flags)
        return set_error(ERROR_INVALID_PARAMETER);
    if (list->count == list->room)
        return set_error(ERROR_GEN_FAILURE);
    list->attributes[list->count++] = (struct attribute){name, size, value};
    return TRUE;
}

void WINAPI DeleteProcThreadAttributeList(struct _PROC_THREAD_ATTRIBUTE_LIST *list)
{
    list->count = 0;
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
 * files\sub dir\name" is tried piece by piece). */
static bool program_from_command(const WCHAR *command, WCHAR *path, DWORD room)
{
    WCHAR name[1024];
    size_t length = 0;

    if (*command == '"') {
        for (command++; *command && *command != '"' && length < ARRAY_COUNT(name) - 1;)
            name[length++] = *command++;
        name[length] = 0;
        return find_file(name, path, room);
    }
    while (*command == ' ' || *command == '\t')
        command++;
    for (;; command++) {
        if (!*command || *command == ' ' || *command == '\t') {
            name[length] = 0;
            if (length && find_file(name, path, room))
                return true;
            if (!*command)
                return false;
        }
        if (length == ARRAY_COUNT(name) - 1)
            return false;
        name[length++] = *command;
    }
}

static WCHAR *quoted(const WCHAR *path)
{
    size_t length = wcslen(path);
    WCHAR *text = RtlAllocateHeap(process_heap(), 0, (length + 3) * sizeof(WCHAR));

    if (text) {
        text[0] = '"';
        memcpy(text + 1, path, length * sizeof(WCHAR));
        text[length + 1] = '"';
        text[length + 2] = 0;
    }
    return text;
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

BOOL WINAPI CreateProcessW(LPCWSTR application, LPWSTR command_line,
                           LPSECURITY_ATTRIBUTES process_security,
                           LPSECURITY_ATTRIBUTES thread_security, BOOL inherit, DWORD flags,
                           LPVOID environment, LPCWSTR folder, LPSTARTUPINFOW startup,
                           LPPROCESS_INFORMATION info)
{
    PS_ATTRIBUTE_LIST list = {.TotalLength = sizeof(list)};
    RTL_USER_PROCESS_PARAMETERS *parameters;
    OBJECT_ATTRIBUTES process_object, thread_object;
    PS_CREATE_INFO create_info = {.Size = sizeof(create_info)};
    WCHAR program[1024], *own_command = NULL, *own_environment = NULL;
    UNICODE_STRING image = {0};
    HANDLE process, thread;
    NTSTATUS status;

    if (application) {
        if (!find_file(application, program, ARRAY_COUNT(program)))
            return set_error(ERROR_FILE_NOT_FOUND);
        if (!command_line)
            command_line = own_command = quoted(application);
    } else {
        if (!command_line || !program_from_command(command_line, program, ARRAY_COUNT(program)))
            return set_error(ERROR_FILE_NOT_FOUND);
    }
    if (folder) {
        DWORD attributes = GetFileAttributesW(folder);

        if (attributes == INVALID_FILE_ATTRIBUTES || !(attributes & FILE_ATTRIBUTE_DIRECTORY)) {
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
        list.Attributes[0].Attribute = PS_ATTRIBUTE_IMAGE_NAME;
        list.Attributes[0].Size = image.Length;
        list.Attributes[0].ValuePtr = image.Buffer;
        InitializeObjectAttributes(
            &process_object, NULL,
            process_security && process_security->bInheritHandle ? OBJ_INHERIT : 0, NULL, NULL);
        InitializeObjectAttributes(
            &thread_object, NULL,
            thread_security && thread_security->bInheritHandle ? OBJ_INHERIT : 0, NULL, NULL);
        status = NtCreateUserProcess(
            &process, &thread, PROCESS_ALL_ACCESS, THREAD_ALL_ACCESS, &process_object,
            &thread_object, inherit ? PROCESS_CREATE_FLAGS_INHERIT_HANDLES : 0,
            flags & CREATE_SUSPENDED ? THREAD_CREATE_FLAGS_CREATE_SUSPENDED : 0, parameters,
            &create_info, &list);
    }
    RtlFreeUnicodeString(&image);
    if (parameters)
        RtlDestroyProcessParameters(parameters);
    if (own_command)
        RtlFreeHeap(process_heap(), 0, own_command);
    if (own_environment)
        RtlFreeHeap(process_heap(), 0, own_environment);
    if (status == STATUS_INVALID_IMAGE_FORMAT || status == STATUS_INVALID_IMAGE_NOT_MZ)
        return set_error(ERROR_BAD_EXE_FORMAT);
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
    STARTUPINFOW wide;
    BOOL done;

    memcpy(&wide, startup, sizeof(wide)); /* the same layout */
    wide.lpDesktop = wide_from_ansi(startup->lpDesktop);
    wide.lpTitle = wide_from_ansi(startup->lpTitle);
    done = CreateProcessW(wide_application, wide_command, process_security, thread_security, inherit,
                          flags, environment, wide_folder, &wide, info);
    free_wide(wide_application);
    free_wide(wide_command);
    free_wide(wide_folder);
    free_wide(wide.lpDesktop);
    free_wide(wide.lpTitle);
    return done;
}
