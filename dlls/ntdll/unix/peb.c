/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The PEB, and the process parameters of a program that was started from Linux: its command line
 * is quoted as Windows programs parse it, its environment is Linux' with Windows' variables added.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "path.h"
#include "peb.h"
#include "virtual.h"

/* A growing buffer of UTF-16. */
struct text {
    WCHAR *data;
    size_t length, room;
    bool failed;
};

static void text_add(struct text *text, WCHAR c)
{
    if (text->length == text->room) {
        size_t room = text->room ? text->room * 2 : 512;
        WCHAR *data = realloc(text->data, room * sizeof(WCHAR));

        if (!data) {
            text->failed = true;
            return;
        }
        text->data = data;
        text->room = room;
    }
    text->data[text->length++] = c;
}

static void text_add_wide(struct text *text, const WCHAR *s)
{
    while (*s)
        text_add(text, *s++);
}

/* A Linux string, by path.c's rule for bytes that are not UTF-8. */
static void text_add_linux(struct text *text, const char *s, size_t length)
{
    WCHAR *wide = malloc((length + 1) * sizeof(WCHAR));
    size_t count;

    if (!wide) {
        text->failed = true;
        return;
    }
    count = path_bytes_to_wide(s, length, wide);
    for (size_t i = 0; i < count; i++)
        text_add(text, wide[i]);
    free(wide);
}

/* Quotes one argument so that CommandLineToArgvW and the C runtimes give it back. */
static void add_argument(struct text *text, const char *argument)
{
    size_t backslashes = 0;

    if (*argument && !strpbrk(argument, " \t\n\v\"")) {
        text_add_linux(text, argument, strlen(argument));
        return;
    }
    text_add(text, '"');
    while (*argument) {
        size_t plain = strcspn(argument, "\\\"");

        if (plain) {
            text_add_linux(text, argument, plain);
            argument += plain;
            continue;
        }
        for (backslashes = 0; *argument == '\\'; argument++)
            backslashes++;
        /* Backslashes count double before a quote, the closing one included. */
        if (*argument == '"' || !*argument)
            backslashes *= 2;
        while (backslashes--)
            text_add(text, '\\');
        if (*argument == '"') {
            text_add(text, '\\');
            text_add(text, '"');
            argument++;
        }
    }
    text_add(text, '"');
}

static void add_variable(struct text *text, const char *name, const char *value)
{
    text_add_linux(text, name, strlen(name));
    text_add(text, '=');
    text_add_linux(text, value, strlen(value));
    text_add(text, 0);
}

/* PATH: Windows' folders first, then Linux' as Z: paths. */
static void add_path_variable(struct text *text, const char *value)
{
    text_add_wide(text, L"PATH=C:\\windows\\system32;C:\\windows");
    while (value && *value) {
        size_t length = strcspn(value, ":");

        if (length && *value == '/') {
            char *folder = strndup(value, length);
            WCHAR *dos = folder ? path_unix_to_dos(folder) : NULL;

            if (dos) {
                text_add(text, ';');
                text_add_wide(text, dos);
            }
            free(dos);
            free(folder);
        }
        value += length + (value[length] == ':');
    }
    text_add(text, 0);
}

/* What Windows sets and programs rely on; Linux' environment wins over none of them but TEMP. */
static const struct {
    const char *name;
    const char *value; /* %s is the user's name */
} windows_variables[] = {
    {"ALLUSERSPROFILE", "C:\\ProgramData"},
    {"APPDATA", "C:\\users\\%s\\AppData\\Roaming"},
    {"CommonProgramFiles", "C:\\Program Files\\Common Files"},
    {"COMPUTERNAME", "DECANT"},
    {"ComSpec", "C:\\windows\\system32\\cmd.exe"},
    {"HOMEDRIVE", "C:"},
    {"HOMEPATH", "\\users\\%s"},
    {"LOCALAPPDATA", "C:\\users\\%s\\AppData\\Local"},
    {"OS", "Windows_NT"},
    {"PATHEXT", ".COM;.EXE;.BAT;.CMD"},
    {"PROCESSOR_ARCHITECTURE", "AMD64"},
    {"ProgramData", "C:\\ProgramData"},
    {"ProgramFiles", "C:\\Program Files"},
    {"PUBLIC", "C:\\users\\Public"},
    {"SystemDrive", "C:"},
    {"SystemRoot", "C:\\windows"},
    {"TEMP", "C:\\users\\%s\\AppData\\Local\\Temp"},
    {"TMP", "C:\\users\\%s\\AppData\\Local\\Temp"},
    {"USERNAME", "%s"},
    {"USERPROFILE", "C:\\users\\%s"},
    {"windir", "C:\\windows"},
};

