/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winreg.h, which advapi32 forwards to. Decant has no registry: the predefined keys exist and are empty, what a
 * program looks for is not found, and nothing can be written (access denied, as for a user without rights).
 * Documented in docs/architecture.md; programs that read settings take their defaults.
 */
#include "kernelbase.h"

#include "winreg.h"

/* HKEY_CLASSES_ROOT to HKEY_CURRENT_USER_LOCAL_SETTINGS. */
static bool is_key(HKEY key)
{
    ULONG_PTR value = (ULONG_PTR)key & 0xffffffff;

    return value >= 0x80000000 && value <= 0x80000007;
}

/* The answer to looking for a name below a key. */
static LSTATUS not_found(HKEY key)
{
    return is_key(key) ? ERROR_FILE_NOT_FOUND : ERROR_INVALID_HANDLE;
}

static LSTATUS no_more(HKEY key)
{
    return is_key(key) ? ERROR_NO_MORE_ITEMS : ERROR_INVALID_HANDLE;
}

static LSTATUS denied(HKEY key)
{
    return is_key(key) ? ERROR_ACCESS_DENIED : ERROR_INVALID_HANDLE;
}

/* --- Keys --- */

LSTATUS WINAPI RegOpenKeyExW(HKEY key, LPCWSTR name, DWORD options, REGSAM access, PHKEY result)
{
    (void)options, (void)access;
    if (!result)
        return ERROR_INVALID_PARAMETER;
    *result = NULL;
    if (!is_key(key))
        return ERROR_INVALID_HANDLE;
    if (name && *name)
        return ERROR_FILE_NOT_FOUND;
    *result = key;
    return ERROR_SUCCESS;
}

LSTATUS WINAPI RegOpenKeyExA(HKEY key, LPCSTR name, DWORD options, REGSAM access, PHKEY result)
{
    return RegOpenKeyExW(key, name && *name ? L"?" : NULL, options, access, result);
}

LSTATUS WINAPI RegCreateKeyExW(HKEY key, LPCWSTR name, DWORD reserved, LPWSTR class, DWORD options,
                               REGSAM access, SECURITY_ATTRIBUTES *security, PHKEY result,
                               LPDWORD disposition)
{
    (void)reserved, (void)class, (void)security;
    if (!result)
        return ERROR_INVALID_PARAMETER;
    if (!name || !*name) {
        if (disposition)
            *disposition = REG_OPENED_EXISTING_KEY;
        return RegOpenKeyExW(key, name, options, access, result);
    }
    return denied(key);
}

LSTATUS WINAPI RegCreateKeyExA(HKEY key, LPCSTR name, DWORD reserved, LPSTR class, DWORD options,
                               REGSAM access, SECURITY_ATTRIBUTES *security, PHKEY result,
                               LPDWORD disposition)
{
    (void)class;
    return RegCreateKeyExW(key, name && *name ? L"?" : NULL, reserved, NULL, options, access,
                           security, result, disposition);
}

LSTATUS WINAPI RegCloseKey(HKEY key)
{
    return is_key(key) ? ERROR_SUCCESS : ERROR_INVALID_HANDLE;
}

LSTATUS WINAPI RegFlushKey(HKEY key)
{
    return is_key(key) ? ERROR_SUCCESS : ERROR_INVALID_HANDLE;
}

LSTATUS WINAPI RegOpenCurrentUser(REGSAM access, PHKEY result)
{
    (void)access;
    *result = HKEY_CURRENT_USER;
    return ERROR_SUCCESS;
}

LSTATUS WINAPI RegOpenUserClassesRoot(HANDLE token, DWORD options, REGSAM access, PHKEY result)
{
    (void)token, (void)options, (void)access;
    *result = HKEY_CLASSES_ROOT;
    return ERROR_SUCCESS;
}

LSTATUS WINAPI RegDeleteKeyExW(HKEY key, LPCWSTR name, REGSAM access, DWORD reserved)
{
    (void)name, (void)access, (void)reserved;
    return not_found(key);
}

