/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The loader's own types and the seams between its files:
 *   ldr_init.c    process and thread start and end
 *   ldr_load.c    search, map, list, unload
 *   ldr_import.c  imports, exports, forwards, stubs for what is missing
 *   ldr_tls.c     static thread-local storage
 *   ldr_apiset.c  api-ms-win-* names
 *   ldr_api.c     the exported Ldr* functions
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
    struct module **dependencies;   /* those its imports hold a reference on */
    size_t dependency_count;
    bool is_pinned;                 /* part of the program's start: never unloaded */
    bool is_attached;               /* DllMain(DLL_PROCESS_ATTACH) succeeded */
    bool is_attaching;              /* on the stack of attach: breaks cycles */
    bool is_resolved;               /* imports are bound */
    bool skip_thread_calls;         /* DisableThreadLibraryCalls */
    LONG references;                /* loads + dependents */
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

/* kernel32's BaseThreadInitThunk, NULL until kernel32 is loaded. */
extern void *base_thread_start;

/* --- ldr_load.c --- */

/* Loads (or finds) a DLL by name or path, with all that it imports, without calling DllMain. One
 * reference is added. `importer` is for messages and the search order; NULL for LoadLibrary. */
NTSTATUS module_load(const WCHAR *load_path, const UNICODE_STRING *name, ULONG flags,
                     const struct module *importer, struct module **out);
/* Lists a mapped image; takes over the mapping. `full_name` is a DOS path, copied. */
NTSTATUS module_create(const struct decant_image *image, const WCHAR *full_name,
                       struct module **out);
/* Takes one reference away; at none, detaches and unmaps. */
void module_release(struct module *module);
struct module *module_from_base(const void *base);
struct module *module_from_address(const void *address);
/* By base name ("kernel32.dll", any case, extension optional as in GetModuleHandle) or full path. */
struct module *module_find(const UNICODE_STRING *name);
/* Calls DllMain(DLL_PROCESS_ATTACH) for the module and what it depends on, dependencies first. */
NTSTATUS module_attach(struct module *module, void *reserved);
void module_call_entry(struct module *module, ULONG reason, void *reserved);
/* Search path pieces set by SetDllDirectory and friends. */
extern UNICODE_STRING dll_directory;
extern ULONG default_dll_directories;

/* The library-load notifications of LdrRegisterDllNotification. */
void notify_modules(ULONG reason, const struct module *module);

/* --- ldr_import.c --- */

NTSTATUS module_resolve_imports(struct module *module);
/* An export's address by name or, with name NULL, by ordinal; NULL when there is none. Follows forwards
 * (which may load DLLs). */
void *module_export(struct module *module, const char *name, ULONG ordinal, int hint);
/* Checked access to an image's directory: NULL when absent or out of the image's bounds. */
void *module_directory(const struct module *module, unsigned index, ULONG *bytes);
/* A pointer to `bytes` bytes at an RVA, or NULL when these are not all inside the image. */
void *module_rva(const struct module *module, ULONG rva, SIZE_T bytes);
/* A NUL-terminated string at an RVA that ends inside the image, or NULL. */
const char *module_rva_string(const struct module *module, ULONG rva);
/* A function that raises EXCEPTION_WINE_STUB's kin with these names when it is called. */
void *missing_function_stub(const char *dll, const char *function);

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
