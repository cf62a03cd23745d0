/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the `decant` command to the program's first instruction: sets up the process, maps
 * ntdll.dll and the program, and enters ntdll.dll's LdrInitializeThunk on the first thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dispatcher.h"
#include "file.h"
#include "kuser.h"
#include "main.h"
#include "path.h"
#include "peb.h"
#include "process_handover.h"
#include "remote.h"
#include "server_client.h"
#include "signal.h"
#include "thread.h"
#include "trace.h"
#include "virtual.h"

#define EXIT_CANNOT_START 126 /* documented in decant --help */
#define EXIT_NOT_FOUND    127

static const char *const machine_names[][2] = {
    {"\x4c\x01", "a 32-bit x86"}, {"\x64\xaa", "an ARM64"}, {"\xc4\x01", "a 32-bit ARM"},
};

/* Says why a program cannot be mapped; one line. */
static void report_image_error(const char *path, NTSTATUS status, const struct image_info *info)
{
    uint16_t machine = info ? info->machine : 0;

    if (info && info->is_dotnet) {
        report_error("%s: this is a .NET program; Decant runs native x86-64 programs only", path);
        return;
    }
    for (size_t i = 0; i < sizeof(machine_names) / sizeof(machine_names[0]); i++) {
        uint16_t known;

        memcpy(&known, machine_names[i][0], sizeof(known));
        if (machine == known) {
            report_error("%s: this is %s program; Decant runs x86-64 programs only", path,
                         machine_names[i][1]);
            return;
        }
    }
    if (machine && machine != IMAGE_FILE_MACHINE_AMD64) {
        report_error("%s: a program for another machine (machine 0x%04x); Decant runs x86-64 "
                     "programs only", path, machine);
        return;
    }
    switch ((ULONG)status) {
    case STATUS_INVALID_IMAGE_NOT_MZ:
        report_error("%s: not a Windows program (no MZ header)", path);
        break;
    case STATUS_INVALID_IMAGE_PROTECT:
    case STATUS_INVALID_IMAGE_NE_FORMAT:
    case STATUS_INVALID_IMAGE_LE_FORMAT:
        report_error("%s: a DOS or 16-bit Windows program; Decant runs x86-64 programs only", path);
        break;
    case STATUS_INVALID_IMAGE_FORMAT:
    case STATUS_INVALID_FILE_FOR_SECTION:
    case STATUS_SECTION_TOO_BIG:
        report_error("%s: the program's image is truncated or malformed", path);
        break;
    case STATUS_NO_MEMORY:
    case STATUS_CONFLICTING_ADDRESSES:
        report_error("%s: not enough address space to map the program", path);
        break;
    default:
        report_error("%s: cannot be mapped (status 0x%08x)", path, (unsigned)status);
    }
}

/* Reads what must be known of ntdll.dll's exports before any of its code runs. The image is our
 * own build, so its export directory is taken as it is. */
static void *find_export(char *base, const char *name)
{
    const IMAGE_DOS_HEADER *dos = (void *)base;
    const IMAGE_NT_HEADERS64 *nt = (void *)(base + dos->e_lfanew);
    const IMAGE_DATA_DIRECTORY *directory =
        &nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT];
    const IMAGE_EXPORT_DIRECTORY *exports = (void *)(base + directory->VirtualAddress);
    const DWORD *names = (void *)(base + exports->AddressOfNames);
    const WORD *ordinals = (void *)(base + exports->AddressOfNameOrdinals);
    const DWORD *functions = (void *)(base + exports->AddressOfFunctions);

    for (DWORD i = 0; i < exports->NumberOfNames; i++)
        if (!strcmp(base + names[i], name))
            return base + functions[ordinals[i]];
    return NULL;
}

