/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The loader's own types and the seams between its files:
 *   ldr_init.c    process and thread start and end
 *   ldr_load.c    search, map, list
 *   ldr_unload.c  references and what is left without any
 *   ldr_image.c   checked access to what a mapped image holds
 *   ldr_import.c  imports, exports, forwards, stubs for what is missing
 *   ldr_tls.c     static thread-local storage
 *   ldr_apiset.c  api-ms-win-* names
 *   ldr_api.c     the exported Ldr* functions
 *   ldr_path.c    search folders and paths
 *   ldr_notify.c  who is told of loads and unloads
 *   ldr_resource.c  resources
 *
 * Everything here runs under the loader lock.
 */
#ifndef DECANT_NTDLL_LDR_H
#define DECANT_NTDLL_LDR_H

#include "ntdll.h"

/* A loaded module. The entry comes first: it is what the PEB's lists and other programs see. */
struct module {
    LDR_DATA_TABLE_ENTRY entry;
    LDR_DDAG_NODE ddag;
    struct module **dependencies;   /* what it imports from or has forwarded to */
    size_t dependency_count;
    LONG references;                /* LoadLibrary calls, and loads under way */
    bool is_pinned;                 /* never unloaded: the program's start, or PIN was asked for */
    bool is_attached;               /* DllMain(DLL_PROCESS_ATTACH) succeeded */
    bool is_attaching;              /* on the stack of attach: breaks cycles */
    bool is_resolved;               /* imports are bound */
    bool is_announced;              /* its load was notified, so its unload will be */
    bool is_marked;                 /* ldr_unload.c: something needs it */
    bool has_unreadable_parts;      /* holes, or sections without the right to read */
    bool skip_thread_calls;         /* DisableThreadLibraryCalls */
};

extern RTL_CRITICAL_SECTION loader_lock;
extern bool process_is_exiting;

static inline void lock_loader(void)
{
    RtlEnterCriticalSection(&loader_lock);
}

static inline void unlock_loader(void)
{
    RtlLeaveCriticalSection(&loader_lock);
}

/* --- ldr_init.c, thread_start.c --- */

/* The program's start: true until its entry point is about to be called, while whatever cannot be loaded ends
 * it. The first reason is told in one line. */
extern bool is_starting;
void report_start_failure(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* kernel32's BaseThreadInitThunk, NULL until kernel32 is loaded. */
extern void *base_thread_start;

/* --- ldr_load.c --- */

/* Loads (or finds) a DLL by name or path, with all that it imports, without calling DllMain. One
 * reference is added. `load_path` is a list of folders like PATH, for it and for what it imports; NULL for
 * the standard one. `importer` is for messages; NULL for LoadLibrary. */
NTSTATUS module_load(const WCHAR *load_path, const UNICODE_STRING *name, ULONG flags,
                     const struct module *importer, struct module **out);
/* Lists a mapped image; takes over the mapping. `full_name` is a DOS path, copied. */
NTSTATUS module_create(const struct decant_image *image, const WCHAR *full_name,
                       struct module **out);
struct module *module_from_base(const void *base);
struct module *module_from_address(const void *address);
/* By base name ("kernel32.dll", any case, extension optional as in GetModuleHandle) or full path. */
struct module *module_find(const UNICODE_STRING *name);
/* Calls DllMain(DLL_PROCESS_ATTACH) for the module and what it depends on, dependencies first. */
NTSTATUS module_attach(struct module *module, void *reserved);
void module_call_entry(struct module *module, ULONG reason, void *reserved);

/* --- ldr_unload.c --- */

void module_add_reference(struct module *module);
/* Takes one reference away; what nothing needs any more is detached and unmapped. */
void module_release(struct module *module);
void module_pin(struct module *module);
/* `target` stays loaded as long as `module` does. */
NTSTATUS module_add_dependency(struct module *module, struct module *target);

/* --- ldr_path.c --- */

/* The folders of a load with these LOAD_LIBRARY_* flags, separated by semicolons; to be freed.
 * `dll` is the name that was given, for its own folder. */
NTSTATUS load_path_create(const WCHAR *dll, ULONG flags, WCHAR **path);
bool has_folder(const UNICODE_STRING *name);

/* --- ldr_notify.c --- */

/* The library-load notifications of LdrRegisterDllNotification. */
void notify_modules(ULONG reason, const struct module *module);

/* --- ldr_import.c --- */

NTSTATUS module_resolve_imports(struct module *module, const WCHAR *load_path);
/* An export's address by name or, with name NULL, by ordinal; NULL when there is none. Follows forwards
 * (which may load DLLs). */
void *module_export(struct module *module, const char *name, ULONG ordinal, int hint);
/* A function that raises EXCEPTION_WINE_STUB's kin with these names when it is called. */
void *missing_function_stub(const char *dll, const char *function);

/* --- ldr_image.c --- */

/* Checked access to an image's directory: NULL when absent, out of the image's bounds or unreadable. */
void *module_directory(const struct module *module, unsigned index, ULONG *bytes);
/* Where a directory says that it begins, 0 when absent: for those whose size linkers get wrong. */
ULONG module_directory_rva(const struct module *module, unsigned index);
/* A pointer to `bytes` bytes at an RVA, or NULL when these are not all inside the image and readable. */
void *module_rva(const struct module *module, ULONG rva, SIZE_T bytes);
/* A NUL-terminated string at an RVA that ends inside the image, or NULL. */
const char *module_rva_string(const struct module *module, ULONG rva);
/* Whether all of it is committed and may be read; asks the system. */
bool is_readable(const void *address, SIZE_T bytes);
/* Fills module->has_unreadable_parts. */
void module_examine(struct module *module);

/* --- ldr_tls.c --- */

NTSTATUS tls_add_module(struct module *module);     /* all threads get the module's block */
void tls_remove_module(struct module *module);
NTSTATUS tls_attach_thread(void);
void tls_detach_thread(void);
void tls_call_callbacks(struct module *module, ULONG reason);

/* --- ldr_apiset.c --- */

/* The DLL that an API set name (with or without ".dll") stands for, NULL if it is none. */
const WCHAR *apiset_host(const WCHAR *name, size_t length);

#endif
