/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * user32.dll without a desktop: the string functions are kernelbase's (forwarded in user32.def), a message box is a
 * line on stderr, and there are no windows to find.
 */
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winbase.h"
#include "wingdi.h"
#include "winuser.h"
#include "winternl.h"

#include "decant/unixlib.h"

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved);

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        LdrDisableThreadCalloutsForDll(instance);
    return TRUE;
}

static void print_utf8(const WCHAR *text)
{
    char line[512];
    DWORD length = 0;

    if (!text)
        return;
    RtlUnicodeToUTF8N(line, sizeof(line), &length, text, (DWORD)(wcslen(text) * sizeof(WCHAR)));
    DecantDebugOutput(line, length);
}

/* Nobody can press a button; so the answer is that of the default one. */
static int default_answer(UINT type)
{
    switch (type & MB_TYPEMASK) {
    case MB_YESNO:
    case MB_YESNOCANCEL:
        return IDYES;
    case MB_ABORTRETRYIGNORE:
        return IDABORT;
    case MB_RETRYCANCEL:
        return IDCANCEL;
    default:
        return IDOK;
    }
}

int WINAPI MessageBoxW(HWND window, const WCHAR *text, const WCHAR *caption, UINT type)
{
    (void)window;
    print_utf8(caption ? caption : L"Error");
    print_utf8(L": ");
    print_utf8(text);
    print_utf8(L"\n");
    return default_answer(type);
}

int WINAPI MessageBoxA(HWND window, const char *text, const char *caption, UINT type)
{
    UNICODE_STRING wide_text = {0}, wide_caption = {0};
    int answer;

    if (text)
        RtlCreateUnicodeStringFromAsciiz(&wide_text, text);
    if (caption)
        RtlCreateUnicodeStringFromAsciiz(&wide_caption, caption);
    answer = MessageBoxW(window, wide_text.Buffer, wide_caption.Buffer, type);
    RtlFreeUnicodeString(&wide_text);
    RtlFreeUnicodeString(&wide_caption);
    return answer;
}

HWND WINAPI GetDesktopWindow(void)
{
    return NULL;
}

HWND WINAPI GetActiveWindow(void)
{
    return NULL;
}

HWND WINAPI GetForegroundWindow(void)
{
    return NULL;
}

/* A service's window station: not visible, as Windows says it of session 0. Runtimes ask before they show
 * a message box. */
HWINSTA WINAPI GetProcessWindowStation(void)
{
    return NULL;
}

BOOL WINAPI GetUserObjectInformationW(HANDLE object, INT index, void *info, DWORD room,
                                      DWORD *needed)
{
    (void)object;
    (void)index;
    (void)info;
    (void)room;
    (void)needed;
    SetLastError(ERROR_INVALID_HANDLE);
    return FALSE;
}

/* Nothing to measure: 0 is also what Windows answers for an index that it does not know. */
int WINAPI GetSystemMetrics(int index)
{
    (void)index;
    return 0;
}
