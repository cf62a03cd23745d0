/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The `decant` command: `decant PROGRAM.exe ARGS…` runs a Windows program; subcommands tell about
 * the installation. All that is specific to Windows is in ntdll.so, which this command loads.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader.h"
#include "../dlls/ntdll/unix/main.h"

extern char **environ;

static const char help[] =
    "Usage: decant [--] PROGRAM.exe [ARGUMENT]…\n"
    "       decant conformance [OPTIONS] [FILTER]\n"
    "       decant doctor [--json]\n"
    "       decant pages [OPTIONS] PID\n"
    "       decant --help | --version\n"
    "\n"
    "Runs an x86-64 Windows console program on Linux.\n"
    "\n"
    "  conformance   run the conformance programs here or on Wine, and compare\n"
    "  doctor        what this machine offers, what Decant chose and why, what is missing\n"
    "  pages         the watched memory of a running program, and what of it is written\n"
    "  --help, -h    this text\n"
    "  --version     the version\n"
    "\n"
    "Paths: Z: is Linux' /, C: lives below the session folder (/tmp/.decant-UID, DECANT_SESSION).\n"
    "A file named like a subcommand is run with `decant -- NAME` or `decant ./NAME`.\n"
    "\n"
    "Exit codes: the program's own (its low 8 bits; 1 where these are 0 and the code is not);\n"
    "125 wrong usage, 126 the program cannot be started, 127 it does not exist. An unhandled\n"
    "exception is reported in one line on stderr; its code is the program's exit code, as on\n"
    "Windows (0xC0000005 shows as 5).\n"
    "\n"
    "Environment: DECANT_SESSION, DECANT_DLL_PATH, DECANT_TRACE, DECANT_WRITE_WATCH and more:\n"
    "see docs/environment.md.\n";

/* Said at once, not when a program first asks for watched memory. */
static bool write_watch_choice_is_valid(void)
{
    static const char *const known[] = {"pagemap", "markers", "mprotect"};
    const char *wanted = getenv("DECANT_WRITE_WATCH");

    if (!wanted || !*wanted)
        return true;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (!strcmp(wanted, known[i]))
            return true;
    fail("DECANT_WRITE_WATCH: no backend \"%s\" (pagemap, markers, mprotect)", wanted);
    return false;
}

static int run(const struct installation *installation, char **argv)
{
    struct decant_start start = {.argv = argv, .envp = environ};
    decant_main_function *decant_main;
    char *program = realpath(argv[0], NULL);
    struct stat info;
    void *library;
    char *path;

    if (!program) {
        fail("%s: %s", argv[0], strerror(errno));
        return errno == ENOENT || errno == ENOTDIR ? EXIT_NOT_FOUND : EXIT_CANNOT_START;
    }
    if (stat(program, &info) || !S_ISREG(info.st_mode)) {
        fail("%s: %s", argv[0], S_ISDIR(info.st_mode) ? "this is a folder, not a program"
                                                      : "not a file, so no program");
        return EXIT_CANNOT_START;
    }
    if (access(program, R_OK)) {
        fail("%s: %s", argv[0], strerror(errno));
        return EXIT_CANNOT_START;
    }
    if (!write_watch_choice_is_valid())
        return EXIT_USAGE;
    start.program = program;
    start.session_dir = session_dir();
    if (!start.session_dir)
        return EXIT_CANNOT_START;
    start.server = installation->server;
    if (installation_pe_dirs(installation, start.pe_dirs,
                             sizeof(start.pe_dirs) / sizeof(start.pe_dirs[0])))
        fail("DECANT_DLL_PATH: only the first %zu folders are used",
             sizeof(start.pe_dirs) / sizeof(start.pe_dirs[0]) - 3);

    path = format_string("%s/ntdll.so", installation->unix_dir);
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    decant_main = library ? (decant_main_function *)dlsym(library, "decant_main") : NULL;
    if (!decant_main) {
        fail("%s", dlerror());
        fail("the installation below %s is incomplete; run decant doctor", installation->root);
        return EXIT_CANNOT_START;
    }
    free(path);
    return decant_main(&start);
}

int main(int argc, char **argv)
{
    struct installation installation = {0};
    int error = installation_find(&installation);

    if (error) {
        fail("cannot find the installation: /proc/self/exe: %s", strerror(-error));
        return EXIT_CANNOT_START;
    }
    if (argc < 2) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        fputs(help, stdout);
        return 0;
    }
    if (!strcmp(argv[1], "--version")) {
        puts("decant " DECANT_VERSION);
        return 0;
    }
    if (!strcmp(argv[1], "conformance"))
        return command_conformance(&installation, argc - 1, argv + 1);
    if (!strcmp(argv[1], "doctor"))
        return command_doctor(&installation, argc - 1, argv + 1);
    if (!strcmp(argv[1], "pages"))
        return command_pages(&installation, argc - 1, argv + 1);
    if (!strcmp(argv[1], "--")) {
        if (argc < 3) {
            fputs(help, stderr);
            return EXIT_USAGE;
        }
        return run(&installation, argv + 2);
    }
    if (argv[1][0] == '-') {
        fail("unknown option %s (decant --help lists them)", argv[1]);
        return EXIT_USAGE;
    }
    return run(&installation, argv + 1);
}
