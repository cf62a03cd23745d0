/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * werapi.h and the application recovery functions: nothing is reported to anybody, so what they register is never
 * used. They succeed because that is also the outcome on a Windows with error reporting off.
 */
#include "kernelbase.h"

HRESULT WINAPI WerRegisterFile(const WCHAR *file, int type, DWORD flags)
{
    (void)type, (void)flags;
    return file ? S_OK : E_INVALIDARG;
}

HRESULT WINAPI WerUnregisterFile(const WCHAR *file)
{
    return file ? S_OK : E_INVALIDARG;
}

HRESULT WINAPI WerRegisterMemoryBlock(void *block, DWORD size)
{
    return block && size ? S_OK : E_INVALIDARG;
}

HRESULT WINAPI WerUnregisterMemoryBlock(void *block)
{
    return block ? S_OK : E_INVALIDARG;
}

HRESULT WINAPI WerRegisterRuntimeExceptionModule(const WCHAR *module, void *context)
{
    (void)context;
    return module ? S_OK : E_INVALIDARG;
}

HRESULT WINAPI WerUnregisterRuntimeExceptionModule(const WCHAR *module, void *context)
{
    (void)context;
    return module ? S_OK : E_INVALIDARG;
}

HRESULT WINAPI RegisterApplicationRestart(const WCHAR *command_line, DWORD flags)
{
    (void)command_line, (void)flags;
    return S_OK;
}

HRESULT WINAPI UnregisterApplicationRestart(void)
{
    return S_OK;
}

HRESULT WINAPI GetApplicationRestartSettings(HANDLE process, WCHAR *command_line, DWORD *size,
                                             DWORD *flags)
{
    (void)process, (void)command_line, (void)size, (void)flags;
    return HRESULT_FROM_WIN32(ERROR_NOT_FOUND);
}

HRESULT WINAPI RegisterApplicationRecoveryCallback(APPLICATION_RECOVERY_CALLBACK callback,
                                                   void *argument, DWORD interval, DWORD flags)
{
    (void)callback, (void)argument, (void)interval, (void)flags;
    return S_OK;
}

HRESULT WINAPI UnregisterApplicationRecoveryCallback(void)
{
    return S_OK;
}

HRESULT WINAPI ApplicationRecoveryInProgress(BOOL *is_cancelled)
{
    if (!is_cancelled)
        return E_INVALIDARG;
    *is_cancelled = FALSE;
    return E_FAIL; /* documented: not called from a recovery callback */
}

void WINAPI ApplicationRecoveryFinished(BOOL success)
{
    (void)success;
}
