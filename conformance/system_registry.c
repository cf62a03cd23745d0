/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The registry, as programs ask it that can live without their keys: what is not there, and wrong questions.
 *
 * Sources: learn.microsoft.com RegOpenKeyEx, RegQueryValueEx, RegGetValue, RegEnumKeyEx, RegCloseKey; Wine's
 * advapi32/tests/registry.c, which passes on Windows.
 */
#include "conformance.h"

static void test_missing(void)
{
    static const HKEY roots[] = {HKEY_LOCAL_MACHINE, HKEY_CURRENT_USER, HKEY_CLASSES_ROOT, HKEY_USERS};
    char data[16];

    for (unsigned i = 0; i < ARRAYSIZE(roots); i++) {
        DWORD size = sizeof(data), type = 0xdeadbeef;
        HKEY key = (HKEY)(ULONG_PTR)0xdeadbeef;
        LONG error;

        error = RegOpenKeyExA(roots[i], "Software\\Decant\\is not here", 0, KEY_READ, &key);
        ok(error == ERROR_FILE_NOT_FOUND, "%u: RegOpenKeyEx: %ld", i, error);
        ok(!key || key == (HKEY)(ULONG_PTR)0xdeadbeef, "%u: key %p", i, key);
        error = RegOpenKeyExW(roots[i], L"Software\\Decant\\is not here", 0, KEY_QUERY_VALUE, &key);
        ok(error == ERROR_FILE_NOT_FOUND, "%u: RegOpenKeyExW: %ld", i, error);
        error = RegQueryValueExA(roots[i], "decant: no such value", NULL, &type, (BYTE *)data, &size);
        ok(error == ERROR_FILE_NOT_FOUND, "%u: RegQueryValueEx: %ld", i, error);
        size = sizeof(data);
        error = RegGetValueA(roots[i], "Software\\Decant\\is not here", "value", RRF_RT_ANY, NULL, data, &size);
        ok(error == ERROR_FILE_NOT_FOUND, "%u: RegGetValue: %ld", i, error);
        error = RegDeleteKeyA(roots[i], "Software\\Decant\\is not here");
        ok(error == ERROR_FILE_NOT_FOUND, "%u: RegDeleteKey: %ld", i, error);
    }
}

static void test_wrong(void)
{
    HKEY key = NULL;
    LONG error;

    error = RegOpenKeyExA((HKEY)(ULONG_PTR)0x12344, "Software", 0, KEY_READ, &key);
    ok(error == ERROR_INVALID_HANDLE, "bad root: %ld", error);
    error = RegCloseKey(NULL);
    ok(error == ERROR_INVALID_HANDLE, "closing NULL: %ld", error);
    error = RegCloseKey(HKEY_LOCAL_MACHINE);
    ok(error == ERROR_SUCCESS, "closing a root: %ld", error);
    error = RegQueryValueExA((HKEY)(ULONG_PTR)0x12344, "x", NULL, NULL, NULL, NULL);
    ok(error == ERROR_INVALID_HANDLE, "bad key: %ld", error);
}

/* A root can be opened by an empty name. */
static void test_roots(void)
{
    HKEY key = NULL;
    LONG error = RegOpenKeyExA(HKEY_CURRENT_USER, NULL, 0, KEY_READ, &key);

    ok(error == ERROR_SUCCESS && key, "%ld, key %p", error, key);
    if (key && !error)
        ok(RegCloseKey(key) == ERROR_SUCCESS, "closing");
    error = RegOpenKeyExA(HKEY_LOCAL_MACHINE, "", 0, KEY_READ, &key);
    ok(error == ERROR_SUCCESS && key, "%ld, key %p", error, key);
    if (key && !error)
        ok(RegCloseKey(key) == ERROR_SUCCESS, "closing");
}

CONFORMANCE("system: registry", test_missing, test_wrong, test_roots)
