/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * shell32.dll without a shell: splitting a command line, and where the well-known folders are, which the
 * environment tells. Starting documents is refused.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#define INITGUID
#include "windef.h"
#include "winbase.h"
#include "wingdi.h"
#include "winuser.h"
#include "shellapi.h"
#include "shlobj.h"
#include "knownfolders.h"
#include "winternl.h"

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved);

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        LdrDisableThreadCalloutsForDll(instance);
    return TRUE;
}

/* --- Command lines --- */

static bool is_blank(WCHAR c)
{
    return c == ' ' || c == '\t';
}

/* The program's name: to the closing quote, or to a blank; a backslash means nothing in it. */
static const WCHAR *copy_program(const WCHAR *line, WCHAR **out)
{
    WCHAR end = ' ';

    if (*line == '"') {
        end = '"';
        line++;
    }
    while (*line && (end == '"' ? *line != '"' : !is_blank(*line)))
        *(*out)++ = *line++;
    *(*out)++ = 0;
    return *line == '"' ? line + 1 : line;
}

/* Documented: 2n backslashes and a quote are n backslashes and a delimiter, 2n+1 are n and a quote itself; other
 * backslashes stand for themselves. Two quotes in a quoted part give one. */
static const WCHAR *copy_argument(const WCHAR *line, WCHAR **out)
{
    bool is_quoted = false;

    while (*line && (is_quoted || !is_blank(*line))) {
        unsigned backslashes = 0;

        while (*line == '\\') {
            backslashes++;
            line++;
        }
        if (*line != '"') {
            while (backslashes--)
                *(*out)++ = '\\';
            if (!*line || (!is_quoted && is_blank(*line)))
                break;
            *(*out)++ = *line++;
            continue;
        }
        for (unsigned i = 0; i < backslashes / 2; i++)
            *(*out)++ = '\\';
        if (backslashes % 2) {
            *(*out)++ = '"';
        } else if (is_quoted && line[1] == '"') {
            *(*out)++ = '"';
            line++;
        } else {
            is_quoted = !is_quoted;
        }
        line++;
    }
    *(*out)++ = 0;
    return line;
}

LPWSTR *WINAPI CommandLineToArgvW(LPCWSTR line, int *count)
{
    SIZE_T length, most;
    WCHAR **arguments, *out, own_path[MAX_PATH];

    if (!count || !line) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    /* Documented: an empty line stands for the program's own path. */
    if (!*line) {
        own_path[0] = '"';
        length = GetModuleFileNameW(NULL, own_path + 1, MAX_PATH - 2);
        own_path[length + 1] = '"';
        own_path[length + 2] = 0;
        line = own_path;
    }
    length = wcslen(line);
    most = length / 2 + 3; /* every other character may begin an argument */
    arguments = LocalAlloc(LMEM_FIXED, most * sizeof(*arguments) + (length + most) * sizeof(WCHAR));
    if (!arguments)
        return NULL;
    out = (WCHAR *)(arguments + most);
    *count = 0;
    arguments[(*count)++] = out;
    line = copy_program(line, &out);
    for (;;) {
        while (is_blank(*line))
            line++;
        if (!*line)
            break;
        arguments[(*count)++] = out;
        line = copy_argument(line, &out);
    }
    arguments[*count] = NULL;
    return arguments;
}

/* --- Folders --- */

struct folder {
    const GUID *id;
    int csidl;
    const WCHAR *path; /* with variables */
};

static const struct folder folders[] = {
    {&FOLDERID_Profile, CSIDL_PROFILE, L"%USERPROFILE%"},
    {&FOLDERID_RoamingAppData, CSIDL_APPDATA, L"%APPDATA%"},
    {&FOLDERID_LocalAppData, CSIDL_LOCAL_APPDATA, L"%LOCALAPPDATA%"},
    {&FOLDERID_LocalAppDataLow, -1, L"%USERPROFILE%\\AppData\\LocalLow"},
    {&FOLDERID_ProgramData, CSIDL_COMMON_APPDATA, L"%ProgramData%"},
    {&FOLDERID_Documents, CSIDL_PERSONAL, L"%USERPROFILE%\\Documents"},
    {&FOLDERID_Desktop, CSIDL_DESKTOPDIRECTORY, L"%USERPROFILE%\\Desktop"},
    {&FOLDERID_Downloads, -1, L"%USERPROFILE%\\Downloads"},
    {&FOLDERID_Music, CSIDL_MYMUSIC, L"%USERPROFILE%\\Music"},
    {&FOLDERID_Pictures, CSIDL_MYPICTURES, L"%USERPROFILE%\\Pictures"},
    {&FOLDERID_Videos, CSIDL_MYVIDEO, L"%USERPROFILE%\\Videos"},
    {&FOLDERID_SavedGames, -1, L"%USERPROFILE%\\Saved Games"},
    {&FOLDERID_Public, -1, L"%PUBLIC%"},
    {&FOLDERID_Windows, CSIDL_WINDOWS, L"%SystemRoot%"},
    {&FOLDERID_System, CSIDL_SYSTEM, L"%SystemRoot%\\system32"},
    {&FOLDERID_Fonts, CSIDL_FONTS, L"%SystemRoot%\\Fonts"},
    {&FOLDERID_ProgramFiles, CSIDL_PROGRAM_FILES, L"%ProgramFiles%"},
    {&FOLDERID_ProgramFilesX64, -1, L"%ProgramFiles%"},
    {&FOLDERID_ProgramFilesCommon, CSIDL_PROGRAM_FILES_COMMON, L"%ProgramFiles%\\Common Files"},
};

