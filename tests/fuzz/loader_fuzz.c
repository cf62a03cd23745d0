/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Loads mutants of a DLL with the loader of the host that it runs on, and uses all that the loader reads of them:
 * imports, exports, forwards, static TLS, resources, function tables. Whatever is wrong with a mutant must come
 * out as an error. The mutants have no entry point, so that hardly any of their own code runs; where it
 * does (TLS callbacks), a fault in it is the mutant's own.
 *
 *     loader_fuzz.exe DLL FIRST COUNT
 *
 * Exit codes: 0 all survived; 1 a fault in the loader; 2 wrong usage; 3 the mutant's own code faulted: the last line
 * says "next N", from where to go on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#include "mutate_image.h"

#define MAX_BYTES (1u << 20)
/* The exception of a stub for an import that nobody provides. */
#define MISSING_FUNCTION 0x80000100

static unsigned long current;
static HMODULE mapped;

/* The system DLL whose code an address is, NULL for none: the loader's faults are in those. */
static const char *systems(const void *address, size_t *offset)
{
    static const char *const names[] = {"ntdll.dll", "kernelbase.dll", "kernel32.dll", "msvcrt.dll"};
    MEMORY_BASIC_INFORMATION info;

    if (!VirtualQuery(address, &info, sizeof(info)))
        return NULL;
    for (int i = 0; i < 4; i++) {
        if (info.AllocationBase != (void *)GetModuleHandleA(names[i]))
            continue;
        *offset = (size_t)((const char *)address - (const char *)info.AllocationBase);
        return names[i];
    }
    return NULL;
}

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *info)
{
    const EXCEPTION_RECORD *record = info->ExceptionRecord;
    const char *system;
    size_t offset = 0;

    system = record->ExceptionCode == MISSING_FUNCTION
                 ? NULL
                 : systems(record->ExceptionAddress, &offset);
    if (system) {
        printf("mutant %lu: exception %lx at %s+0x%llx, mutant at %p, address %llx\n", current,
               record->ExceptionCode, system, (unsigned long long)offset, mapped,
               (unsigned long long)record->ExceptionInformation[1]);
        fflush(stdout);
        TerminateProcess(GetCurrentProcess(), 1);
    }
    printf("mutant %lu: its own code faulted\nnext %lu\n", current, current + 1);
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), 3);
    return EXCEPTION_CONTINUE_SEARCH;
}

static BOOL CALLBACK on_language(HMODULE module, LPCWSTR type, LPCWSTR name, WORD language,
                                 LONG_PTR argument)
{
    HRSRC resource = FindResourceExW(module, type, name, language);

    (void)argument;
    if (resource && SizeofResource(module, resource) < 0x1000000)
        LoadResource(module, resource);
    return TRUE;
}

static BOOL CALLBACK on_name(HMODULE module, LPCWSTR type, LPWSTR name, LONG_PTR argument)
{
    EnumResourceLanguagesW(module, type, name, on_language, 0);
    return ++*(int *)argument < 50;
}

static BOOL CALLBACK on_type(HMODULE module, LPWSTR type, LONG_PTR argument)
{
    int names = 0;

    EnumResourceNamesW(module, type, on_name, (LONG_PTR)&names);
    return ++*(int *)argument < 50;
}

static void use_resources(HMODULE module)
{
    INT(WINAPI * load_string)(HINSTANCE, UINT, LPWSTR, INT) =
        (void *)GetProcAddress(GetModuleHandleW(L"kernelbase.dll"), "LoadStringW");
    WCHAR text[64];
    int types = 0;

    EnumResourceTypesW(module, on_type, (LONG_PTR)&types);
    FindResourceW(module, L"NAMED", (LPCWSTR)RT_RCDATA);
    FindResourceW(module, MAKEINTRESOURCEW(1), (LPCWSTR)RT_VERSION);
    for (UINT id = 0; load_string && id < 20; id++)
        load_string(module, id, text, 64);
}

static void use(HMODULE module, const char *path)
{
    static const char *const names[] = {"leaf_value", "mid_forward", "mid_to_ordinal",
                                        "mid_apiset", "mid_broken",  "top_chain",
                                        "cycle_a",    "tls_block",   "no such"};
    DWORD64 base;
    HMODULE data;

    mapped = module;
    if (module) {
        WCHAR name[MAX_PATH];

        for (int i = 0; i < 9; i++)
            GetProcAddress(module, names[i]);
        for (int i = 1; i < 12; i++)
            GetProcAddress(module, MAKEINTRESOURCEA(i));
        for (DWORD at = 0; at < 0x6000; at += 0x321)
            RtlLookupFunctionEntry((DWORD64)module + at, &base, NULL);
        GetModuleFileNameW(module, name, MAX_PATH);
        use_resources(module);
        FreeLibrary(module);
    }
    data = LoadLibraryExA(path, NULL, LOAD_LIBRARY_AS_DATAFILE);
    if (data) {
        use_resources(data);
        FreeLibrary(data);
    }
    data = LoadLibraryExA(path, NULL, LOAD_LIBRARY_AS_IMAGE_RESOURCE);
    if (data) {
        use_resources(data);
        FreeLibrary(data);
    }
    mapped = NULL;
}

static BOOL write_file(const char *path, const void *data, DWORD bytes)
{
    HANDLE file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD written = 0;

    if (file == INVALID_HANDLE_VALUE)
        return FALSE;
    WriteFile(file, data, bytes, &written, NULL);
    CloseHandle(file);
    return written == bytes;
}

int main(int argc, char **argv)
{
    uint8_t *sound = malloc(MAX_BYTES), *mutant = malloc(MAX_BYTES);
    struct mutate_map map;
    char path[MAX_PATH + 32] = "", here[MAX_PATH], folder[MAX_PATH], *slash;
    unsigned long first, count, loaded = 0;
    DWORD bytes = 0, length;
    HANDLE file;

    if (argc != 4 || strlen(argv[1]) >= MAX_PATH)
        return 2;
    file = CreateFileA(argv[1], GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE || !ReadFile(file, sound, MAX_BYTES, &bytes, NULL) ||
        !mutate_find(sound, bytes, &map)) {
        printf("%s: no image that can be mutated\n", argv[1]);
        return 2;
    }
    CloseHandle(file);
    first = strtoul(argv[2], NULL, 0);
    count = strtoul(argv[3], NULL, 0);
    AddVectoredExceptionHandler(1, on_exception);
    GetCurrentDirectoryA(sizeof(here), here);
    strcpy(folder, argv[1]);
    slash = strrchr(folder, '\\') ? strrchr(folder, '\\') : strrchr(folder, '/');
    if (slash)
        *slash = 0;
    SetDllDirectoryA(folder); /* what the DLL imports is beside it */
    for (current = first; current < first + count; current++) {
        HMODULE module;

        memcpy(mutant, sound, bytes);
        mutate_set(mutant, bytes, map.optional + 16, 0, 4); /* AddressOfEntryPoint */
        length = mutate_image(mutant, bytes, &map, current);
        /* Most names are used once; what stays loaded does not hide the next one. */
        sprintf(path, "%s\\mutant%lu.dll", here, current % 1000);
        if (!write_file(path, mutant, length)) {
            printf("%s: error %lu\n", path, GetLastError());
            return 1;
        }
        module = LoadLibraryA(path);
        loaded += module != NULL;
        use(module, path);
        DeleteFileA(path);
    }
    printf("%lu of %lu mutants were loaded\n", loaded, count);
    return 0;
}
