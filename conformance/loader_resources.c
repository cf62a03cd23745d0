/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Resources of a loaded DLL, of a data file and of an image resource: finding by number, name and language,
 * sizes, enumeration, strings, version information.
 *
 * Sources: [F] Microsoft's pages on FindResourceExW ("the language identifier … neutral means the current
 * language"), [S] SizeofResource, [E] EnumResource*, [T] LoadStringW, [V] GetFileVersionInfoW; [W] Wine's
 * dlls/kernel32/tests/resource.c. The resources are those of dlls/loader_has_resources.rc.
 */
#include "loader.h"

static HMODULE module;

static const char *text_of(HRSRC resource, DWORD *bytes)
{
    *bytes = SizeofResource(module, resource);
    return resource ? LockResource(LoadResource(module, resource)) : NULL;
}

static void test_find(void)
{
    const WORD german = MAKELANGID(LANG_GERMAN, SUBLANG_GERMAN);
    const WORD english = MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US);
    DWORD bytes;
    const char *text;
    HRSRC resource;

    text = text_of(FindResourceExW(module, (LPCWSTR)RT_RCDATA, MAKEINTRESOURCEW(7), english),
                   &bytes);
    ok(text && bytes == 16 && !memcmp(text, "seven by number", 16), "%lu bytes", bytes);
    text = text_of(FindResourceExW(module, (LPCWSTR)RT_RCDATA, MAKEINTRESOURCEW(7), german),
                   &bytes);
    ok(text && bytes == 7 && !memcmp(text, "sieben", 7), "German: %lu bytes", bytes);
    text = text_of(FindResourceW(module, L"#7", (LPCWSTR)RT_RCDATA), &bytes);
    ok(text != NULL, "a number as text: error %lu", GetLastError());
    text = text_of(FindResourceW(module, L"named", (LPCWSTR)RT_RCDATA), &bytes);
    ok(text && bytes == 6 && !memcmp(text, "named", 6), "by name: %lu bytes", bytes);
    resource = FindResourceA(module, "NaMeD", (LPCSTR)RT_RCDATA);
    ok(resource != NULL, "by name in another case: error %lu", GetLastError());
    text = text_of(FindResourceW(module, L"BLOB", L"LOADERTYPE"), &bytes);
    ok(text && bytes == 6 && !memcmp(text, "\x11\x11\x22\x22\x33\x33", 6),
       "a type of its own: %lu bytes", bytes);

    SetLastError(0xdeadbeef);
    ok(!FindResourceW(module, MAKEINTRESOURCEW(8), (LPCWSTR)RT_RCDATA) &&
           GetLastError() == ERROR_RESOURCE_NAME_NOT_FOUND,
       "no such number: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!FindResourceW(module, MAKEINTRESOURCEW(7), L"NOSUCHTYPE") &&
           GetLastError() == ERROR_RESOURCE_TYPE_NOT_FOUND,
       "no such type: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!FindResourceExW(module, L"LOADERTYPE", L"BLOB", MAKELANGID(LANG_JAPANESE, 1)) ||
           GetLastError() == 0xdeadbeef,
       "another language: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!FindResourceW(GetModuleHandleW(L"loader_leaf.dll"), MAKEINTRESOURCEW(7),
                      (LPCWSTR)RT_RCDATA) &&
           GetLastError() == ERROR_RESOURCE_DATA_NOT_FOUND,
       "a module without resources: error %lu", GetLastError());
}

/* --- Enumeration --- */

static int types, names, languages, stop_after;
static BOOL saw_own_type, saw_rcdata, saw_name, saw_number, saw_german;

static BOOL CALLBACK on_type(HMODULE m, LPWSTR type, LONG_PTR argument)
{
    ok(m == module && argument == 0x1234, "module %p, argument %llx", m, (long long)argument);
    if (!IS_INTRESOURCE(type))
        saw_own_type |= !wcscmp(type, L"LOADERTYPE");
    else
        saw_rcdata |= type == (LPWSTR)RT_RCDATA;
    return ++types != stop_after;
}

