/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `decant conformance`: Wine as a host. It runs in a prefix of its own, made for the run and removed
 * behind it, so that neither the user's prefix nor what an earlier run left there can matter.
 */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance.h"
#include "loader.h"

#define BOOT_SECONDS 120 /* making a prefix takes 10 s on a small machine */

static const char *server; /* wineserver, which ends what a program leaves behind */
static char *prefix;       /* to be removed; NULL when the caller gave one */

/* Where a command is, in PATH or by its full name; NULL: nowhere. */
static char *find_command(const char *name)
{
    const char *path = getenv("PATH");
    char *copy, *rest, *folder, *found = NULL;

    if (strchr(name, '/'))
        return access(name, X_OK) ? NULL : format_string("%s", name);
    copy = rest = format_string("%s", path ? path : "/usr/bin:/bin");
    while (!found && (folder = strsep(&rest, ":"))) {
        found = format_string("%s/%s", *folder ? folder : ".", name);
        if (access(found, X_OK)) {
            free(found);
            found = NULL;
        }
    }
    free(copy);
    return found;
}

static char *find_wine(const char *command)
{
    static const char *const candidates[] = {"wine64", "wine", "/usr/lib/wine/wine64"};
    char *found = NULL;

    if (command)
        return find_command(command);
    for (size_t i = 0; !found && i < sizeof(candidates) / sizeof(candidates[0]); i++)
        found = find_command(candidates[i]);
    return found;
}

/* Wine's own wineserver lies beside it; Debian's wine64 may be a script elsewhere. */
static char *find_server(const char *wine)
{
    char real[PATH_MAX], *slash, *beside, *found;

    if (!realpath(wine, real) || !(slash = strrchr(real, '/')))
        return NULL;
    *slash = 0;
    beside = format_string("%s/wineserver", real);
    found = find_command(beside);
    free(beside);
    if (!found)
        found = find_command("wineserver");
    return found ? found : find_command("/usr/lib/wine/wineserver");
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    remove(path); /* what stays is found by the folder's own removal */
    return 0;
}

void wine_end_programs(void)
{
    const char *const command[] = {server, "-k", NULL}, *const wait[] = {server, "-w", NULL};

    if (!server)
        return;
    run_quietly(command, 10);
    run_quietly(wait, 10);
}

void wine_finish(void)
{
    wine_end_programs();
    /* The prefix holds links to / and other places: they are removed, not followed. */
    if (prefix && nftw(prefix, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT))
        fail("conformance: %s: %s", prefix, strerror(errno));
    free(prefix);
    prefix = NULL;
}

static char *read_version(const char *wine)
{
    char *command = format_string("'%s' --version 2>/dev/null", wine), line[128] = "";
    FILE *out = popen(command, "r");

    free(command);
    if (out) {
        if (!fgets(line, sizeof(line), out))
            line[0] = 0;
        pclose(out);
    }
    line[strcspn(line, "\r\n")] = 0;
    return format_string("%s", line);
}

bool wine_prepare(const char *command, const char *given_prefix, struct host *host)
{
    const char *temporary = getenv("TMPDIR");
    char *wine = find_wine(command);
    const char *const boot[] = {wine, "wineboot", "-i", NULL};

    if (!wine) {
        if (command)
            fail("conformance: %s: no such command", command);
        else
            fail("conformance: no wine in PATH (apt-get install wine64)");
        return false;
    }
    server = find_server(wine);
    if (given_prefix) {
        setenv("WINEPREFIX", given_prefix, 1);
    } else {
        prefix = format_string("%s/decant-wine-XXXXXX", temporary && *temporary ? temporary : "/tmp");
        if (!mkdtemp(prefix)) {
            fail("conformance: %s: %s", prefix, strerror(errno));
            prefix = NULL;
            return false;
        }
        setenv("WINEPREFIX", prefix, 1);
    }
    /* Nothing that asks on the screen: no messages, no .NET and HTML engines, menus, debugger, display. */
    setenv("WINEDEBUG", "-all", 0);
    setenv("WINEDLLOVERRIDES", "mscoree=;mshtml=;winemenubuilder.exe=;winedbg.exe=", 0);
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    *host = (struct host){.name = "wine", .version = read_version(wine), .command = {wine}};
    if (!given_prefix && run_quietly(boot, BOOT_SECONDS)) {
        fail("conformance: %s cannot make a prefix in %s", wine, prefix);
        wine_finish();
        return false;
    }
    return true;
}