LSTATUS WINAPI RegDeleteKeyExA(HKEY key, LPCSTR name, REGSAM access, DWORD reserved)
{
    (void)name, (void)access, (void)reserved;
    return not_found(key);
}

LSTATUS WINAPI RegDeleteTreeW(HKEY key, LPCWSTR name)
{
    return name ? not_found(key) : denied(key);
}

LSTATUS WINAPI RegDeleteTreeA(HKEY key, LPCSTR name)
{
    return name ? not_found(key) : denied(key);
}

LSTATUS WINAPI RegCopyTreeW(HKEY from, LPCWSTR name, HKEY to)
{
    (void)name;
    return is_key(to) ? not_found(from) : ERROR_INVALID_HANDLE;
}

LSTATUS WINAPI RegEnumKeyExW(HKEY key, DWORD index, LPWSTR name, LPDWORD length, LPDWORD reserved,
                             LPWSTR class, LPDWORD class_length, FILETIME *written)
{
    (void)index, (void)name, (void)length, (void)reserved, (void)class, (void)class_length;
    (void)written;
    return no_more(key);
}

LSTATUS WINAPI RegEnumKeyExA(HKEY key, DWORD index, LPSTR name, LPDWORD length, LPDWORD reserved,
                             LPSTR class, LPDWORD class_length, FILETIME *written)
{
    (void)index, (void)name, (void)length, (void)reserved, (void)class, (void)class_length;
    (void)written;
    return no_more(key);
}

static LSTATUS key_info(HKEY key, DWORD *class_length, DWORD *const zeros[], FILETIME *written)
{
    if (!is_key(key))
        return ERROR_INVALID_HANDLE;
    if (class_length)
        *class_length = 0;
    for (int i = 0; i < 7; i++)
        if (zeros[i])
            *zeros[i] = 0;
    if (written)
        memset(written, 0, sizeof(*written));
    return ERROR_SUCCESS;
}

LSTATUS WINAPI RegQueryInfoKeyW(HKEY key, LPWSTR class, LPDWORD class_length, LPDWORD reserved,
                                LPDWORD keys, LPDWORD longest_key, LPDWORD longest_class,
                                LPDWORD values, LPDWORD longest_name, LPDWORD longest_value,
                                LPDWORD security, FILETIME *written)
{
    DWORD *const zeros[] = {keys, longest_key, longest_class, values, longest_name, longest_value,
                            security};

    (void)reserved;
    if (class && class_length && *class_length && is_key(key))
        *class = 0;
    return key_info(key, class_length, zeros, written);
}

LSTATUS WINAPI RegQueryInfoKeyA(HKEY key, LPSTR class, LPDWORD class_length, LPDWORD reserved,
                                LPDWORD keys, LPDWORD longest_key, LPDWORD longest_class,
                                LPDWORD values, LPDWORD longest_name, LPDWORD longest_value,
                                LPDWORD security, FILETIME *written)
{
    DWORD *const zeros[] = {keys, longest_key, longest_class, values, longest_name, longest_value,
                            security};

    (void)reserved;
    if (class && class_length && *class_length && is_key(key))
        *class = 0;
    return key_info(key, class_length, zeros, written);
}

/* --- Values --- */

LSTATUS WINAPI RegQueryValueExW(HKEY key, LPCWSTR name, LPDWORD reserved, LPDWORD type, LPBYTE data,
                                LPDWORD size)
{
    (void)name, (void)reserved, (void)type;
    if (data && !size)
        return ERROR_INVALID_PARAMETER;
    return not_found(key);
}

LSTATUS WINAPI RegQueryValueExA(HKEY key, LPCSTR name, LPDWORD reserved, LPDWORD type, LPBYTE data,
                                LPDWORD size)
{
    (void)name, (void)reserved, (void)type;
    if (data && !size)
        return ERROR_INVALID_PARAMETER;
    return not_found(key);
}

