/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * CreateProcess: which program is started, what it is given, what is seen of it.
 *
 * Sources: the pages of CreateProcessW, STARTUPINFO, GetExitCodeProcess, TerminateProcess, "Creating a Child Process
 * with Redirected Input and Output", "Inheritance" in Microsoft's documentation; dlls/kernel32/tests/process.c of
 * Wine, whose checks pass on Windows; "Parsing C command-line arguments" for the quoting.
 */
#include "conformance.h"

/* A child is told by its environment, so that its command line can be anything. It writes what it sees to its
 * standard output, a line each, UTF-8. */
#define TELL "DECANT_TELL"

static void tell(const char *name, const WCHAR *value)
{
    char text[4096];

    WideCharToMultiByte(CP_UTF8, 0, value, -1, text, sizeof(text), NULL, NULL);
    printf("%s=%s\n", name, text);
}

static int child(int argc, char **argv)
{
    WCHAR text[4096] = L"";
    STARTUPINFOW startup;

    tell("command", GetCommandLineW());
    for (int i = 0; i < argc; i++)
        printf("argument=%s\n", argv[i]);
    GetModuleFileNameW(NULL, text, ARRAYSIZE(text));
    tell("program", text);
    GetCurrentDirectoryW(ARRAYSIZE(text), text);
    tell("folder", text);
    if (GetEnvironmentVariableW(L"DECANT_TEST", text, ARRAYSIZE(text)))
        tell("variable", text);
    printf("path=%d\n", GetEnvironmentVariableW(L"PATH", text, ARRAYSIZE(text)) != 0);
    GetStartupInfoW(&startup);
    tell("title", startup.lpTitle);
    printf("flags=%lx\n", startup.dwFlags);
    printf("show=%x\n", startup.wShowWindow);
    printf("error=%d\n", GetStdHandle(STD_ERROR_HANDLE) != NULL);
    fflush(stdout);
    return 0;
}

/* --- Folders --- */

static char temp[MAX_PATH], own_path[MAX_PATH];

static void make_temp(void)
{
    char base[MAX_PATH];

    GetModuleFileNameA(NULL, own_path, sizeof(own_path));
    GetTempPathA(sizeof(base), base);
    snprintf(temp, sizeof(temp), "%.180sprocess create %lu", base, GetCurrentProcessId());
    ok(CreateDirectoryA(temp, NULL), "CreateDirectory %s: error %lu", temp, GetLastError());
}

static const char *in_temp(const char *name)
{
    static char paths[4][MAX_PATH + 64];
    static int next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof(paths[0]), "%s\\%s", temp, name);
    return path;
}

static void write_file(const char *path, const void *data, DWORD size)
{
    HANDLE file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD done;

    ok(WriteFile(file, data, size, &done, NULL) && done == size, "%s: error %lu", path,
       GetLastError());
    CloseHandle(file);
}

