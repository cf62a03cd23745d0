// SPDX-License-Identifier: LGPL-2.1-or-later
// The DLL that msvc.cpp throws out of and into.
extern "C" int _fltused;
int _fltused;

extern "C" __declspec(dllexport) void library_throw(int code)
{
    throw code;
}

extern "C" __declspec(dllexport) int library_call(void (*callback)(int), int value)
{
    try {
        callback(value);
    } catch (int caught) {
        return caught;
    }
    return -1;
}

extern "C" int start(void *, unsigned long, void *)
{
    return 1;
}