LSTATUS WINAPI RegGetValueW(HKEY key, LPCWSTR subkey, LPCWSTR name, DWORD flags, LPDWORD type,
                            PVOID data, LPDWORD size)
{
    (void)subkey, (void)name, (void)flags, (void)type;
    if (data && !size)
        return ERROR_INVALID_PARAMETER;
    return not_found(key);
}

LSTATUS WINAPI RegGetValueA(HKEY key, LPCSTR subkey, LPCSTR name, DWORD flags, LPDWORD type,
                            PVOID data, LPDWORD size)
{
    (void)subkey, (void)name, (void)flags, (void)type;
    if (data && !size)
        return ERROR_INVALID_PARAMETER;
    return not_found(key);
}

LSTATUS WINAPI RegEnumValueW(HKEY key, DWORD index, LPWSTR name, LPDWORD length, LPDWORD reserved,
                             LPDWORD type, LPBYTE data, LPDWORD size)
{
    (void)index, (void)name, (void)length, (void)reserved, (void)type, (void)data, (void)size;
    return no_more(key);
}

LSTATUS WINAPI RegEnumValueA(HKEY key, DWORD index, LPSTR name, LPDWORD length, LPDWORD reserved,
                             LPDWORD type, LPBYTE data, LPDWORD size)
{
    (void)index, (void)name, (void)length, (void)reserved, (void)type, (void)data, (void)size;
    return no_more(key);
}

LSTATUS WINAPI RegSetValueExW(HKEY key, LPCWSTR name, DWORD reserved, DWORD type, const BYTE *data,
                              DWORD size)
{
    (void)name, (void)reserved, (void)type, (void)data, (void)size;
    return denied(key);
}

LSTATUS WINAPI RegSetValueExA(HKEY key, LPCSTR name, DWORD reserved, DWORD type, const BYTE *data,
                              DWORD size)
{
    (void)name, (void)reserved, (void)type, (void)data, (void)size;
    return denied(key);
}

LSTATUS WINAPI RegSetKeyValueW(HKEY key, LPCWSTR subkey, LPCWSTR name, DWORD type, const void *data,
                               DWORD size)
{
    (void)subkey, (void)name, (void)type, (void)data, (void)size;
    return denied(key);
}

LSTATUS WINAPI RegSetKeyValueA(HKEY key, LPCSTR subkey, LPCSTR name, DWORD type, const void *data,
                               DWORD size)
{
    (void)subkey, (void)name, (void)type, (void)data, (void)size;
    return denied(key);
}

LSTATUS WINAPI RegDeleteValueW(HKEY key, LPCWSTR name)
{
    (void)name;
    return not_found(key);
}

LSTATUS WINAPI RegDeleteValueA(HKEY key, LPCSTR name)
{
    (void)name;
    return not_found(key);
}

LSTATUS WINAPI RegDeleteKeyValueW(HKEY key, LPCWSTR subkey, LPCWSTR name)
{
    (void)subkey, (void)name;
    return not_found(key);
}

LSTATUS WINAPI RegDeleteKeyValueA(HKEY key, LPCSTR subkey, LPCSTR name)
{
    (void)subkey, (void)name;
    return not_found(key);
}

LSTATUS WINAPI RegLoadMUIStringW(HKEY key, LPCWSTR name, LPWSTR buffer, DWORD size, LPDWORD needed,
                                 DWORD flags, LPCWSTR folder)
{
    (void)name, (void)buffer, (void)size, (void)needed, (void)flags, (void)folder;
    return not_found(key);
}

LSTATUS WINAPI RegLoadMUIStringA(HKEY key, LPCSTR name, LPSTR buffer, DWORD size, LPDWORD needed,
                                 DWORD flags, LPCSTR folder)
{
    (void)name, (void)buffer, (void)size, (void)needed, (void)flags, (void)folder;
    return not_found(key);
}

/* --- Notices, security, files --- */

