/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finds the parts of the installation and the session's folder.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader.h"

/* Where distributions put Wine's 64-bit PE DLLs. */
static const char *const wine_dirs[] = {
    "/usr/lib/x86_64-linux-gnu/wine/x86_64-windows",
    "/usr/lib64/wine/x86_64-windows",
    "/usr/lib/wine/x86_64-windows",
    "/usr/local/lib64/wine/x86_64-windows",
    "/usr/local/lib/wine/x86_64-windows",
    "/opt/wine-stable/lib64/wine/x86_64-windows",
    "/opt/wine-stable/lib/wine/x86_64-windows",
};

void fail(const char *format, ...)
{
    va_list args;

    fputs("decant: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

char *format_string(const char *format, ...)
{
    va_list args;
    char *text;
    int length;

    va_start(args, format);
    length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) {
        fail("out of memory");
        exit(EXIT_CANNOT_START);
    }
    return text;
}

static bool is_folder(const char *path)
{
    struct stat info;

    return !stat(path, &info) && S_ISDIR(info.st_mode);
}

int installation_find(struct installation *installation)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    if (length < 0)
        return -errno;
    self[length] = 0;
    /* …/bin/decant: up two. */
    for (int i = 0; i < 2 && (slash = strrchr(self, '/')); i++)
        *slash = 0;
    installation->root = format_string("%s", self);
    installation->unix_dir = format_string("%s/lib/decant/x86_64-unix", self);
    installation->windows_dir = format_string("%s/lib/decant/x86_64-windows", self);
    installation->server = format_string("%s/bin/decantserver", self);
    installation->wine_dir = NULL;
    for (size_t i = 0; i < sizeof(wine_dirs) / sizeof(wine_dirs[0]); i++) {
        if (is_folder(wine_dirs[i])) {
            installation->wine_dir = format_string("%s", wine_dirs[i]);
            break;
        }
    }
    return 0;
}

size_t installation_pe_dirs(const struct installation *installation, const char **dirs,
                            size_t room)
{
    const char *extra = getenv("DECANT_DLL_PATH");
    size_t count = 0, dropped = 0;

    dirs[count++] = installation->windows_dir;
    while (extra && *extra) {
        size_t length = strcspn(extra, ":");

        /* Two places stay free: Wine's folder and the terminator. */
        if (length && count < room - 2)
            dirs[count++] = format_string("%.*s", (int)length, extra);
        else if (length)
            dropped++;
        extra += length + (extra[length] == ':');
    }
    if (installation->wine_dir)
        dirs[count++] = installation->wine_dir;
    dirs[count] = NULL;
    return dropped;
}

char *session_dir(void)
{
    const char *wanted = getenv("DECANT_SESSION");
    char *path = wanted && *wanted ? format_string("%s", wanted)
                                   : format_string("/tmp/.decant-%u", (unsigned)geteuid());
    struct stat info;

    if (*path != '/') {
        fail("DECANT_SESSION: \"%s\" is not an absolute path", path);
        return NULL;
    }
    if (mkdir(path, 0700) && errno != EEXIST) {
        fail("cannot create the session folder %s: %s (set DECANT_SESSION to another folder)",
             path, strerror(errno));
        return NULL;
    }
    /* /tmp is everybody's: somebody else may have made the folder first, or a link. */
    if (lstat(path, &info)) {
        fail("session folder %s: %s", path, strerror(errno));
        return NULL;
    }
    if (!S_ISDIR(info.st_mode)) {
        fail("session folder %s is not a folder; remove it or set DECANT_SESSION", path);
        return NULL;
    }
    if (info.st_uid != geteuid()) {
        fail("session folder %s belongs to user %u, not to you; set DECANT_SESSION to another",
             path, (unsigned)info.st_uid);
        return NULL;
    }
    if (info.st_mode & 077 && chmod(path, 0700)) {
        fail("session folder %s is open to others and cannot be closed: %s", path,
             strerror(errno));
        return NULL;
    }
    return path;
}
