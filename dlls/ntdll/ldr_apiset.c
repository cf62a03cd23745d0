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
    {L"api-ms-win-appmodel-runtime-", L"kernelbase.dll"},
    {L"api-ms-win-base-", L"advapi32.dll"},
    {L"api-ms-win-core-apiquery-", L"ntdll.dll"},
    {L"api-ms-win-core-appinit-", L"kernel32.dll"},
    {L"api-ms-win-core-atoms-", L"kernel32.dll"},
    {L"api-ms-win-core-com-", L"combase.dll"},
    {L"api-ms-win-core-console-ansi-", L"kernel32.dll"},
    {L"api-ms-win-core-file-ansi-", L"kernel32.dll"},
    {L"api-ms-win-core-firmware-", L"kernel32.dll"},
    {L"api-ms-win-core-heap-obsolete-", L"kernel32.dll"},
    {L"api-ms-win-core-job-l2-", L"kernel32.dll"},
    {L"api-ms-win-core-kernel32-", L"kernel32.dll"},
    {L"api-ms-win-core-localization-ansi-", L"kernel32.dll"},
    {L"api-ms-win-core-marshal-", L"combase.dll"},
    {L"api-ms-win-core-multipleproviderrouter-", L"mpr.dll"},
    {L"api-ms-win-core-namedpipe-ansi-", L"kernel32.dll"},
    {L"api-ms-win-core-namespace-ansi-", L"kernel32.dll"},
    {L"api-ms-win-core-privateprofile-", L"kernel32.dll"},
    {L"api-ms-win-core-processenvironment-ansi-", L"kernel32.dll"},
    {L"api-ms-win-core-processtopology-obsolete-", L"kernel32.dll"},
    {L"api-ms-win-core-registry-l2-", L"advapi32.dll"},
    {L"api-ms-win-core-registry-private-", L"advapi32.dll"},
    {L"api-ms-win-core-rtlsupport-", L"ntdll.dll"},
    {L"api-ms-win-core-shutdown-", L"advapi32.dll"},
    {L"api-ms-win-core-sidebyside-ansi-", L"kernel32.dll"},
    {L"api-ms-win-core-string-obsolete-", L"kernel32.dll"},
    {L"api-ms-win-core-synch-ansi-", L"kernel32.dll"},
    {L"api-ms-win-core-sysinfo-l2-", L"advapi32.dll"},
    {L"api-ms-win-core-toolhelp-", L"kernel32.dll"},
    {L"api-ms-win-core-winrt-robuffer-", L"wintypes.dll"},
    {L"api-ms-win-core-winrt-", L"combase.dll"},
    {L"api-ms-win-core-xstate-l1-", L"ntdll.dll"},
    {L"api-ms-win-core-", L"kernelbase.dll"},
    {L"api-ms-win-crt-", L"ucrtbase.dll"},
    {L"api-ms-win-devices-", L"cfgmgr32.dll"},
    {L"api-ms-win-downlevel-advapi32-", L"advapi32.dll"},
    {L"api-ms-win-downlevel-kernel32-l2-", L"kernel32.dll"},
    {L"api-ms-win-downlevel-kernel32-", L"kernelbase.dll"},
    {L"api-ms-win-downlevel-normaliz-", L"kernelbase.dll"},
    {L"api-ms-win-downlevel-ole32-", L"combase.dll"},
    {L"api-ms-win-downlevel-shell32-", L"shcore.dll"},
    {L"api-ms-win-downlevel-shlwapi-l2-", L"shcore.dll"},
    {L"api-ms-win-downlevel-shlwapi-", L"kernelbase.dll"},
    {L"api-ms-win-downlevel-user32-", L"kernelbase.dll"},
    {L"api-ms-win-downlevel-version-", L"kernelbase.dll"},
    {L"api-ms-win-dwmapi-", L"dwmapi.dll"},
    {L"api-ms-win-dx-d3dkmt-", L"gdi32.dll"},
    {L"api-ms-win-eventing-tdh-", L"tdh.dll"},
    {L"api-ms-win-eventing-", L"advapi32.dll"},
    {L"api-ms-win-eventlog-", L"advapi32.dll"},
    {L"api-ms-win-gdi-dpiinfo-", L"gdi32.dll"},
    {L"api-ms-win-mm-", L"winmm.dll"},
    {L"api-ms-win-ntuser-", L"user32.dll"},
    {L"api-ms-win-obsolete-", L"kernelbase.dll"},
    {L"api-ms-win-ole32-ie-", L"ole32.dll"},
    {L"api-ms-win-perf-legacy-", L"advapi32.dll"},
    {L"api-ms-win-power-", L"powrprof.dll"},
    {L"api-ms-win-rtcore-ntuser-", L"user32.dll"},
    {L"api-ms-win-security-activedirectoryclient-", L"ntdsapi.dll"},
    {L"api-ms-win-security-appcontainer-", L"kernelbase.dll"},
    {L"api-ms-win-security-base-ansi-", L"advapi32.dll"},
    {L"api-ms-win-security-base-", L"kernelbase.dll"},
    {L"api-ms-win-security-cpwl-", L"advapi32.dll"},
    {L"api-ms-win-security-cryptoapi-", L"cryptsp.dll"},
    {L"api-ms-win-security-grouppolicy-", L"kernelbase.dll"},
    {L"api-ms-win-security-logon-", L"advapi32.dll"},
    {L"api-ms-win-security-lsalookup-ansi-", L"advapi32.dll"},
    {L"api-ms-win-security-lsalookup-l2-", L"advapi32.dll"},
    {L"api-ms-win-security-provider-", L"advapi32.dll"},
    {L"api-ms-win-security-sddl-ansi-", L"advapi32.dll"},
    {L"api-ms-win-security-systemfunctions-", L"advapi32.dll"},
    {L"api-ms-win-security-trustee-", L"advapi32.dll"},
    {L"api-ms-win-security-", L"sechost.dll"},
    {L"api-ms-win-service-core-ansi-", L"advapi32.dll"},
    {L"api-ms-win-service-legacy-", L"advapi32.dll"},
    {L"api-ms-win-service-", L"sechost.dll"},
    {L"api-ms-win-shcore-", L"shcore.dll"},
    {L"api-ms-win-shell-shdirectory-", L"shcore.dll"},
    {L"api-ms-win-shell-", L"shell32.dll"},
    {L"api-ms-win-shlwapi-", L"shlwapi.dll"},
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