/* A variable that is not set leaves its name in the path: then the folder does not exist. */
static HRESULT expand(const struct folder *folder, WCHAR *path, DWORD room, bool create)
{
    DWORD length = ExpandEnvironmentStringsW(folder->path, path, room);

    if (!length || length > room || wcschr(path, '%'))
        return HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND);
    if (GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES)
        return S_OK;
    if (!create)
        return HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND);
    return CreateDirectoryW(path, NULL) ? S_OK : HRESULT_FROM_WIN32(GetLastError());
}

/* The caller frees with CoTaskMemFree: the memory must come from its counterpart. */
static void *task_memory(SIZE_T bytes)
{
    HMODULE com = LoadLibraryW(L"combase.dll");
    void *(WINAPI *allocate)(SIZE_T) = com ? (void *)GetProcAddress(com, "CoTaskMemAlloc") : NULL;

    return allocate ? allocate(bytes) : NULL;
}

HRESULT WINAPI SHGetKnownFolderPath(REFKNOWNFOLDERID id, DWORD flags, HANDLE token, WCHAR **path)
{
    WCHAR buffer[MAX_PATH];
    HRESULT result;

    (void)token;
    *path = NULL;
    for (size_t i = 0; i < ARRAYSIZE(folders); i++) {
        if (memcmp(folders[i].id, id, sizeof(*id)))
            continue;
        result = expand(&folders[i], buffer, ARRAYSIZE(buffer), flags & KF_FLAG_CREATE);
        /* Documented: with this flag the path is given whether or not it exists. */
        if (FAILED(result) && !(flags & KF_FLAG_DONT_VERIFY))
            return result;
        *path = task_memory((wcslen(buffer) + 1) * sizeof(WCHAR));
        if (!*path)
            return E_OUTOFMEMORY;
        wcscpy(*path, buffer);
        return S_OK;
    }
    return HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
}

HRESULT WINAPI SHGetFolderPathW(HWND owner, int csidl, HANDLE token, DWORD flags, LPWSTR path)
{
    (void)owner, (void)token, (void)flags;
    path[0] = 0;
    for (size_t i = 0; i < ARRAYSIZE(folders); i++)
        if (folders[i].csidl == (csidl & 0xff))
            return expand(&folders[i], path, MAX_PATH, csidl & CSIDL_FLAG_CREATE);
    return E_INVALIDARG;
}

HRESULT WINAPI SHGetFolderPathA(HWND owner, int csidl, HANDLE token, DWORD flags, LPSTR path)
{
    WCHAR wide[MAX_PATH];
    HRESULT result = SHGetFolderPathW(owner, csidl, token, flags, wide);
    DWORD bytes;

    RtlUnicodeToMultiByteN(path, MAX_PATH - 1, &bytes, wide, (DWORD)wcslen(wide) * sizeof(WCHAR));
    path[bytes] = 0;
    return result;
}

BOOL WINAPI SHGetSpecialFolderPathW(HWND owner, LPWSTR path, int csidl, BOOL create)
{
    return SUCCEEDED(SHGetFolderPathW(owner, csidl | (create ? CSIDL_FLAG_CREATE : 0), NULL, 0, path));
}

BOOL WINAPI SHGetSpecialFolderPathA(HWND owner, LPSTR path, int csidl, BOOL create)
{
    return SUCCEEDED(SHGetFolderPathA(owner, csidl | (create ? CSIDL_FLAG_CREATE : 0), NULL, 0, path));
}

/* --- Refused --- */

BOOL WINAPI IsUserAnAdmin(void)
{
    return FALSE;
}

BOOL WINAPI ShellExecuteExW(SHELLEXECUTEINFOW *info)
{
    info->hInstApp = (HINSTANCE)SE_ERR_NOASSOC;
    SetLastError(ERROR_NO_ASSOCIATION);
    return FALSE;
}

BOOL WINAPI ShellExecuteExA(SHELLEXECUTEINFOA *info)
{
    info->hInstApp = (HINSTANCE)SE_ERR_NOASSOC;
    SetLastError(ERROR_NO_ASSOCIATION);
    return FALSE;
}

HINSTANCE WINAPI ShellExecuteW(HWND owner, LPCWSTR verb, LPCWSTR file, LPCWSTR arguments,
                               LPCWSTR folder, INT show)
{
    (void)owner, (void)verb, (void)file, (void)arguments, (void)folder, (void)show;
    SetLastError(ERROR_NO_ASSOCIATION);
    return (HINSTANCE)SE_ERR_NOASSOC;
}

HINSTANCE WINAPI ShellExecuteA(HWND owner, LPCSTR verb, LPCSTR file, LPCSTR arguments, LPCSTR folder,
                               INT show)
{
    (void)owner, (void)verb, (void)file, (void)arguments, (void)folder, (void)show;
    SetLastError(ERROR_NO_ASSOCIATION);
    return (HINSTANCE)SE_ERR_NOASSOC;
}
