/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * ntdll's character classes over ASCII, each function and iswctype with each class.
 *
 * Sources: Microsoft's pages on isalpha, iswalpha, _isctype: the classes of the "C" locale.
 */
#include <ctype.h>
#include <wctype.h>

#include "conformance.h"

static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", lower[] = "abcdefghijklmnopqrstuvwxyz";
static const char digits[] = "0123456789", hex[] = "0123456789ABCDEFabcdef";
static const char spaces[] = " \t\n\v\f\r";

static BOOL in(const char *set, int c)
{
    return c && strchr(set, c);
}

static BOOL is_alpha(int c)
{
    return in(upper, c) || in(lower, c);
}

static BOOL is_alnum(int c)
{
    return is_alpha(c) || in(digits, c);
}

static BOOL is_upper(int c)
{
    return in(upper, c);
}

static BOOL is_lower(int c)
{
    return in(lower, c);
}

static BOOL is_digit(int c)
{
    return in(digits, c);
}

static BOOL is_hex(int c)
{
    return in(hex, c);
}

static BOOL is_space(int c)
{
    return in(spaces, c);
}

static void test_functions(void)
{
    static const struct {
        const char *name;
        BOOL (*is)(int c);
    } functions[] = {
        {"isalpha", is_alpha},   {"isalnum", is_alnum},   {"isupper", is_upper},
        {"islower", is_lower},   {"isdigit", is_digit},   {"isxdigit", is_hex},
        {"isspace", is_space},   {"iswalpha", is_alpha},  {"iswdigit", is_digit},
        {"iswlower", is_lower},  {"iswspace", is_space},  {"iswxdigit", is_hex},
    };
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");

    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        int(__cdecl * function)(int) = (void *)GetProcAddress(ntdll, functions[i].name);

        ok(function != NULL, "%s is not exported", functions[i].name);
        for (int c = 0; function && c < 128; c++)
            ok(!function(c) == !functions[i].is(c), "%s(%d) is %d", functions[i].name, c,
               function(c));
    }
}

static void test_classes(void)
{
    static const struct {
        unsigned short class;
        BOOL (*is)(int c);
    } classes[] = {{_UPPER, is_upper}, {_LOWER, is_lower}, {_DIGIT, is_digit},
                   {_SPACE, is_space}, {_HEX, is_hex},     {_UPPER | _DIGIT, NULL}};
    int(__cdecl * isctype)(wint_t, wctype_t) =
        (void *)GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "iswctype");

    if (!isctype) { /* since Windows 8 */
        skip("no iswctype");
        return;
    }
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        for (int c = 0; c < 128; c++) {
            BOOL expected = classes[i].is ? classes[i].is(c) : is_upper(c) || is_digit(c);

            ok(!isctype((wint_t)c, classes[i].class) == !expected, "iswctype(%d, %x)", c,
               classes[i].class);
        }
    }
}

CONFORMANCE("ntdll: character classes", test_functions, test_classes)