static BOOL CALLBACK on_name(HMODULE m, LPCWSTR type, LPWSTR name, LONG_PTR argument)
{
    (void)argument;
    ok(m == module && type == (LPCWSTR)RT_RCDATA, "module %p, type %p", m, type);
    if (IS_INTRESOURCE(name))
        saw_number |= name == MAKEINTRESOURCEW(7);
    else
        saw_name |= !wcscmp(name, L"NAMED");
    names++;
    return TRUE;
}

static BOOL CALLBACK on_language(HMODULE m, LPCWSTR type, LPCWSTR name, WORD language,
                                 LONG_PTR argument)
{
    (void)m, (void)argument;
    ok(type == (LPCWSTR)RT_RCDATA && name == MAKEINTRESOURCEW(7), "type %p, name %p", type, name);
    saw_german |= language == MAKELANGID(LANG_GERMAN, SUBLANG_GERMAN);
    languages++;
    return TRUE;
}

static void test_enumerate(void)
{
    types = names = languages = stop_after = 0;
    saw_own_type = saw_rcdata = saw_name = saw_number = saw_german = FALSE;
    ok(EnumResourceTypesW(module, on_type, 0x1234), "error %lu", GetLastError());
    ok(types == 4 && saw_own_type && saw_rcdata, "%d types", types);
    ok(EnumResourceNamesW(module, (LPCWSTR)RT_RCDATA, on_name, 0), "error %lu", GetLastError());
    ok(names == 2 && saw_name && saw_number, "%d names", names);
    ok(EnumResourceLanguagesW(module, (LPCWSTR)RT_RCDATA, MAKEINTRESOURCEW(7), on_language, 0),
       "error %lu", GetLastError());
    ok(languages == 2 && saw_german, "%d languages", languages);
    types = 0;
    stop_after = 2;
    EnumResourceTypesW(module, on_type, 0x1234);
    ok(types == 2, "%d types after the callback said stop", types);
    SetLastError(0xdeadbeef);
    ok(!EnumResourceNamesW(module, L"NOSUCHTYPE", on_name, 0) &&
           GetLastError() == ERROR_RESOURCE_TYPE_NOT_FOUND,
       "names of no type: error %lu", GetLastError());
}

/* --- Strings and versions --- */

static void test_strings(void)
{
    INT(WINAPI * load_string)(HINSTANCE, UINT, LPWSTR, INT) =
        (void *)GetProcAddress(LoadLibraryW(L"kernelbase.dll"), "LoadStringW");
    WCHAR buffer[64];
    const WCHAR *inside = NULL;
    int length;

    if (!load_string) { /* user32 has it everywhere, kernelbase since Windows 8 */
        skip("kernelbase has no LoadStringW");
        return;
    }
    length = load_string(module, 1, buffer, 64);
    ok(length == 3 && !wcscmp(buffer, L"one"), "%d: %ls", length, buffer);
    length = load_string(module, 15, buffer, 64);
    ok(length == 7 && !wcscmp(buffer, L"fifteen"), "%d: %ls", length, buffer);
    length = load_string(module, 16, buffer, 64);
    ok(length == 26 && !wcscmp(buffer, L"sixteen, in the next block"), "%d: %ls", length, buffer);
    length = load_string(module, 300, buffer, 64);
    ok(length == 14 && buffer[13] == 0xe4, "%d: %x", length, buffer[13]);
    memset(buffer, 0xcc, sizeof(buffer));
    length = load_string(module, 15, buffer, 4);
    ok(length == 3 && !wcscmp(buffer, L"fif") && buffer[4] == 0xcccc, "cut: %d", length);
    /* [T]: with room 0 the answer is a pointer to the resource itself. */
    length = load_string(module, 16, (WCHAR *)&inside, 0);
    ok(length == 26 && inside && !wcsncmp(inside, L"sixteen", 7), "%d: %p", length, inside);
    buffer[0] = '*';
    length = load_string(module, 2, buffer, 64);
    ok(length == 0, "a string that is not there, of a block that is: %d", length);
    length = load_string(module, 5000, buffer, 64);
    ok(length == 0, "a block that is not there: %d", length);
}

