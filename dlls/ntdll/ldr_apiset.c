/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * API sets: the api-ms-win-* names that programs import from, and which DLL stands behind them.
 * The contract's version is not compared: a later one only adds functions, and a
 * function that is missing is reported by its own name when it is called.
 * Source of the hosts: Microsoft's "Windows API sets" page lists the contracts; the host of each
 * is the DLL that exports its functions.
 */
#include "ldr.h"

struct apiset {
    const WCHAR *prefix;
    const WCHAR *host;
};

/* The first prefix that fits counts: longer ones stand before shorter ones. */
static const struct apiset apisets[] = {
    {L"api-ms-win-core-com-", L"combase.dll"},
    {L"api-ms-win-core-kernel32-", L"kernel32.dll"},
    {L"api-ms-win-core-marshal-", L"combase.dll"},
    {L"api-ms-win-core-privateprofile-", L"kernel32.dll"},
    {L"api-ms-win-core-rtlsupport-", L"ntdll.dll"},
    {L"api-ms-win-core-toolhelp-", L"kernel32.dll"},
    {L"api-ms-win-core-winrt-", L"combase.dll"},
    {L"api-ms-win-core-", L"kernelbase.dll"},
    {L"api-ms-win-crt-", L"ucrtbase.dll"},
    {L"api-ms-win-devices-", L"cfgmgr32.dll"},
    {L"api-ms-win-downlevel-advapi32-", L"advapi32.dll"},
    {L"api-ms-win-downlevel-kernel32-", L"kernelbase.dll"},
    {L"api-ms-win-downlevel-shlwapi-", L"kernelbase.dll"},
    {L"api-ms-win-downlevel-version-", L"kernelbase.dll"},
    {L"api-ms-win-eventing-", L"advapi32.dll"},
    {L"api-ms-win-ntuser-", L"user32.dll"},
    {L"api-ms-win-power-", L"powrprof.dll"},
    {L"api-ms-win-security-base-", L"kernelbase.dll"},
    {L"api-ms-win-security-cryptoapi-", L"cryptsp.dll"},
    {L"api-ms-win-security-", L"sechost.dll"},
    {L"api-ms-win-service-", L"sechost.dll"},
    {L"api-ms-win-shcore-", L"shcore.dll"},
    {L"ext-ms-win-kernel32-", L"kernel32.dll"},
    {L"ext-ms-win-ntuser-", L"user32.dll"},
};

static WCHAR lower(WCHAR c)
{
    return c >= 'A' && c <= 'Z' ? (WCHAR)(c + 32) : c;
}

const WCHAR *apiset_host(const WCHAR *name, size_t length)
{
    for (size_t i = 0; i < ARRAY_COUNT(apisets); i++) {
        const WCHAR *prefix = apisets[i].prefix;
        size_t k = 0;

        while (prefix[k] && k < length && lower(name[k]) == prefix[k])
            k++;
        if (!prefix[k])
            return apisets[i].host;
    }
    return NULL;
}