static bool is_windows_variable(const char *entry, size_t name_length)
{
    static const char *const dropped[] = {"PATH", "TMPDIR", "PWD", "OLDPWD", "SHLVL", "_",
                                          "NUMBER_OF_PROCESSORS"};

    for (size_t i = 0; i < sizeof(windows_variables) / sizeof(windows_variables[0]); i++)
        if (strlen(windows_variables[i].name) == name_length &&
            !strncasecmp(entry, windows_variables[i].name, name_length))
            return true;
    for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
        if (strlen(dropped[i]) == name_length && !strncmp(entry, dropped[i], name_length))
            return true;
    return false;
}

static size_t wide_length(const WCHAR *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}

static WCHAR upper(WCHAR c)
{
    return c >= 'a' && c <= 'z' ? (WCHAR)(c - 'a' + 'A') : c;
}

static int compare_names(const void *left, const void *right)
{
    const WCHAR *a = *(const WCHAR *const *)left, *b = *(const WCHAR *const *)right;

    while (*a != '=' && upper(*a) == upper(*b))
        a++, b++;
    return (*a == '=' ? 0 : upper(*a)) - (*b == '=' ? 0 : upper(*b));
}

/* Windows keeps the block in the order of the names without regard to case; programs that look variables up or
 * merge blocks themselves rely on it. (The case table is not there yet; names are ASCII as good as always.) */
static void sort_variables(struct text *text)
{
    size_t count = 0, length = 0;
    WCHAR **entries, *sorted;

    for (size_t i = 0; i < text->length && !text->failed; i++)
        count += !text->data[i];
    entries = malloc((count + 1) * sizeof(*entries));
    sorted = malloc((text->length + 1) * sizeof(*sorted));
    if (entries && sorted && !text->failed) {
        for (size_t i = 0, at = 0; i < count; at += wide_length(text->data + at) + 1)
            entries[i++] = text->data + at;
        qsort(entries, count, sizeof(*entries), compare_names);
        for (size_t i = 0; i < count; i++) {
            size_t chars = wide_length(entries[i]) + 1;

            memcpy(sorted + length, entries[i], chars * sizeof(*sorted));
            length += chars;
        }
        memcpy(text->data, sorted, length * sizeof(*sorted));
    }
    free(sorted);
    free(entries);
}

