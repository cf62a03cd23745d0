/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Text between Linux and Windows: UTF-8 with a way out for bytes that are none, and the characters
 * that only Linux allows in file names.
 */
#include <locale.h>
#include <pthread.h>
#include <string.h>
#include <wctype.h>

#include "path.h"

/* The length of the valid UTF-8 sequence at `s`, 0 if it is none; *code is its character. */
static size_t decode(const unsigned char *s, size_t length, uint32_t *code)
{
    uint32_t c = s[0];
    size_t count;

    if (c < 0x80) {
        *code = c;
        return 1;
    }
    if (c >= 0xc2 && c <= 0xdf)
        count = 2, c &= 0x1f;
    else if (c >= 0xe0 && c <= 0xef)
        count = 3, c &= 0x0f;
    else if (c >= 0xf0 && c <= 0xf4)
        count = 4, c &= 0x07;
    else
        return 0;
    if (count > length)
        return 0;
    for (size_t i = 1; i < count; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if ((count == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))) ||
        (count == 4 && (c < 0x10000 || c > 0x10ffff)))
        return 0;
    *code = c;
    return count;
}

static bool is_forbidden(uint32_t c)
{
    return c < 0x20 || (c < 0x80 && strchr("\"*:<>?|\\", (int)c));
}

/* Is this where a forbidden character stands in for itself? */
static bool is_moved(uint32_t c)
{
    return c > 0xf000 && c < 0xf080 && is_forbidden(c - 0xf000);
}

static size_t to_wide(const char *bytes, size_t length, WCHAR *wide, bool is_file_name)
{
    const unsigned char *s = (const unsigned char *)bytes;
    size_t count = 0, step;

    for (size_t i = 0; i < length; i += step) {
        uint32_t code;

        step = decode(s + i, length - i, &code);
        /* A name that has the stand-in itself goes byte by byte, or it would come back as another. */
        if (!step || (is_file_name && is_moved(code))) {
            wide[count++] = (WCHAR)(0xdc00 + s[i]);
            step = 1;
        } else if (code >= 0x10000) {
            wide[count++] = (WCHAR)(0xd800 + ((code - 0x10000) >> 10));
            wide[count++] = (WCHAR)(0xdc00 + (code & 0x3ff));
        } else {
            wide[count++] = (WCHAR)(is_file_name && is_forbidden(code) ? 0xf000 + code : code);
        }
    }
    return count;
}

size_t path_bytes_to_wide(const char *bytes, size_t length, WCHAR *wide)
{
    return to_wide(bytes, length, wide, false);
}

size_t path_name_to_wide(const char *name, size_t length, WCHAR *wide)
{
    return to_wide(name, length, wide, true);
}

/* Lone surrogates that stand for no byte are written as if they were characters (three bytes). No
 * Linux name gives such a surrogate, so only names that a program made up look different when read back. */
size_t path_wide_to_bytes(const WCHAR *wide, size_t length, char *bytes)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++) {
        uint32_t c = wide[i];

        if (c >= 0xd800 && c < 0xdc00 && i + 1 < length && (wide[i + 1] & 0xfc00) == 0xdc00)
            c = 0x10000 + ((c & 0x3ff) << 10) + (wide[++i] & 0x3ff);
        else if (c >= 0xdc80 && c <= 0xdcff) {
            bytes[count++] = (char)(c & 0xff);
            continue;
        }
        if (c < 0x80) {
            bytes[count++] = (char)c;
        } else if (c < 0x800) {
            bytes[count++] = (char)(0xc0 | c >> 6);
            bytes[count++] = (char)(0x80 | (c & 0x3f));
        } else if (c < 0x10000) {
            bytes[count++] = (char)(0xe0 | c >> 12);
            bytes[count++] = (char)(0x80 | (c >> 6 & 0x3f));
            bytes[count++] = (char)(0x80 | (c & 0x3f));
        } else {
            bytes[count++] = (char)(0xf0 | c >> 18);
            bytes[count++] = (char)(0x80 | (c >> 12 & 0x3f));
            bytes[count++] = (char)(0x80 | (c >> 6 & 0x3f));
            bytes[count++] = (char)(0x80 | (c & 0x3f));
        }
    }
    return count;
}

size_t path_name_from_wide(const WCHAR *wide, size_t length, char *name)
{
    size_t count = 0, start = 0;

    /* The two names that would leave the folder; the Rtl layer has removed honest ones. */
    if (!length || (length == 1 && wide[0] == '.') ||
        (length == 2 && wide[0] == '.' && wide[1] == '.'))
        return 0;
    for (size_t i = 0; i < length; i++) {
        if (is_forbidden(wide[i]) || wide[i] == '/')
            return 0;
        if (!is_moved(wide[i]))
            continue;
        count += path_wide_to_bytes(wide + start, i - start, name + count);
        name[count++] = (char)(wide[i] - 0xf000);
        start = i + 1;
    }
    return count + path_wide_to_bytes(wide + start, length - start, name + count);
}

static locale_t case_locale;

static void open_case_locale(void)
{
    case_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* Windows folds by its upper-case table, one UTF-16 unit at a time. */
static WCHAR fold(WCHAR c)
{
    wint_t upper;

    if (c < 0x80)
        return c >= 'a' && c <= 'z' ? (WCHAR)(c - 0x20) : c;
    if (!case_locale || (c & 0xf800) == 0xd800)
        return c;
    upper = towupper_l(c, case_locale);
    return upper < 0x10000 && upper >= 0x80 ? (WCHAR)upper : c;
}

WCHAR path_fold(WCHAR c)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    if (c >= 0x80)
        pthread_once(&once, open_case_locale);
    return fold(c);
}

bool path_names_equal(const WCHAR *a, size_t a_length, const WCHAR *b, size_t b_length)
{
    if (a_length != b_length)
        return false;
    for (size_t i = 0; i < a_length; i++)
        if (a[i] != b[i] && path_fold(a[i]) != path_fold(b[i]))
            return false;
    return true;
}
