/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Maps Wine's NLS data files (code pages, casing, locales, sorting, normalisation), which are in Windows'
 * format. The folder is looked for at run time: DECANT_NLS_PATH, then where Debian, a plain
 * `make install` and other distributions put it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unix.h"

static const char *const folders[] = {
    "/usr/share/wine/nls", "/usr/local/share/wine/nls", "/opt/wine-stable/share/wine/nls",
    "/opt/wine-devel/share/wine/nls", "/opt/wine-staging/share/wine/nls",
};

/* Files that have been mapped stay so: they are asked for again by every GetCPInfo and the like. */
struct nls_file {
    struct nls_file *next;
    ULONG type, id;
    void *base;
    SIZE_T bytes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct nls_file *files;

static int open_file(const char *name)
{
    const char *own = getenv("DECANT_NLS_PATH");
    char path[4096];
    int fd;

    if (own && *own) {
        snprintf(path, sizeof(path), "%s/%s", own, name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folders[i], name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    return -ENOENT;
}

static NTSTATUS file_name(ULONG type, ULONG id, char *name, size_t room)
{
    static const struct {
        ULONG id;
        const char *form;
    } forms[] = {{1, "c"}, {2, "d"}, {5, "kc"}, {6, "kd"}};

    switch (type) {
    case 9:
        if (id)
            return STATUS_INVALID_PARAMETER_1;
        snprintf(name, room, "sortdefault.nls");
        return STATUS_SUCCESS;
    case 10:
        if (id)
            return STATUS_INVALID_PARAMETER_1;
        snprintf(name, room, "l_intl.nls");
        return STATUS_SUCCESS;
    case 11:
        snprintf(name, room, "c_%03u.nls", (unsigned)id);
        return STATUS_SUCCESS;
    case 12:
        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
            if (forms[i].id == id) {
                snprintf(name, room, "normnf%s.nls", forms[i].form);
                return STATUS_SUCCESS;
            }
        if (id != 13)
            return STATUS_OBJECT_NAME_NOT_FOUND;
        snprintf(name, room, "normidna.nls");
        return STATUS_SUCCESS;
    case 14:
        snprintf(name, room, "locale.nls");
        return STATUS_SUCCESS;
    }
    return STATUS_INVALID_PARAMETER_1;
}

static NTSTATUS map_file(ULONG type, ULONG id, struct nls_file **out)
{
    struct nls_file *file;
    struct stat info;
    char name[64];
    NTSTATUS status = file_name(type, id, name, sizeof(name));
    int fd;

    if (status)
        return status;
    fd = open_file(name);
    if (fd < 0)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    file = calloc(1, sizeof(*file));
    if (!file || fstat(fd, &info) || info.st_size <= 0) {
        free(file);
        close(fd);
        return file ? STATUS_FILE_INVALID : STATUS_NO_MEMORY;
    }
    file->type = type;
    file->id = id;
    file->bytes = (SIZE_T)info.st_size;
    file->base = mmap(NULL, file->bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (file->base == MAP_FAILED) {
        free(file);
        return STATUS_NO_MEMORY;
    }
    *out = file;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI DecantGetNlsFile(ULONG type, ULONG id, void **base, SIZE_T *bytes)
{
    struct nls_file *file;
    NTSTATUS status = STATUS_SUCCESS;

    pthread_mutex_lock(&lock);
    for (file = files; file; file = file->next)
        if (file->type == type && file->id == id)
            break;
    if (!file) {
        status = map_file(type, id, &file);
        if (!status) {
            file->next = files;
            files = file;
        }
    }
    pthread_mutex_unlock(&lock);
    if (status)
        return status;
    if (!guest_try())
        return STATUS_ACCESS_VIOLATION;
    *base = file->base;
    if (bytes)
        *bytes = file->bytes;
    guest_end();
    return STATUS_SUCCESS;
}