static int map_ntdll(void)
{
    static const struct {
        const char *name;
        void **address;
    } wanted[] = {
        {"LdrInitializeThunk", &ntdll_entries.LdrInitializeThunk},
        {"RtlUserThreadStart", &ntdll_entries.RtlUserThreadStart},
        {"KiUserExceptionDispatcher", &ntdll_entries.KiUserExceptionDispatcher},
        {"KiUserApcDispatcher", &ntdll_entries.KiUserApcDispatcher},
    };
    char path[4096];
    void *base, **dispatcher;
    const uint64_t *count;
    size_t bytes;
    NTSTATUS status;

    snprintf(path, sizeof(path), "%s/ntdll.dll", process.pe_dirs[0]);
    status = virtual_map_image_file(path, &base, &bytes, NULL);
    if (status) {
        if (access(path, R_OK))
            report_error("%s: %s; the installation is incomplete (decant doctor)", path,
                         strerror(errno));
        else
            report_image_error(path, status, NULL);
        return EXIT_CANNOT_START;
    }
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        *wanted[i].address = find_export(base, wanted[i].name);
        if (!*wanted[i].address) {
            report_error("%s: has no %s; both halves must come from one build", path,
                         wanted[i].name);
            return EXIT_CANNOT_START;
        }
    }
    dispatcher = find_export(base, "decant_dispatcher");
    count = find_export(base, "decant_syscall_count");
    if (!dispatcher || !count || *count != syscall_count) {
        report_error("%s: not the ntdll.dll of this build", path);
        return EXIT_CANNOT_START;
    }
    *dispatcher = (void *)dispatcher_entry;
    process.ntdll_base = base;
    return 0;
}

static struct decant_image describe_image(void *base, size_t bytes, const struct image_info *info)
{
    return (struct decant_image){.base = (uintptr_t)base,
                                 .bytes = bytes,
                                 .entry = info->entry,
                                 .preferred_base = info->preferred_base,
                                 .machine = info->machine,
                                 .characteristics = info->characteristics,
                                 .dll_characteristics = info->dll_characteristics,
                                 .subsystem = info->subsystem};
}

static NTSTATUS map_builtin_in(const char *folder, const char *name, struct decant_image *image)
{
    struct image_info info = {0};
    char path[4096];
    size_t bytes;
    void *base;
    NTSTATUS status;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (access(path, R_OK))
        return STATUS_DLL_NOT_FOUND;
    status = virtual_map_image_file(path, &base, &bytes, &info);
    trace(TRACE_LOADER, "%s: %s at %p, status %08x", name, path, base, (unsigned)status);
    if (status)
        return status;
    *image = describe_image(base, bytes, &info);
    return STATUS_SUCCESS;
}

