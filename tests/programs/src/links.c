/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Removes a tree as careful programs do: what is a reparse point is removed itself, never what it leads to. Prints
 * where each leads.
 */
#include <stdio.h>
#include <windows.h>
#include <winioctl.h>

struct link_data {
    DWORD tag;
    WORD data_bytes, reserved;
    WORD substitute_offset, substitute_bytes, print_offset, print_bytes;
    DWORD flags;
    WCHAR text[1000];
};

static void show(const WCHAR *path)
{
    struct link_data data;
    DWORD bytes;
    HANDLE link = CreateFileW(path, 0, 7, NULL, OPEN_EXISTING,
                              FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, NULL);

    if (link != INVALID_HANDLE_VALUE &&
        DeviceIoControl(link, FSCTL_GET_REPARSE_POINT, NULL, 0, &data, sizeof(data), &bytes, NULL) &&
        data.tag == IO_REPARSE_TAG_SYMLINK)
        printf("%ls -> %.*ls\n", wcsrchr(path, '\\') + 1, data.print_bytes / 2,
               data.text + data.print_offset / 2);
    else
        printf("%ls: error %lu\n", path, GetLastError());
    CloseHandle(link);
}

static void remove_tree(const WCHAR *folder)
{
    WCHAR path[1000];
    WIN32_FIND_DATAW data;
    HANDLE find;

    swprintf(path, 1000, L"%ls\\*", folder);
    find = FindFirstFileW(path, &data);
    if (find == INVALID_HANDLE_VALUE)
        return;
    do {
        BOOL is_folder = !!(data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY), done;

        if (!wcscmp(data.cFileName, L".") || !wcscmp(data.cFileName, L".."))
            continue;
        swprintf(path, 1000, L"%ls\\%ls", folder, data.cFileName);
        if (data.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) {
            if (GetFileAttributesW(path) != data.dwFileAttributes)
                printf("%ls: attributes differ\n", data.cFileName);
            show(path);
        } else if (is_folder) {
            remove_tree(path);
        }
        done = is_folder ? RemoveDirectoryW(path) : DeleteFileW(path);
        if (!done)
            printf("%ls stays: error %lu\n", data.cFileName, GetLastError());
    } while (FindNextFileW(find, &data));
    FindClose(find);
}

int main(void)
{
    remove_tree(L"tree");
    return RemoveDirectoryW(L"tree") ? 0 : 1;
}
