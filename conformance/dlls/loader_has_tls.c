/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Has static thread-local storage (initial data and zeroes behind it) and two callbacks.
 */
#include "loader_dll.h"

struct tls_block {
    int value;
    char text[28];
};

#define ZEROES 64

static const struct tls_block initial = {4711, "initial text"};
static DWORD tls_index = 0xdeadbeef;

LOADER_DLL_MAIN("tls")

static void WINAPI first_callback(void *module, DWORD reason, void *reserved)
{
    (void)module;
    loader_tell("tls callback 1", reason, reserved);
}

static void WINAPI second_callback(void *module, DWORD reason, void *reserved)
{
    (void)module;
    loader_tell("tls callback 2", reason, reserved);
}

static const PIMAGE_TLS_CALLBACK callbacks[] = {first_callback, second_callback, NULL};

/* The linker makes the directory of what has this name. */
extern const IMAGE_TLS_DIRECTORY64 _tls_used;
const IMAGE_TLS_DIRECTORY64 _tls_used = {
    .StartAddressOfRawData = (ULONG_PTR)&initial,
    .EndAddressOfRawData = (ULONG_PTR)(&initial + 1),
    .AddressOfIndex = (ULONG_PTR)&tls_index,
    .AddressOfCallBacks = (ULONG_PTR)callbacks,
    .SizeOfZeroFill = ZEROES,
};

/* The calling thread's block, NULL where it has none. */
void *tls_block(void);
DWORD tls_index_value(void);

void *tls_block(void)
{
    void **blocks = *(void ***)((char *)NtCurrentTeb() + 0x58); /* ThreadLocalStoragePointer */

    return blocks ? blocks[tls_index] : NULL;
}

DWORD tls_index_value(void)
{
    return tls_index;
}