static void build_environment(struct text *text)
{
    const char *user = getenv("USER"), *path = NULL;
    char value[512];

    if (!user || !*user || strpbrk(user, "/\\:*?\"<>|%"))
        user = geteuid() ? "user" : "root";
    for (char **entry = process.envp; *entry; entry++) {
        const char *equal = strchr(*entry, '=');
        size_t name_length = equal ? (size_t)(equal - *entry) : 0;

        if (!name_length)
            continue;
        if (!strncmp(*entry, "PATH=", 5))
            path = equal + 1;
        if (is_windows_variable(*entry, name_length))
            continue;
        text_add_linux(text, *entry, strlen(*entry));
        text_add(text, 0);
    }
    add_path_variable(text, path);
    for (size_t i = 0; i < sizeof(windows_variables) / sizeof(windows_variables[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(value, sizeof(value), windows_variables[i].value, user);
#pragma GCC diagnostic pop
        add_variable(text, windows_variables[i].name, value);
    }
    snprintf(value, sizeof(value), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
    add_variable(text, "NUMBER_OF_PROCESSORS", value);
    sort_variables(text);
    text_add(text, 0);
}

/* The block that holds the parameters and their strings, filled front to back. */
struct block {
    char *base;
    size_t used;
};

static void block_string(struct block *block, UNICODE_STRING *string, const WCHAR *text,
                         size_t length, size_t room)
{
    string->Buffer = (WCHAR *)(block->base + block->used);
    string->Length = (USHORT)(length * sizeof(WCHAR));
    string->MaximumLength = (USHORT)(room * sizeof(WCHAR));
    memcpy(string->Buffer, text, length * sizeof(WCHAR));
    block->used = (block->used + room * sizeof(WCHAR) + 7) & ~(size_t)7;
}

NTSTATUS parameters_from_linux(RTL_USER_PROCESS_PARAMETERS **out)
{
    struct text command = {0}, environment = {0};
    RTL_USER_PROCESS_PARAMETERS *parameters;
    char *linux_folder = getcwd(NULL, 0);
    WCHAR *folder = path_unix_to_dos(linux_folder ? linux_folder : "/");
    WCHAR *image = path_unix_to_dos(process.program_path);
    struct block block = {NULL, sizeof(*parameters)};
    SIZE_T bytes;
    NTSTATUS status = STATUS_NO_MEMORY;
    size_t folder_length;

    for (int i = 0; process.argv[i]; i++) {
        if (i)
            text_add(&command, ' ');
        add_argument(&command, process.argv[i]);
    }
    text_add(&command, 0);
    build_environment(&environment);
    if (!folder || !image || command.failed || environment.failed)
        goto done;
    /* UNICODE_STRING counts bytes in 16 bits. */
    if (command.length > 32767) {
        status = STATUS_NAME_TOO_LONG;
        goto done;
    }

    bytes = sizeof(*parameters) + 4096 + (command.length + environment.length) * sizeof(WCHAR) +
            (wide_length(folder) + wide_length(image) * 2) * sizeof(WCHAR) + MAX_PATH * 2;
    status = NtAllocateVirtualMemory(NtCurrentProcess(), (void **)&block.base, 0, &bytes,
                                     MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (status)
        goto done;
    parameters = (RTL_USER_PROCESS_PARAMETERS *)block.base;
    parameters->AllocationSize = parameters->Size = (ULONG)bytes;
    parameters->Flags = PROCESS_PARAMS_FLAG_NORMALIZED;

    folder_length = wide_length(folder);
    block_string(&block, &parameters->CurrentDirectory.DosPath, folder, folder_length,
                 (folder_length < MAX_PATH ? MAX_PATH : folder_length) + 2);
    if (folder_length && folder[folder_length - 1] != '\\') {
        parameters->CurrentDirectory.DosPath.Buffer[folder_length] = '\\';
        parameters->CurrentDirectory.DosPath.Length += sizeof(WCHAR);
    }
    block_string(&block, &parameters->ImagePathName, image, wide_length(image),
                 wide_length(image) + 1);
    block_string(&block, &parameters->CommandLine, command.data, command.length - 1,
                 command.length);
    block_string(&block, &parameters->WindowTitle, image, wide_length(image),
                 wide_length(image) + 1);
    parameters->Environment = (WCHAR *)(block.base + block.used);
    parameters->EnvironmentSize = environment.length * sizeof(WCHAR);
    memcpy(parameters->Environment, environment.data, environment.length * sizeof(WCHAR));
    *out = parameters;

done:
    free(command.data);
    free(environment.data);
    free(linux_folder);
    free(folder);
    free(image);
    return status;
}

NTSTATUS peb_init(void)
{
    NTSTATUS status = virtual_alloc_peb(&process.peb);
    PEB *peb = process.peb;

    if (status)
        return status;
    peb->NumberOfProcessors = (ULONG)sysconf(_SC_NPROCESSORS_ONLN);
    peb->OSMajorVersion = 10;
    peb->OSMinorVersion = 0;
    peb->OSBuildNumber = 19045;
    peb->OSPlatformId = VER_PLATFORM_WIN32_NT;
    peb->SessionId = 1;
    peb->HeapSegmentReserve = 0x100000;
    peb->HeapSegmentCommit = 0x2000;
    peb->HeapDeCommitTotalFreeThreshold = 0x10000;
    peb->HeapDeCommitFreeBlockThreshold = 0x1000;
    peb->CriticalSectionTimeout.QuadPart = -(LONGLONG)2592000 * 10000000; /* 30 days */
    peb->MaximumNumberOfHeaps = 16;
    peb->ImageProcessAffinityMask = 0;
    return STATUS_SUCCESS;
}
