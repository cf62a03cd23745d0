// SPDX-License-Identifier: LGPL-2.1-or-later
// Between runtime.cpp and the DLL that it throws into and out of.
#pragma once
#include <stdexcept>

#ifdef LIBRARY
#define API __declspec(dllexport)
#else
#define API __declspec(dllimport)
#endif

struct LibraryError : std::runtime_error {
    int code;
    LibraryError(const char *what, int code) : std::runtime_error(what), code(code) {}
};

API void library_throw(int code);
// Calls and catches LibraryError: its code.
API int library_catch(void (*callback)(int), int value);
// Calls and lets the exception pass.
API void library_pass(void (*callback)(int), int value);
// How many objects of library_pass's live.
API int library_alive();
