/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * ws2_32.dll on a machine whose network is down: WSAStartup succeeds, as it does on every Windows machine, and all calls
 * that need a network answer WSAENETDOWN. Many programs start up sockets and never open one: Go's runtime reads no file
 * when WSAStartup fails. Sockets are not done.
 * In ws2_32.def each refused function names one of the three refusals below; on x86-64 a caller's arguments
 * need not be known to be ignored.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winbase.h"
#include "winternl.h"

#define WSA_NONE 0xffffffffu /* INADDR_NONE */

/* winsock2.h's fd_set; its declarations would clash with definitions by other types. */
struct fd_set_64 {
    UINT count;
    UINT_PTR sockets[64];
};

/* WSADATA of 64-bit programs (winsock2.h). */
struct wsa_data {
    WORD version, highest_version;
    USHORT max_sockets, max_datagram;
    char *vendor;
    char description[257], status[129];
};

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved);
UINT_PTR WINAPI ws_refuse(void);
void *WINAPI ws_refuse_null(void);
int WINAPI ws_refuse_code(void);
int WINAPI ws_startup(WORD version, struct wsa_data *data);
int WINAPI ws_cleanup(void);
int WINAPI ws_is_set(UINT_PTR socket, const struct fd_set_64 *set);
ULONG WINAPI ws_swap_long(ULONG value);
USHORT WINAPI ws_swap_short(USHORT value);
ULONG WINAPI ws_inet_addr(const char *text);
void WINAPI ws_nothing(void *unused);

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        LdrDisableThreadCalloutsForDll(instance);
    return TRUE;
}

/* --- Starting --- */

static volatile LONG startups;

int WINAPI ws_startup(WORD version, struct wsa_data *data)
{
    if (!LOBYTE(version))
        return WSAVERNOTSUPPORTED;
    if (!data)
        return WSAEFAULT;
    memset(data, 0, sizeof(*data));
    /* What was asked for, up to what there is; 2.2 is the highest of all (documented). */
    data->version = LOBYTE(version) > 2 || (LOBYTE(version) == 2 && HIBYTE(version) > 2)
                        ? MAKEWORD(2, 2)
                        : version;
    data->highest_version = MAKEWORD(2, 2);
    memcpy(data->description, "WinSock 2.0", 12);
    memcpy(data->status, "Running", 8);
    __atomic_fetch_add(&startups, 1, __ATOMIC_RELAXED);
    return 0;
}

int WINAPI ws_cleanup(void)
{
    LONG before = __atomic_load_n(&startups, __ATOMIC_RELAXED);

    while (before && !__atomic_compare_exchange_n(&startups, &before, before - 1, false,
                                                  __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
    if (before)
        return 0;
    SetLastError(WSANOTINITIALISED);
    return -1;
}

static int refusal(void)
{
    return startups ? WSAENETDOWN : WSANOTINITIALISED;
}

/* --- Refusals --- */

/* SOCKET_ERROR and INVALID_SOCKET are both -1. */
UINT_PTR WINAPI ws_refuse(void)
{
    SetLastError((DWORD)refusal());
    return ~(UINT_PTR)0;
}

void *WINAPI ws_refuse_null(void)
{
    SetLastError((DWORD)refusal());
    return NULL;
}

/* Functions whose result is the error itself (getaddrinfo). */
int WINAPI ws_refuse_code(void)
{
    SetLastError((DWORD)refusal());
    return refusal();
}

/* What frees a result that was never handed out. */
void WINAPI ws_nothing(void *unused)
{
    (void)unused;
}

/* --- What needs no network --- */

int WINAPI ws_is_set(UINT_PTR socket, const struct fd_set_64 *set)
{
    for (UINT i = 0; i < set->count; i++)
        if (set->sockets[i] == socket)
            return TRUE;
    return FALSE;
}

ULONG WINAPI ws_swap_long(ULONG value)
{
    return __builtin_bswap32(value);
}

USHORT WINAPI ws_swap_short(USHORT value)
{
    return __builtin_bswap16(value);
}

/* One number of a dotted address: decimal, 0 octal, 0x hexadecimal. */
static bool parse_part(const char **text, ULONG *value)
{
    ULONG base = 10;
    const char *p = *text, *start;

    if (*p == '0') {
        base = 8;
        if ((p[1] | 32) == 'x') {
            base = 16;
            p += 2;
        }
    }
    *value = 0;
    for (start = p;; p++) {
        ULONG digit = *p >= '0' && *p <= '9'                   ? (ULONG)(*p - '0')
                      : (*p | 32) >= 'a' && (*p | 32) <= 'f' ? (ULONG)((*p | 32) - 'a' + 10)
                                                               : 16;

        if (digit >= base)
            break;
        *value = *value * base + digit;
    }
    if (p == start)
        return false;
    *text = p;
    return true;
}

/* a, a.b, a.b.c or a.b.c.d; the last part fills what the others leave (documented). */
ULONG WINAPI ws_inet_addr(const char *text)
{
    ULONG parts[4], result = 0;
    int count = 0;

    if (!text || !*text)
        return WSA_NONE;
    for (;;) {
        if (count == 4 || !parse_part(&text, &parts[count]))
            return WSA_NONE;
        count++;
        if (*text != '.')
            break;
        text++;
    }
    if (*text && *text != ' ')
        return WSA_NONE;
    for (int i = 0; i < count - 1; i++) {
        if (parts[i] > 255)
            return WSA_NONE;
        result |= parts[i] << (24 - 8 * i);
    }
    if (count > 1 && parts[count - 1] >> (32 - 8 * (count - 1)))
        return WSA_NONE;
    return ws_swap_long(result | parts[count - 1]);
}
