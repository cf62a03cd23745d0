/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * oleaut32.dll as far as programs without COM use it: BSTR (a 32-bit length in bytes before the text, a
 * terminator behind it) and variants of simple types. Interfaces are reference-counted; arrays and records
 * are refused.
 */
#define COBJMACROS
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winbase.h"
#include "winerror.h"
#include "oleauto.h"
#include "winternl.h"

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved);

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        LdrDisableThreadCalloutsForDll(instance);
    return TRUE;
}

#define HEADER 8 /* the length stands in the last 4; the text stays aligned to 8 */

static HANDLE heap(void)
{
    return NtCurrentTeb()->Peb->ProcessHeap;
}

BSTR WINAPI SysAllocStringByteLen(const char *text, UINT bytes)
{
    char *block;

    if (bytes >= UINT_MAX - HEADER - sizeof(WCHAR) - sizeof(DWORD))
        return NULL;
    block = RtlAllocateHeap(heap(), 0, HEADER + (SIZE_T)bytes + sizeof(DWORD));
    if (!block)
        return NULL;
    memcpy(block + HEADER - sizeof(DWORD), &bytes, sizeof(bytes));
    if (text)
        memcpy(block + HEADER, text, bytes);
    memset(block + HEADER + bytes, 0, sizeof(DWORD));
    return (BSTR)(block + HEADER);
}

BSTR WINAPI SysAllocStringLen(const OLECHAR *text, UINT length)
{
    if (length >= (UINT_MAX - HEADER - sizeof(DWORD)) / sizeof(WCHAR))
        return NULL;
    return SysAllocStringByteLen((const char *)text, length * (UINT)sizeof(WCHAR));
}

BSTR WINAPI SysAllocString(const OLECHAR *text)
{
    return text ? SysAllocStringLen(text, (UINT)wcslen(text)) : NULL;
}

void WINAPI SysFreeString(BSTR string)
{
    if (string)
        RtlFreeHeap(heap(), 0, (char *)string - HEADER);
}

UINT WINAPI SysStringByteLen(BSTR string)
{
    UINT bytes = 0;

    if (string)
        memcpy(&bytes, (char *)string - sizeof(bytes), sizeof(bytes));
    return bytes;
}

UINT WINAPI SysStringLen(BSTR string)
{
    return SysStringByteLen(string) / sizeof(WCHAR);
}

INT WINAPI SysReAllocStringLen(BSTR *string, const OLECHAR *text, UINT length)
{
    BSTR copy = SysAllocStringLen(text, length);

    if (!copy)
        return FALSE;
    SysFreeString(*string);
    *string = copy;
    return TRUE;
}

INT WINAPI SysReAllocString(BSTR *string, const OLECHAR *text)
{
    return SysReAllocStringLen(string, text, text ? (UINT)wcslen(text) : 0);
}

/* --- Variants --------------------------------------------------------------------------------- */

void WINAPI VariantInit(VARIANTARG *variant)
{
    V_VT(variant) = VT_EMPTY;
}

/* What may be copied by its bits, what needs care, and what is no type or not known here. */
static HRESULT check_type(VARTYPE type)
{
    VARTYPE base = type & VT_TYPEMASK;

    if (type & (VT_VECTOR | VT_RESERVED))
        return DISP_E_BADVARTYPE;
    if (base > VT_UINT || base == 15)
        return base == VT_RECORD ? E_NOTIMPL : DISP_E_BADVARTYPE;
    if ((type & VT_ARRAY) && !(type & VT_BYREF))
        return E_NOTIMPL;
    return S_OK;
}

HRESULT WINAPI VariantClear(VARIANTARG *variant)
{
    HRESULT result = check_type(V_VT(variant));

    if (result)
        return result;
    if (V_VT(variant) == VT_BSTR)
        SysFreeString(V_BSTR(variant));
    else if ((V_VT(variant) == VT_UNKNOWN || V_VT(variant) == VT_DISPATCH) && V_UNKNOWN(variant))
        IUnknown_Release(V_UNKNOWN(variant));
    V_VT(variant) = VT_EMPTY;
    return S_OK;
}

HRESULT WINAPI VariantCopy(VARIANTARG *target, const VARIANTARG *source)
{
    HRESULT result = check_type(V_VT(source));
    VARIANTARG copy;

    if (result || target == source)
        return result;
    copy = *source;
    if (V_VT(source) == VT_BSTR && V_BSTR(source)) {
        V_BSTR(&copy) = SysAllocStringByteLen((const char *)V_BSTR(source),
                                              SysStringByteLen(V_BSTR(source)));
        if (!V_BSTR(&copy))
            return E_OUTOFMEMORY;
    } else if ((V_VT(source) == VT_UNKNOWN || V_VT(source) == VT_DISPATCH) && V_UNKNOWN(source)) {
        IUnknown_AddRef(V_UNKNOWN(source));
    }
    result = VariantClear(target);
    if (result) {
        VariantClear(&copy);
        return result;
    }
    *target = copy;
    return S_OK;
}
