/* SPDX-License-Identifier: LGPL-2.1-or-later
 * winnls.h: names of domains in letters and in ASCII (RFC 3490, 3491, 3492), and FoldString.
 *
 * A label is prepared by lower case and Unicode's form KC, which is what nameprep amounts to for names that are in use; its
 * lists of characters that are forbidden or direction-dependent are not consulted.
 */
#include "nls.h"

#define LABEL_MOST 63
#define NAME_MOST  255

static bool is_dot(WCHAR c)
{
    return c == '.' || c == 0x3002 || c == 0xff0e || c == 0xff61;
}

static bool is_ldh(WCHAR c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* --- Punycode (RFC 3492) --- */

enum { BASE = 36, T_MIN = 1, T_MAX = 26, SKEW = 38, DAMP = 700, FIRST_BIAS = 72, FIRST_N = 128 };

static ULONG adapt(ULONG delta, ULONG count, bool is_first)
{
    ULONG k = 0;

    delta = is_first ? delta / DAMP : delta / 2;
    delta += delta / count;
    for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
        delta /= BASE - T_MIN;
    return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static ULONG threshold(ULONG k, ULONG bias)
{
    return k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;
}

static WCHAR digit(ULONG value)
{
    return (WCHAR)(value < 26 ? 'a' + value : '0' + value - 26);
}

static int digit_value(WCHAR c)
{
    if (c >= 'a' && c <= 'z')
        return c - 'a';
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    return c >= '0' && c <= '9' ? c - '0' + 26 : -1;
}

static int code_points(const WCHAR *text, int length, ULONG *out)
{
    int count = 0;

    for (int i = 0; i < length; i++) {
        ULONG c = text[i];

        if (c >= 0xd800 && c < 0xdc00 && i + 1 < length && text[i + 1] >= 0xdc00 && text[i + 1] < 0xe000)
            c = 0x10000 + ((c & 0x3ff) << 10 | (text[++i] & 0x3ff));
        out[count++] = c;
    }
    return count;
}

/* Returns the length, or -1: longer than a label may be. */
static int encode(const WCHAR *text, int length, WCHAR *out)
{
    ULONG points[NAME_MOST], n = FIRST_N, delta = 0, bias = FIRST_BIAS;
    int count = code_points(text, length, points), used = 0, basic, done;

    for (int i = 0; i < count; i++)
        if (points[i] < 0x80 && used < LABEL_MOST)
            out[used++] = (WCHAR)points[i];
    done = basic = used;
    if (basic)
        out[used++] = '-';
    while (done < count) {
        ULONG next = ~0u;

        for (int i = 0; i < count; i++)
            if (points[i] >= n && points[i] < next)
                next = points[i];
        delta += (next - n) * (ULONG)(done + 1);
        n = next;
        for (int i = 0; i < count; i++) {
            ULONG q = delta;

            if (points[i] < n)
                delta++;
            if (points[i] != n)
                continue;
            q = delta;
            for (ULONG k = BASE;; k += BASE) {
                ULONG t = threshold(k, bias);

                if (used >= LABEL_MOST)
                    return -1;
                if (q < t)
                    break;
                out[used++] = digit(t + (q - t) % (BASE - t));
                q = (q - t) / (BASE - t);
            }
            out[used++] = digit(q);
            bias = adapt(delta, (ULONG)done + 1, done == basic);
            delta = 0;
            done++;
        }
        delta++;
        n++;
    }
    return used;
}

/* -1: it is no punycode. */
static int decode(const WCHAR *text, int length, WCHAR *out)
{
    ULONG points[NAME_MOST], n = FIRST_N, i = 0, bias = FIRST_BIAS;
    int count = 0, at = 0, used = 0;

    for (int j = length - 1; j > 0; j--)
        if (text[j] == '-') {
            for (; count < j; count++)
                points[count] = text[count];
            at = j + 1;
            break;
        }
    while (at < length) {
        ULONG old = i, weight = 1;

        for (ULONG k = BASE;; k += BASE) {
            int value = at < length ? digit_value(text[at++]) : -1;
            ULONG t = threshold(k, bias);

            if (value < 0 || (ULONG)value > (0x7fffffff - i) / weight)
                return -1;
            i += (ULONG)value * weight;
            if ((ULONG)value < t)
                break;
            if (weight > 0x7fffffff / (BASE - t))
                return -1;
            weight *= BASE - t;
        }
        bias = adapt(i - old, (ULONG)count + 1, !old);
        n += i / ((ULONG)count + 1);
        i %= (ULONG)count + 1;
        if (n > 0x10ffff || count >= NAME_MOST - 1)
            return -1;
        memmove(points + i + 1, points + i, ((SIZE_T)count - i) * sizeof(*points));
        points[i++] = n;
        count++;
    }
    for (int j = 0; j < count; j++) {
        if (points[j] >= 0x10000)
            out[used++] = (WCHAR)(0xd800 + ((points[j] - 0x10000) >> 10));
        out[used++] = (WCHAR)(points[j] >= 0x10000 ? 0xdc00 + (points[j] & 0x3ff) : points[j]);
    }
    return used;
}

/* --- Names --- */

/* Lower case and form KC; ASCII text keeps its case (as on Windows). Returns the length, 0 with the last error. */
static int prepare(const WCHAR *label, int length, WCHAR *out, int room)
{
    WCHAR lower[NAME_MOST];
    bool is_ascii = true;

    if (length > room || length > NAME_MOST)
        return nls_fail(ERROR_INVALID_NAME);
    for (int i = 0; i < length; i++)
        is_ascii = is_ascii && label[i] < 0x80;
    if (is_ascii) {
        memcpy(out, label, (SIZE_T)length * sizeof(WCHAR));
        return length;
    }
    for (int i = 0; i < length; i++)
        lower[i] = RtlDowncaseUnicodeChar(label[i]);
    length = NormalizeString(NormalizationKC, lower, length, out, room);
    return length > 0 ? length : nls_fail(ERROR_INVALID_NAME);
}

enum direction { TO_ASCII, TO_UNICODE, TO_PREPARED };

static bool is_punycode(const WCHAR *label, int length)
{
    return length > 4 && (label[0] | 0x20) == 'x' && (label[1] | 0x20) == 'n' && label[2] == '-' && label[3] == '-';
}

/* One label; -1 with the last error set. `out` has room for a whole name. */
static int convert_label(enum direction direction, DWORD flags, const WCHAR *label, int length, WCHAR *out)
{
    WCHAR text[NAME_MOST];
    bool is_ascii = true;
    int count;

    if (direction == TO_UNICODE && is_punycode(label, length)) {
        count = decode(label + 4, length - 4, out);
        return count > 0 ? count : nls_fail(ERROR_INVALID_NAME) - 1;
    }
    count = prepare(label, length, text, NAME_MOST);
    if (!count)
        return -1;
    for (int i = 0; i < count; i++) {
        is_ascii = is_ascii && text[i] < 0x80;
        if (flags & IDN_USE_STD3_ASCII_RULES && text[i] < 0x80 && !is_ldh(text[i]))
            return nls_fail(ERROR_INVALID_NAME) - 1;
    }
    if (flags & IDN_USE_STD3_ASCII_RULES && (text[0] == '-' || text[count - 1] == '-'))
        return nls_fail(ERROR_INVALID_NAME) - 1;
    if (direction == TO_ASCII && !is_ascii) {
        memcpy(out, L"xn--", 4 * sizeof(WCHAR));
        count = encode(text, count, out + 4);
        return count >= 0 && count + 4 <= LABEL_MOST ? count + 4 : nls_fail(ERROR_INVALID_NAME) - 1;
    }
    if (count > LABEL_MOST)
        return nls_fail(ERROR_INVALID_NAME) - 1;
    memcpy(out, text, (SIZE_T)count * sizeof(WCHAR));
    return count;
}

/* With a length of -1 the NUL counts on both sides. */
static INT convert(enum direction direction, DWORD flags, const WCHAR *src, INT length, WCHAR *dst, INT room)
{
    WCHAR out[2 * NAME_MOST + 2];
    int used = 0, begin = 0;
    bool has_nul = length < 0;

    if (!src || !length || length < -1 || room < 0 || (room && !dst))
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (flags & ~(DWORD)(IDN_ALLOW_UNASSIGNED | IDN_USE_STD3_ASCII_RULES))
        return nls_fail(ERROR_INVALID_FLAGS);
    if (has_nul)
        length = (INT)wcslen(src);
    if (length > NAME_MOST)
        return nls_fail(ERROR_INVALID_NAME);
    for (int i = 0; i <= length; i++) {
        int count;

        if (i < length && !is_dot(src[i]))
            continue;
        if (i == begin && i < length) /* an empty label, but behind the last dot */
            return nls_fail(ERROR_INVALID_NAME);
        if (i > begin) {
            count = convert_label(direction, flags, src + begin, i - begin, out + used);
            if (count < 0)
                return 0;
            used += count;
        }
        if (i < length)
            out[used++] = '.';
        begin = i + 1;
        if (used > NAME_MOST)
            return nls_fail(ERROR_INVALID_NAME);
    }
    if (has_nul)
        out[used++] = 0;
    if (room && used > room)
        return nls_fail(ERROR_INSUFFICIENT_BUFFER);
    if (room)
        memcpy(dst, out, (SIZE_T)used * sizeof(WCHAR));
    return used;
}

INT WINAPI IdnToAscii(DWORD flags, LPCWSTR src, INT length, LPWSTR dst, INT room)
{
    return convert(TO_ASCII, flags, src, length, dst, room);
}

INT WINAPI IdnToUnicode(DWORD flags, LPCWSTR src, INT length, LPWSTR dst, INT room)
{
    return convert(TO_UNICODE, flags, src, length, dst, room);
}

INT WINAPI IdnToNameprepUnicode(DWORD flags, LPCWSTR src, INT length, LPWSTR dst, INT room)
{
    return convert(TO_PREPARED, flags, src, length, dst, room);
}

/* --- FoldString --- */

/* Digits of all scripts stand in runs of ten. */
static WCHAR fold_digit(WCHAR c)
{
    WCHAR first = c;

    if (c < 0x80 || !(nls_character_types(c)[0] & C1_DIGIT))
        return c;
    while (c - first < 9 && nls_character_types((WCHAR)(first - 1))[0] & C1_DIGIT)
        first--;
    return (WCHAR)('0' + (c - first));
}

INT WINAPI FoldStringW(DWORD flags, LPCWSTR src, INT length, LPWSTR dst, INT room)
{
    const DWORD known = MAP_FOLDCZONE | MAP_PRECOMPOSED | MAP_COMPOSITE | MAP_FOLDDIGITS | MAP_EXPAND_LIGATURES;
    WCHAR *text;
    INT result;

    if (!src || !length || room < 0 || (room && !dst) || src == dst)
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (!flags || flags & ~known || (flags & MAP_PRECOMPOSED && flags & MAP_COMPOSITE) ||
        (flags & MAP_COMPOSITE && flags & MAP_EXPAND_LIGATURES))
        return nls_fail(ERROR_INVALID_FLAGS);
    if (length < 0)
        length = (INT)wcslen(src) + 1;
    text = nls_alloc((SIZE_T)length * sizeof(WCHAR));
    if (!text)
        return nls_fail(ERROR_NOT_ENOUGH_MEMORY);
    for (INT i = 0; i < length; i++)
        text[i] = flags & MAP_FOLDDIGITS ? fold_digit(src[i]) : src[i];
    if (flags & ~(DWORD)MAP_FOLDDIGITS) {
        bool is_compatible = flags & (MAP_FOLDCZONE | MAP_EXPAND_LIGATURES);
        NORM_FORM form = flags & MAP_COMPOSITE ? (is_compatible ? NormalizationKD : NormalizationD)
                                               : (is_compatible ? NormalizationKC : NormalizationC);

        result = NormalizeString(form, text, length, dst, room);
        result = result > 0 ? result : 0;
    } else if (room && room < length) {
        result = nls_fail(ERROR_INSUFFICIENT_BUFFER);
    } else {
        if (room)
            memcpy(dst, text, (SIZE_T)length * sizeof(WCHAR));
        result = length;
    }
    nls_free(text);
    return result;
}