/* Nothing ever changes, so an asynchronous request never completes; a caller that would wait in here for ever is
 * refused instead. */
LSTATUS WINAPI RegNotifyChangeKeyValue(HKEY key, BOOL subtree, DWORD filter, HANDLE event,
                                       BOOL is_async)
{
    (void)subtree, (void)filter;
    if (!is_key(key))
        return ERROR_INVALID_HANDLE;
    if (!is_async)
        return ERROR_NOT_SUPPORTED;
    return event ? ERROR_SUCCESS : ERROR_INVALID_PARAMETER;
}

LSTATUS WINAPI RegGetKeySecurity(HKEY key, SECURITY_INFORMATION what,
                                 PSECURITY_DESCRIPTOR descriptor, LPDWORD size)
{
    (void)what, (void)descriptor, (void)size;
    return denied(key);
}

LSTATUS WINAPI RegSetKeySecurity(HKEY key, SECURITY_INFORMATION what,
                                 PSECURITY_DESCRIPTOR descriptor)
{
    (void)what, (void)descriptor;
    return denied(key);
}

LSTATUS WINAPI RegLoadAppKeyW(LPCWSTR file, PHKEY result, REGSAM access, DWORD options,
                              DWORD reserved)
{
    (void)file, (void)result, (void)access, (void)options, (void)reserved;
    return ERROR_NOT_SUPPORTED;
}

LSTATUS WINAPI RegLoadAppKeyA(LPCSTR file, PHKEY result, REGSAM access, DWORD options,
                              DWORD reserved)
{
    (void)file, (void)result, (void)access, (void)options, (void)reserved;
    return ERROR_NOT_SUPPORTED;
}

LSTATUS WINAPI RegLoadKeyW(HKEY key, LPCWSTR name, LPCWSTR file)
{
    (void)key, (void)name, (void)file;
    return ERROR_PRIVILEGE_NOT_HELD;
}

LSTATUS WINAPI RegLoadKeyA(HKEY key, LPCSTR name, LPCSTR file)
{
    (void)key, (void)name, (void)file;
    return ERROR_PRIVILEGE_NOT_HELD;
}

LSTATUS WINAPI RegUnLoadKeyW(HKEY key, LPCWSTR name)
{
    (void)key, (void)name;
    return ERROR_PRIVILEGE_NOT_HELD;
}

LSTATUS WINAPI RegUnLoadKeyA(HKEY key, LPCSTR name)
{
    (void)key, (void)name;
    return ERROR_PRIVILEGE_NOT_HELD;
}

LSTATUS WINAPI RegSaveKeyExW(HKEY key, LPCWSTR file, SECURITY_ATTRIBUTES *security, DWORD flags)
{
    (void)key, (void)file, (void)security, (void)flags;
    return ERROR_PRIVILEGE_NOT_HELD;
}

LSTATUS WINAPI RegSaveKeyExA(HKEY key, LPCSTR file, SECURITY_ATTRIBUTES *security, DWORD flags)
{
    (void)key, (void)file, (void)security, (void)flags;
    return ERROR_PRIVILEGE_NOT_HELD;
}

LSTATUS WINAPI RegRestoreKeyW(HKEY key, LPCWSTR file, DWORD flags)
{
    (void)key, (void)file, (void)flags;
    return ERROR_PRIVILEGE_NOT_HELD;
}

LSTATUS WINAPI RegRestoreKeyA(HKEY key, LPCSTR file, DWORD flags)
{
    (void)key, (void)file, (void)flags;
    return ERROR_PRIVILEGE_NOT_HELD;
}

/* Impersonation's map of predefined keys: there is one user. */
LSTATUS WINAPI DisablePredefinedHandleTableInternal(HKEY key)
{
    (void)key;
    return ERROR_SUCCESS;
}

LSTATUS WINAPI RemapPredefinedHandleInternal(HKEY key, HKEY to)
{
    (void)to;
    return is_key(key) ? ERROR_SUCCESS : ERROR_INVALID_HANDLE;
}