/* A file name in lower case out of the program's memory; STATUS_DLL_NOT_FOUND where it is none. */
static NTSTATUS copy_file_name(const WCHAR *name, char *file, size_t room)
{
    size_t i;

    if (!guest_try())
        return STATUS_ACCESS_VIOLATION;
    for (i = 0; i + 1 < room && name[i]; i++) {
        if (name[i] >= 0x80 || name[i] == '/' || name[i] == '\\')
            break;
        file[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
    }
    file[i] = 0;
    if (name[i])
        file[0] = 0;
    guest_end();
    return file[0] ? STATUS_SUCCESS : STATUS_DLL_NOT_FOUND;
}

NTSTATUS WINAPI DecantMapBuiltin(const WCHAR *name, struct decant_image *image)
{
    struct decant_image result = {0};
    char file[256];
    NTSTATUS status = copy_file_name(name, file, sizeof(file));

    if (status)
        return status;
    status = STATUS_DLL_NOT_FOUND;
    for (size_t i = 0; process.pe_dirs[i] && status == STATUS_DLL_NOT_FOUND; i++) {
        /* ntdll, kernelbase and kernel32 are always ours. */
        if (i && (!strcmp(file, "ntdll.dll") || !strcmp(file, "kernelbase.dll") ||
                  !strcmp(file, "kernel32.dll")))
            break;
        status = map_builtin_in(process.pe_dirs[i], file, &result);
    }
    return status ? status : guest_copy_out(image, &result, sizeof(result));
}

NTSTATUS WINAPI DecantMapImage(const UNICODE_STRING *nt_path, struct decant_image *image)
{
    struct decant_image result;
    struct image_info info = {0};
    OBJECT_ATTRIBUTES attributes;
    char *path;
    size_t bytes;
    void *base;
    NTSTATUS status;

    InitializeObjectAttributes(&attributes, (UNICODE_STRING *)nt_path, OBJ_CASE_INSENSITIVE, 0,
                               NULL);
    status = path_nt_to_unix(&attributes, &path);
    if (status)
        return status;
    status = virtual_map_image_file(path, &base, &bytes, &info);
    trace(TRACE_LOADER, "%s at %p, status %08x", path, base, (unsigned)status);
    free(path);
    if (status)
        return status;
    result = describe_image(base, bytes, &info);
    return guest_copy_out(image, &result, sizeof(result));
}

NTSTATUS WINAPI DecantFailStart(NTSTATUS status)
{
    process_exit_as((uint32_t)status, EXIT_CANNOT_START);
}

__attribute__((visibility("default"))) int decant_main(const struct decant_start *start);

int decant_main(const struct decant_start *start)
{
    RTL_USER_PROCESS_PARAMETERS *parameters = NULL;
    struct image_info info = {0};
    void *exe;
    size_t bytes;
    NTSTATUS status;
    int error;

    trace_init(getenv("DECANT_TRACE"));
    process.pid = getpid();
    process.program_path = start->program;
    process.session_dir = start->session_dir;
    process.server_path = start->server;
    process.argv = start->argv;
    process.envp = start->envp;
    memcpy(process.pe_dirs, start->pe_dirs, sizeof(process.pe_dirs));

    syscall_table_init();
    error = kuser_init();
    if (error) {
        report_error("cannot map the page at 0x7ffe0000: %s", strerror(-error));
        return EXIT_CANNOT_START;
    }
    if ((status = virtual_init()) || (status = peb_init())) {
        report_error("cannot set up the address space (status 0x%08x)", (unsigned)status);
        return EXIT_CANNOT_START;
    }
    signal_init_process();
    error = map_ntdll();
    if (error)
        return error;
    pKiUserExceptionDispatcher = ntdll_entries.KiUserExceptionDispatcher;

    status = virtual_map_image_file(start->program, &exe, &bytes, &info);
    if (status || info.is_dotnet) {
        report_image_error(start->argv[0], status, &info);
        return EXIT_CANNOT_START; /* a parent sees us end before we said that we run */
    }
    if (info.characteristics & IMAGE_FILE_DLL) {
        report_error("%s: this is a DLL, not a program", start->argv[0]);
        return EXIT_CANNOT_START;
    }
    process.peb->ImageBaseAddress = exe;
    process.peb->ImageSubSystem = info.subsystem;
    process.peb->ImageSubSystemMajorVersion = info.subsystem_version >> 16;
    process.peb->ImageSubSystemMinorVersion = info.subsystem_version & 0xffff;
    process.default_stack_reserve = info.stack_reserve;
    process.default_stack_commit = info.stack_commit;
    if (server_begin())
        return EXIT_CANNOT_START;

    status = thread_init_first(info.stack_reserve, info.stack_commit, (void *)info.entry);
    if (server_finish())
        return EXIT_CANNOT_START;
    if (!status)
        status = child_take_parameters(&parameters);
    if (!status && !parameters && !(status = parameters_from_linux(&parameters)))
        file_init_std_handles(parameters);
    if (status) {
        child_report_start(status);
        report_error("cannot set up the first thread (status 0x%08x)", (unsigned)status);
        return EXIT_CANNOT_START;
    }
    error = remote_service_start(server_service_channel());
    if (error) {
        report_error("cannot start the service thread: %s", strerror(-error));
        return EXIT_CANNOT_START;
    }
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of the write, as on Windows */
    file_init_current_folder(parameters);
    process.peb->ProcessParameters = parameters;
    child_report_start(STATUS_SUCCESS);
    return (int)thread_run_first((void *)info.entry, process.peb);
}
