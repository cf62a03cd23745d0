/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Static thread-local storage (IMAGE_TLS_DIRECTORY; __declspec(thread), thread_local).
 *
 * Every thread has one vector of pointers, indexed by module; the TEB points to it. The vector has room for
 * TLS_SLOTS modules from the start, so a DLL that is loaded later only fills a slot and no other thread's
 * TEB is ever written. Vectors are kept in a list of our own: a thread that was terminated leaks its
 * vector, as on Windows, but leaves no dangling TEB behind.
 */
#include "ldr.h"

#define TLS_SLOTS 256

struct tls_vector {
    LIST_ENTRY link;
    void *slots[TLS_SLOTS];
};

static LIST_ENTRY vectors = {&vectors, &vectors};
static struct module *owners[TLS_SLOTS]; /* the module behind each index in use */

static const IMAGE_TLS_DIRECTORY *tls_directory(const struct module *module)
{
    return module_rva(module, module_directory_rva(module, IMAGE_DIRECTORY_ENTRY_TLS),
                      sizeof(IMAGE_TLS_DIRECTORY));
}

/* The addresses in the directory are virtual ones; they must lie inside the image. */
static bool is_inside(const struct module *module, ULONG64 address, SIZE_T bytes)
{
    ULONG64 base = (ULONG_PTR)module->entry.DllBase;

    return address >= base && address - base <= module->entry.SizeOfImage &&
           module->entry.SizeOfImage - (address - base) >= bytes;
}

static bool is_writable(const void *address, SIZE_T bytes)
{
    const ULONG writable =
        PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;
    MEMORY_BASIC_INFORMATION info;

    return !NtQueryVirtualMemory(NtCurrentProcess(), address, MemoryBasicInformation, &info,
                                 sizeof(info), NULL) &&
           info.State == MEM_COMMIT && info.Protect & writable &&
           (SIZE_T)((char *)info.BaseAddress + info.RegionSize - (const char *)address) >= bytes;
}

/* The callbacks that there are at load, up to the NULL, are the image's own functions. */
static bool callbacks_are_sound(const struct module *module, ULONG64 at)
{
    for (; at; at += sizeof(void *)) {
        const ULONG64 *callback = (const ULONG64 *)at;

        if (!is_inside(module, at, sizeof(*callback)) || !is_readable(callback, sizeof(*callback)))
            return false;
        if (!*callback)
            break;
        if (!is_inside(module, *callback, 1))
            return false;
    }
    return true;
}

static bool is_sound(const struct module *module, const IMAGE_TLS_DIRECTORY *directory)
{
    ULONG64 start = directory->StartAddressOfRawData, end = directory->EndAddressOfRawData;

    return end >= start &&
           (start == end || (is_inside(module, start, end - start) &&
                             is_readable((void *)start, end - start))) &&
           directory->SizeOfZeroFill < 0x40000000 &&
           is_inside(module, directory->AddressOfIndex, sizeof(DWORD)) &&
           is_writable((void *)directory->AddressOfIndex, sizeof(DWORD)) &&
           callbacks_are_sound(module, directory->AddressOfCallBacks);
}

static void *new_block(const IMAGE_TLS_DIRECTORY *directory)
{
    SIZE_T data = directory->EndAddressOfRawData - directory->StartAddressOfRawData;
    char *block = RtlAllocateHeap(process_heap(), 0, data + directory->SizeOfZeroFill + 16);

    if (block) {
        memcpy(block, (void *)directory->StartAddressOfRawData, data);
        memset(block + data, 0, directory->SizeOfZeroFill);
    }
    return block;
}

NTSTATUS tls_add_module(struct module *module)
{
    const IMAGE_TLS_DIRECTORY *directory = tls_directory(module);
    LIST_ENTRY *link;
    DWORD index = 0;

    if (!directory)
        return module_directory_rva(module, IMAGE_DIRECTORY_ENTRY_TLS) ? STATUS_INVALID_IMAGE_FORMAT
                                                                       : STATUS_SUCCESS;
    if (!is_sound(module, directory))
        return STATUS_INVALID_IMAGE_FORMAT;
    while (index < TLS_SLOTS && owners[index])
        index++;
    if (index == TLS_SLOTS)
        return STATUS_NO_MEMORY;
    for (link = vectors.Flink; link != &vectors; link = link->Flink) {
        struct tls_vector *vector = CONTAINING_RECORD(link, struct tls_vector, link);

        vector->slots[index] = new_block(directory);
        if (!vector->slots[index])
            return STATUS_NO_MEMORY;
    }
    owners[index] = module;
    module->entry.TlsIndex = -1;
    *(DWORD *)directory->AddressOfIndex = index;
    return STATUS_SUCCESS;
}

void tls_remove_module(struct module *module)
{
    LIST_ENTRY *link;

    for (DWORD index = 0; index < TLS_SLOTS; index++) {
        if (owners[index] != module)
            continue;
        owners[index] = NULL;
        for (link = vectors.Flink; link != &vectors; link = link->Flink) {
            struct tls_vector *vector = CONTAINING_RECORD(link, struct tls_vector, link);

            RtlFreeHeap(process_heap(), 0, vector->slots[index]);
            vector->slots[index] = NULL;
        }
    }
}

NTSTATUS tls_attach_thread(void)
{
    struct tls_vector *vector =
        RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(*vector));

    if (!vector)
        return STATUS_NO_MEMORY;
    for (DWORD index = 0; index < TLS_SLOTS; index++) {
        if (!owners[index])
            continue;
        vector->slots[index] = new_block(tls_directory(owners[index]));
        if (!vector->slots[index])
            return STATUS_NO_MEMORY;
    }
    InsertTailList(&vectors, &vector->link);
    NtCurrentTeb()->ThreadLocalStoragePointer = vector->slots;
    return STATUS_SUCCESS;
}

void tls_detach_thread(void)
{
    void *slots = NtCurrentTeb()->ThreadLocalStoragePointer;
    struct tls_vector *vector;

    if (!slots)
        return;
    vector = CONTAINING_RECORD(slots, struct tls_vector, slots);
    NtCurrentTeb()->ThreadLocalStoragePointer = NULL;
    RemoveEntryList(&vector->link);
    for (DWORD index = 0; index < TLS_SLOTS; index++)
        if (vector->slots[index])
            RtlFreeHeap(process_heap(), 0, vector->slots[index]);
    RtlFreeHeap(process_heap(), 0, vector);
}

void tls_call_callbacks(struct module *module, ULONG reason)
{
    const IMAGE_TLS_DIRECTORY *directory = tls_directory(module);
    const PIMAGE_TLS_CALLBACK *callback;

    if (!directory || !directory->AddressOfCallBacks)
        return;
    for (callback = (const PIMAGE_TLS_CALLBACK *)directory->AddressOfCallBacks;
         is_inside(module, (ULONG_PTR)callback, sizeof(*callback)) && *callback; callback++)
        (*callback)(module->entry.DllBase, reason, NULL);
}