static void remove_temp(void)
{
    WIN32_FIND_DATAA data;
    HANDLE find = FindFirstFileA(in_temp("*"), &data);

    if (find != INVALID_HANDLE_VALUE) {
        do {
            if (!(data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
                DeleteFileA(in_temp(data.cFileName));
            else if (data.cFileName[0] != '.')
                RemoveDirectoryA(in_temp(data.cFileName));
        } while (FindNextFileA(find, &data));
        FindClose(find);
    }
    ok(RemoveDirectoryA(temp), "RemoveDirectory %s: error %lu", temp, GetLastError());
}

/* --- Starting and listening --- */

struct options {
    const char *application, *folder;
    void *environment;
    DWORD flags;
    STARTUPINFOA startup;
    BOOL no_tell;
};

static char said[16384];

/* Runs it to its end and collects what it says. False: CreateProcess failed. */
static BOOL run(const char *command, const struct options *options)
{
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
    struct options none = {.application = NULL};
    PROCESS_INFORMATION info;
    STARTUPINFOA startup;
    char line[4096];
    HANDLE read_end;
    DWORD used = 0, got, code = 0xdeadbeef, error;
    BOOL started;

    if (!options)
        options = &none;
    startup = options->startup;
    startup.cb = sizeof(startup);
    startup.dwFlags |= STARTF_USESTDHANDLES;
    ok(CreatePipe(&read_end, &startup.hStdOutput, &inherit, 0), "CreatePipe: %lu", GetLastError());
    SetHandleInformation(read_end, HANDLE_FLAG_INHERIT, 0);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    SetEnvironmentVariableA(TELL, options->no_tell ? NULL : "1");
    if (command)
        snprintf(line, sizeof(line), "%s", command);
    SetLastError(0xdeadbeef);
    started = CreateProcessA(options->application, command ? line : NULL, NULL, NULL, TRUE,
                             options->flags, options->environment, options->folder, &startup, &info);
    error = GetLastError();
    SetEnvironmentVariableA(TELL, NULL);
    CloseHandle(startup.hStdOutput);
    while (started && used < sizeof(said) - 1 &&
           ReadFile(read_end, said + used, sizeof(said) - 1 - used, &got, NULL) && got)
        used += got;
    said[used] = 0;
    for (char *at = said; (at = strchr(at, '\r'));)
        memmove(at, at + 1, strlen(at));
    CloseHandle(read_end);
    if (started) {
        ok(WaitForSingleObject(info.hProcess, 30000) == WAIT_OBJECT_0, "\"%s\" hangs", command);
        GetExitCodeProcess(info.hProcess, &code);
        ok(code == 0, "\"%s\" ended with %lx", command, code);
        CloseHandle(info.hProcess);
        CloseHandle(info.hThread);
    }
    SetLastError(error);
    return started;
}

/* The value of the nth line "name=…"; "" when there is none. */
static const char *heard_nth(const char *name, int index)
{
    static char values[4][4096];
    static int next;
    char *value = values[next++ % 4];
    size_t length = strlen(name);

    *value = 0;
    for (const char *line = said; line && *line; line = strchr(line, '\n'), line += !!line)
        if (!strncmp(line, name, length) && line[length] == '=' && !index--) {
            snprintf(value, sizeof(values[0]), "%.*s", (int)strcspn(line + length + 1, "\n"),
                     line + length + 1);
            break;
        }
    return value;
}

static const char *heard(const char *name)
{
    return heard_nth(name, 0);
}

/* --- Tests --- */

/* The program gets the command line as it was given; the C runtime splits it. */
static void test_command_line(void)
{
    static const struct {
        const char *text;
        const char *arguments[5];
    } cases[] = {
        {"a b c", {"a", "b", "c"}},
        {"\"a b\" c", {"a b", "c"}},
        {"a\\b d\"e f\"g h", {"a\\b", "de fg", "h"}},
        {"a\\\\\\\"b c d", {"a\\\"b", "c", "d"}},
        {"a\\\\\\\\\"b c\" d e", {"a\\\\b c", "d", "e"}},
        {"\"\" x", {"", "x"}},
        {"  spaces\t and tabs  ", {"spaces", "and", "tabs"}},
        {"\"c:\\dir\\\\\" end", {"c:\\dir\\", "end"}},
        {"\xc4\xd6 \xdc", {"\xc4\xd6", "\xdc"}},
    };
    char line[MAX_PATH + 128], wide_line[2 * MAX_PATH];
    WCHAR wide[MAX_PATH + 128];

    for (size_t i = 0; i < ARRAYSIZE(cases); i++) {
        int count;

        snprintf(line, sizeof(line), "\"%s\" %s", own_path, cases[i].text);
        ok(run(line, NULL), "case %u: error %lu", (unsigned)i, GetLastError());
        MultiByteToWideChar(CP_ACP, 0, line, -1, wide, ARRAYSIZE(wide));
        WideCharToMultiByte(CP_UTF8, 0, wide, -1, wide_line, sizeof(wide_line), NULL, NULL);
        ok(!strcmp(heard("command"), wide_line), "case %u: command line \"%s\"", (unsigned)i,
           heard("command"));
        for (count = 0; count < 5 && cases[i].arguments[count]; count++)
            ok(!strcmp(heard_nth("argument", count + 1), cases[i].arguments[count]),
               "case %u, argument %d: \"%s\"", (unsigned)i, count + 1,
               heard_nth("argument", count + 1));
        ok(!*heard_nth("argument", count + 1), "case %u has more: \"%s\"", (unsigned)i,
           heard_nth("argument", count + 1));
    }
}

/* lpApplicationName is the program, whatever the command line says; without a command line its name is that. */
static void test_application(void)
{
    struct options options = {.application = own_path};
    char quoted[MAX_PATH + 2];

    ok(run("something else", &options), "error %lu", GetLastError());
    ok(!strcmp(heard("command"), "something else"), "command line \"%s\"", heard("command"));
    ok(!_stricmp(heard("program"), own_path), "program \"%s\"", heard("program"));
    ok(run(NULL, &options), "error %lu", GetLastError());
    snprintf(quoted, sizeof(quoted), "\"%s\"", own_path);
    ok(!strcmp(heard("command"), quoted) || !strcmp(heard("command"), own_path),
       "command line \"%s\"", heard("command"));
}

/* "c:\program files\sub dir\program name" without quotes is tried piece by piece; what is found is quoted in the
 * program's command line (Wine does the same, for the programs that rely on it). */
static void test_blanks(void)
{
    char line[2 * MAX_PATH], expected[2 * MAX_PATH];

    ok(CopyFileA(own_path, in_temp("my program.exe"), TRUE), "CopyFile: error %lu", GetLastError());
    snprintf(line, sizeof(line), "%s one two", in_temp("my program.exe"));
    snprintf(expected, sizeof(expected), "\"%s\" one two", in_temp("my program.exe"));
    ok(run(line, NULL), "with blanks, without quotes: error %lu", GetLastError());
    ok(!_stricmp(heard("program"), in_temp("my program.exe")), "program \"%s\"", heard("program"));
    ok(!_stricmp(heard("command"), expected), "command line \"%s\"", heard("command"));
    ok(!strcmp(heard_nth("argument", 1), "one"), "argument \"%s\"", heard_nth("argument", 1));

    /* The shortest wins. */
    ok(CopyFileA(own_path, in_temp("my.exe"), TRUE), "CopyFile: error %lu", GetLastError());
    ok(run(line, NULL), "error %lu", GetLastError());
    ok(!_stricmp(heard("program"), in_temp("my.exe")), "program \"%s\"", heard("program"));
    ok(!strcmp(heard_nth("argument", 1), "program.exe"), "argument \"%s\"",
       heard_nth("argument", 1));
    snprintf(line, sizeof(line), "\"%s\" one", in_temp("my program.exe"));
    ok(run(line, NULL) && !_stricmp(heard("program"), in_temp("my program.exe")),
       "with quotes: program \"%s\"", heard("program"));
}

/* The order of CreateProcess's page: the caller's folder, the current folder, the system's, PATH; ".exe" is
 * appended to a name without a dot. lpApplicationName is not searched, and nothing is appended to it. */
static void test_search(void)
{
    char name[64], line[128], folder[MAX_PATH], old_path[32000], new_path[32000 + MAX_PATH];
    struct options options = {.application = NULL};

    snprintf(name, sizeof(name), "decant%lu", GetCurrentProcessId());
    snprintf(line, sizeof(line), "%s.exe", name);
    ok(CopyFileA(own_path, in_temp(line), TRUE), "CopyFile: error %lu", GetLastError());
    snprintf(line, sizeof(line), "%s x", name);
    ok(!run(line, NULL) && GetLastError() == ERROR_FILE_NOT_FOUND, "not in the path: error %lu",
       GetLastError());

    GetEnvironmentVariableA("PATH", old_path, sizeof(old_path));
    snprintf(new_path, sizeof(new_path), "%s;%s", temp, old_path);
    SetEnvironmentVariableA("PATH", new_path);
    ok(run(line, NULL), "in the path: error %lu", GetLastError());
    ok(!strcmp(heard_nth("argument", 1), "x"), "argument \"%s\"", heard_nth("argument", 1));
    snprintf(line, sizeof(line), "%s.exe x", name);
    ok(run(line, NULL), "with its extension: error %lu", GetLastError());
    snprintf(line, sizeof(line), "%s. x", name); /* a dot at the end: no extension is appended */
    ok(!run(line, NULL) && GetLastError() == ERROR_FILE_NOT_FOUND, "with a dot: error %lu",
       GetLastError());
    snprintf(line, sizeof(line), "%s.exe", name);
    options.application = line;
    ok(!run("x", &options) && GetLastError() == ERROR_FILE_NOT_FOUND,
       "an application in the path: error %lu", GetLastError());
    SetEnvironmentVariableA("PATH", old_path);

    GetCurrentDirectoryA(sizeof(folder), folder);
    SetCurrentDirectoryA(temp);
    ok(run("x", &options), "an application in the current folder: error %lu", GetLastError());
    options.application = name;
    ok(!run("x", &options) && GetLastError() == ERROR_FILE_NOT_FOUND,
       "an application without its extension: error %lu", GetLastError());
    snprintf(line, sizeof(line), "%s x", name);
    ok(run(line, NULL), "in the current folder: error %lu", GetLastError());
    SetCurrentDirectoryA(folder);
}

/* What cannot be started. */
static void test_refused(void)
{
    char line[MAX_PATH + 80], *image;
    struct options options = {.application = NULL};
    DWORD size, done;
    HANDLE file;
    WORD machine;

    ok(!run("nonexistent-program.exe", NULL) && GetLastError() == ERROR_FILE_NOT_FOUND,
       "missing: error %lu", GetLastError());
    ok(!run("", NULL) &&
           (GetLastError() == ERROR_FILE_NOT_FOUND || GetLastError() == ERROR_PATH_NOT_FOUND ||
            GetLastError() == ERROR_INVALID_PARAMETER),
       "an empty command line: error %lu", GetLastError());
    options.application = in_temp("no such folder\\a.exe");
    ok(!run(NULL, &options) && GetLastError() == ERROR_PATH_NOT_FOUND,
       "a missing folder: error %lu", GetLastError());
    options.application = temp;
    todo_wine ok(!run(NULL, &options) && GetLastError() == ERROR_ACCESS_DENIED, "a folder: error %lu",
                 GetLastError());

    write_file(in_temp("text.exe"), "This is no program.\r\n", 21);
    snprintf(line, sizeof(line), "\"%s\"", in_temp("text.exe"));
    ok(!run(line, NULL) && GetLastError() == ERROR_BAD_EXE_FORMAT, "a text: error %lu",
       GetLastError());
    write_file(in_temp("empty.exe"), "", 0);
    snprintf(line, sizeof(line), "\"%s\"", in_temp("empty.exe"));
    ok(!run(line, NULL) && GetLastError() == ERROR_BAD_EXE_FORMAT, "an empty file: error %lu",
       GetLastError());

    /* This program for another machine (System Error Codes: 216). */
    file = CreateFileA(own_path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    size = GetFileSize(file, NULL);
    image = malloc(size);
    ok(ReadFile(file, image, size, &done, NULL) && done == size, "read: error %lu", GetLastError());
    CloseHandle(file);
    machine = IMAGE_FILE_MACHINE_IA64;
    memcpy(image + ((IMAGE_DOS_HEADER *)image)->e_lfanew + 4, &machine, sizeof(machine));
    write_file(in_temp("ia64.exe"), image, size);
    snprintf(line, sizeof(line), "\"%s\"", in_temp("ia64.exe"));
    ok(!run(line, NULL) && (GetLastError() == ERROR_EXE_MACHINE_TYPE_MISMATCH ||
                            GetLastError() == ERROR_BAD_EXE_FORMAT),
       "for another machine: error %lu", GetLastError());
    machine = IMAGE_FILE_MACHINE_AMD64;
    memcpy(image + ((IMAGE_DOS_HEADER *)image)->e_lfanew + 4, &machine, sizeof(machine));
    write_file(in_temp("cut.exe"), image, 600);
    snprintf(line, sizeof(line), "\"%s\"", in_temp("cut.exe"));
    ok(!run(line, NULL) && GetLastError() == ERROR_BAD_EXE_FORMAT, "a truncated one: error %lu",
       GetLastError());
    free(image);

    options = (struct options){.folder = in_temp("no such folder")};
    snprintf(line, sizeof(line), "\"%s\"", own_path);
    ok(!run(line, &options) && GetLastError() == ERROR_DIRECTORY, "a missing working folder: "
       "error %lu", GetLastError());
}

static void test_folder(void)
{
    struct options options = {.folder = temp};
    char line[MAX_PATH + 16], own[MAX_PATH];

    snprintf(line, sizeof(line), "\"%s\"", own_path);
    ok(run(line, &options), "error %lu", GetLastError());
    ok(!_stricmp(heard("folder"), temp), "folder \"%s\"", heard("folder"));
    GetCurrentDirectoryA(sizeof(own), own);
    ok(run(line, NULL), "error %lu", GetLastError());
    ok(!_stricmp(heard("folder"), own), "folder \"%s\"", heard("folder"));
}

/* A block in either coding; nothing of the caller's is added. NULL hands on the caller's. */
static void test_environment(void)
{
    char ansi[] = TELL "=1\0DECANT_TEST=\xe4nsi\0SystemRoot=C:\\windows\0";
    WCHAR wide[] = L"" TELL L"=1\0DECANT_TEST=\x4f60\x597d wide\0SystemRoot=C:\\windows\0";
    struct options options = {.environment = ansi};
    char line[MAX_PATH + 16];

    snprintf(line, sizeof(line), "\"%s\"", own_path);
    ok(run(line, &options), "error %lu", GetLastError());
    ok(!strcmp(heard("variable"), "\xc3\xa4nsi"), "ANSI: \"%s\"", heard("variable"));
    ok(!strcmp(heard("path"), "0"), "the caller's PATH is there");
    options = (struct options){.environment = wide, .flags = CREATE_UNICODE_ENVIRONMENT};
    ok(run(line, &options), "error %lu", GetLastError());
    ok(!strcmp(heard("variable"), "\xe4\xbd\xa0\xe5\xa5\xbd wide"), "Unicode: \"%s\"",
       heard("variable"));
    ok(!strcmp(heard("path"), "0"), "the caller's PATH is there");
    SetEnvironmentVariableA("DECANT_TEST", "own");
    ok(run(line, NULL), "error %lu", GetLastError());
    ok(!strcmp(heard("variable"), "own"), "the caller's: \"%s\"", heard("variable"));
    ok(!strcmp(heard("path"), "1"), "without PATH");
    SetEnvironmentVariableA("DECANT_TEST", NULL);
}

static void test_startup_info(void)
{
    struct options options = {.startup = {.lpTitle = (char *)"a title",
                                          .dwFlags = STARTF_USESHOWWINDOW,
                                          .wShowWindow = 7}};
    char line[MAX_PATH + 16];

    snprintf(line, sizeof(line), "\"%s\"", own_path);
    ok(run(line, &options), "error %lu", GetLastError());
    ok(!strcmp(heard("title"), "a title"), "title \"%s\"", heard("title"));
    ok(!strcmp(heard("flags"), "101"), "flags %s", heard("flags"));
    ok(!strcmp(heard("show"), "7"), "show %s", heard("show"));
}

static int main_with_child(int argc, char **argv);

int main(int argc, char **argv)
{
    return getenv(TELL) ? child(argc, argv) : main_with_child(argc, argv);
}

static int main_with_child(int argc, char **argv)
{
    static const struct conformance_test tests[] = {
        CONFORMANCE_ROWS(make_temp, test_command_line, test_application, test_blanks, test_search,
                         test_refused, test_folder, test_environment, test_startup_info,
                         remove_temp){NULL, NULL}};

    return conformance_main("CreateProcess", tests, argc, argv);
}