static void test_version(void)
{
    HMODULE version = LoadLibraryW(L"version.dll");
    DWORD(WINAPI * size)(LPCWSTR, DWORD *) = (void *)GetProcAddress(version, "GetFileVersionInfoSizeW");
    BOOL(WINAPI * get)(LPCWSTR, DWORD, DWORD, void *) =
        (void *)GetProcAddress(version, "GetFileVersionInfoW");
    BOOL(WINAPI * query)(const void *, LPCWSTR, void **, UINT *) =
        (void *)GetProcAddress(version, "VerQueryValueW");
    VS_FIXEDFILEINFO *fixed = NULL;
    const WCHAR *path = beside(L"loader_has_resources.dll");
    WCHAR *text = NULL;
    DWORD handle = 0xdeadbeef, bytes;
    UINT length = 0;
    void *data;

    ok(size && get && query, "version.dll %p lacks functions", version);
    bytes = size(path, &handle);
    ok(bytes > sizeof(*fixed) && !handle, "%lu bytes, handle %lx, error %lu", bytes, handle,
       GetLastError());
    data = calloc(1, bytes + 1);
    ok(get(path, 0, bytes, data), "error %lu", GetLastError());
    ok(query(data, L"\\", (void **)&fixed, &length) && length == sizeof(*fixed), "length %u",
       length);
    ok(fixed && fixed->dwSignature == 0xfeef04bd && fixed->dwFileVersionMS == 0x10002 &&
           fixed->dwFileVersionLS == 0x30004 && fixed->dwProductVersionMS == 0x50006,
       "version %lx %lx", fixed ? fixed->dwFileVersionMS : 0, fixed ? fixed->dwFileVersionLS : 0);
    ok(query(data, L"\\StringFileInfo\\040904b0\\FileDescription", (void **)&text, &length) &&
           !wcscmp(text, L"Resources of the loader tests"),
       "description %ls", text);
    free(data);
    SetLastError(0xdeadbeef);
    ok(!size(beside(L"loader_leaf.dll"), &handle) &&
           (GetLastError() == ERROR_RESOURCE_TYPE_NOT_FOUND ||
            GetLastError() == ERROR_RESOURCE_DATA_NOT_FOUND),
       "a file without: error %lu", GetLastError());
    FreeLibrary(version);
}

static void test_loaded(void)
{
    HMODULE leaf = LoadLibraryW(L"loader_leaf.dll");

    module = LoadLibraryW(L"loader_has_resources.dll");
    ok(module != NULL, "error %lu", GetLastError());
    test_find();
    test_enumerate();
    test_strings();
    FreeLibrary(module);
    FreeLibrary(leaf);
}

static void test_data_file(void)
{
    HMODULE leaf = LoadLibraryW(L"loader_leaf.dll");

    module = LoadLibraryExW(beside(L"loader_has_resources.dll"), NULL, LOAD_LIBRARY_AS_DATAFILE);
    ok((ULONG_PTR)module & 1, "module %p, error %lu", module, GetLastError());
    test_find();
    test_enumerate();
    test_strings();
    FreeLibrary(module);
    FreeLibrary(leaf);
}

static void test_image_resource(void)
{
    HMODULE leaf = LoadLibraryW(L"loader_leaf.dll");

    module = LoadLibraryExW(beside(L"loader_has_resources.dll"), NULL,
                            LOAD_LIBRARY_AS_IMAGE_RESOURCE);
    ok((ULONG_PTR)module & 2, "module %p, error %lu", module, GetLastError());
    test_find();
    test_enumerate();
    test_strings();
    FreeLibrary(module);
    FreeLibrary(leaf);
}

CONFORMANCE("loader: resources", test_loaded, test_data_file, test_image_resource, test_version)
