/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How long a module stays. It is needed while it is pinned, while LoadLibrary calls on it are open, and
 * while a needed module imports from it or has forwarded an export to it. Whatever is not needed when a
 * reference goes is detached, the last initialised first, and unmapped: so modules that import each other go
 * together, as on Windows.
 */
#include "ldr.h"

static bool is_collecting;

static LIST_ENTRY *load_order(void)
{
    return &current_peb()->LdrData->InLoadOrderModuleList;
}

static struct module *module_from_link(LIST_ENTRY *link)
{
    return CONTAINING_RECORD(link, struct module, entry.InLoadOrderLinks);
}

/* What other programs see of the count. */
static void show_count(struct module *module)
{
    module->entry.LoadCount = module->is_pinned ? -1 : (SHORT)module->references;
    module->ddag.LoadCount = module->is_pinned ? ~0u : (ULONG)module->references;
}

void module_add_reference(struct module *module)
{
    module->references++;
    show_count(module);
}

void module_pin(struct module *module)
{
    module->is_pinned = true;
    show_count(module);
}

NTSTATUS module_add_dependency(struct module *module, struct module *target)
{
    SIZE_T bytes = (module->dependency_count + 1) * sizeof(*module->dependencies);
    struct module **grown;

    if (module == target)
        return STATUS_SUCCESS;
    for (size_t i = 0; i < module->dependency_count; i++)
        if (module->dependencies[i] == target)
            return STATUS_SUCCESS;
    grown = module->dependencies
                ? RtlReAllocateHeap(process_heap(), 0, module->dependencies, bytes)
                : RtlAllocateHeap(process_heap(), 0, bytes);
    if (!grown)
        return STATUS_NO_MEMORY;
    module->dependencies = grown;
    grown[module->dependency_count++] = target;
    return STATUS_SUCCESS;
}

/* The depth is bounded by the number of modules: each is entered once. */
static void mark(struct module *module)
{
    if (module->is_marked)
        return;
    module->is_marked = true;
    for (size_t i = 0; i < module->dependency_count; i++)
        mark(module->dependencies[i]);
}

static void mark_needed(void)
{
    LIST_ENTRY *link;

    for (link = load_order()->Flink; link != load_order(); link = link->Flink)
        module_from_link(link)->is_marked = false;
    for (link = load_order()->Flink; link != load_order(); link = link->Flink)
        if (module_from_link(link)->is_pinned || module_from_link(link)->references > 0)
            mark(module_from_link(link));
}

static struct module *last_attached_unneeded(void)
{
    LIST_ENTRY *list = &current_peb()->LdrData->InInitializationOrderModuleList;

    for (LIST_ENTRY *link = list->Blink; link != list; link = link->Blink) {
        struct module *module =
            CONTAINING_RECORD(link, struct module, entry.InInitializationOrderLinks);

        if (module->is_attached && !module->is_marked)
            return module;
    }
    return NULL;
}

static void detach(struct module *module)
{
    module->is_attached = false;
    module->entry.Flags |= LDR_UNLOAD_IN_PROGRESS;
    module_call_entry(module, DLL_PROCESS_DETACH, NULL);
    module->entry.Flags &= ~(ULONG)(LDR_UNLOAD_IN_PROGRESS | LDR_PROCESS_ATTACHED);
    RemoveEntryList(&module->entry.InInitializationOrderLinks);
    InitializeListHead(&module->entry.InInitializationOrderLinks);
}

static void destroy(struct module *module)
{
    if (module->is_announced)
        notify_modules(LDR_DLL_NOTIFICATION_REASON_UNLOADED, module);
    tls_remove_module(module);
    RemoveEntryList(&module->entry.InLoadOrderLinks);
    RemoveEntryList(&module->entry.InMemoryOrderLinks);
    RemoveEntryList(&module->entry.InInitializationOrderLinks);
    function_table_remove_image(module->entry.DllBase);
    NtUnmapViewOfSection(NtCurrentProcess(), module->entry.DllBase);
    RtlFreeHeap(process_heap(), 0, module->entry.FullDllName.Buffer);
    if (module->dependencies)
        RtlFreeHeap(process_heap(), 0, module->dependencies);
    RtlFreeHeap(process_heap(), 0, module);
}

/* A DllMain may load and free modules itself; so what is needed is asked anew after each of them. Frees
 * inside are left to the outermost call. */
static void collect(void)
{
    struct module *module;
    LIST_ENTRY *link, *next;

    if (is_collecting)
        return;
    is_collecting = true;
    for (mark_needed(); (module = last_attached_unneeded()); mark_needed())
        detach(module);
    for (link = load_order()->Flink; link != load_order(); link = next) {
        next = link->Flink;
        module = module_from_link(link);
        if (!module->is_marked)
            destroy(module);
    }
    is_collecting = false;
}

void module_release(struct module *module)
{
    if (module->references > 0)
        module->references--;
    show_count(module);
    if (!module->references && !module->is_pinned)
        collect();
}
