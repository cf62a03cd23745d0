/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnls.h: GetNumberFormat and GetCurrencyFormat: digits grouped, rounded and signed as a locale or the caller
 * wants it. The orders of sign, symbol and number are those documented at LOCALE_INEGNUMBER, LOCALE_INEGCURR and
 * LOCALE_ICURRENCY.
 */
#include "nls.h"

#define TEXT_ROOM 16    /* a separator or currency symbol */

/* NUMBERFMT and CURRENCYFMT in one. */
struct format {
    UINT digits, leading_zero, grouping, negative, positive;
    const WCHAR *decimal, *thousand, *currency; /* no currency: a number */
};

struct output {
    WCHAR *buffer;
    int room, length;
};

static void put(struct output *out, WCHAR c)
{
    if (out->length < out->room)
        out->buffer[out->length] = c;
    out->length++;
}

static void put_string(struct output *out, const WCHAR *text)
{
    while (*text)
        put(out, *text++);
}

/* --- The number itself --- */

/* A value's parts: digits before and behind the point. False: it is not -?digits(.digits)?. */
static bool parse(const WCHAR *value, bool *is_negative, const WCHAR **whole, int *whole_length,
                  const WCHAR **fraction, int *fraction_length)
{
    *is_negative = *value == '-';
    value += *is_negative;
    *whole = value;
    while (*value >= '0' && *value <= '9')
        value++;
    *whole_length = (int)(value - *whole);
    *fraction = value;
    *fraction_length = 0;
    if (*value == '.') {
        *fraction = ++value;
        while (*value >= '0' && *value <= '9')
            value++;
        *fraction_length = (int)(value - *fraction);
    }
    while (*whole_length && **whole == '0') {
        (*whole)++;
        (*whole_length)--;
    }
    return !*value;
}

/* Whether a separator stands before the digit that has `behind` digits of the whole part behind and under it.
 * Grouping is documented in decimal: 3 is "3;0", 32 "3;2;0", 30 "3" once. */
static bool is_group_start(UINT grouping, int behind)
{
    int sizes[10], count = 0, at = 0;
    bool is_repeated = grouping % 10 != 0;

    if (!is_repeated)
        grouping /= 10;
    for (; grouping && count < 10; grouping /= 10)
        sizes[count++] = (int)(grouping % 10);
    for (int i = count - 1; i >= 0; i--) {
        at += sizes[i];
        if (at == behind)
            return true;
        if (!i && is_repeated && sizes[i])
            return behind > at && (behind - at) % sizes[i] == 0;
    }
    return false;
}

/* Digits with a carry from rounding half up. */
static int digit_at(const WCHAR *whole, int whole_length, const WCHAR *fraction, int fraction_length, int at)
{
    if (at < whole_length)
        return at < 0 ? 0 : whole[at] - '0';
    at -= whole_length;
    return at < fraction_length ? fraction[at] - '0' : 0;
}

static void put_number(struct output *out, const struct format *format, const WCHAR *whole,
                       int whole_length, const WCHAR *fraction, int fraction_length)
{
    int last = whole_length + (int)format->digits, first = 0, nines;
    bool carry = digit_at(whole, whole_length, fraction, fraction_length, last) >= 5;

    /* The carry goes through the nines before the end, and turns them into zeroes. */
    for (nines = last; carry && nines > 0 &&
                       digit_at(whole, whole_length, fraction, fraction_length, nines - 1) == 9;)
        nines--;
    if (carry && !nines)
        first = -1; /* one digit more */
    for (int at = first; at < last; at++) {
        int digit = digit_at(whole, whole_length, fraction, fraction_length, at);

        if (carry)
            digit = at >= nines ? 0 : at == nines - 1 ? digit + 1 : digit;
        if (at == whole_length) {
            if (at == first && format->leading_zero)
                put(out, '0');
            put_string(out, format->decimal);
        } else if (at > first && is_group_start(format->grouping, whole_length - at)) {
            put_string(out, format->thousand);
        }
        put(out, (WCHAR)('0' + digit));
    }
    if (first == last)
        put(out, '0'); /* nothing at all is a zero */
}

/* --- Around it --- */

/* 'n' the number, '$' the symbol, all else itself. */
static const char *const number_orders[] = {"(n)", "-n", "- n", "n-", "n -"};
static const char *const positive_orders[] = {"$n", "n$", "$ n", "n $"};
static const char *const negative_orders[] = {"($n)",  "-$n",  "$-n",  "$n-",  "(n$)", "-n$",   "n-$",   "n$-",
                                              "-n $", "-$ n", "n $-", "$ n-", "$ -n", "n- $", "($ n)", "(n $)"};

static int format_value(const struct format *format, const WCHAR *value, WCHAR *buffer, int room)
{
    struct output out = {buffer, room, 0};
    const WCHAR *whole, *fraction;
    int whole_length, fraction_length;
    const char *order = "n";
    bool is_negative;

    if (!value || room < 0 || (room && !buffer) ||
        !parse(value, &is_negative, &whole, &whole_length, &fraction, &fraction_length) ||
        format->digits > 9 || format->leading_zero > 1 || !format->decimal || !format->thousand ||
        format->negative >= (format->currency ? NLS_ARRAY_COUNT(negative_orders)
                                              : NLS_ARRAY_COUNT(number_orders)) ||
        (format->currency && format->positive >= NLS_ARRAY_COUNT(positive_orders)))
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (format->currency)
        order = is_negative ? negative_orders[format->negative] : positive_orders[format->positive];
    else if (is_negative)
        order = number_orders[format->negative];
    for (; *order; order++) {
        if (*order == 'n')
            put_number(&out, format, whole, whole_length, fraction, fraction_length);
        else if (*order == '$')
            put_string(&out, format->currency);
        else
            put(&out, (WCHAR)*order);
    }
    put(&out, 0);
    if (room && out.length > room)
        return nls_fail(ERROR_INSUFFICIENT_BUFFER);
    return out.length;
}

/* --- What the locale wants --- */

struct texts {
    WCHAR decimal[TEXT_ROOM], thousand[TEXT_ROOM], currency[TEXT_ROOM];
};

static UINT number_of(const WCHAR *locale, LCTYPE type)
{
    UINT value = 0;

    GetLocaleInfoEx(locale, type | LOCALE_RETURN_NUMBER, (WCHAR *)&value, sizeof(value) / sizeof(WCHAR));
    return value;
}

/* "3;2;0" is 32, "3;0" is 3, "3" is 30. */
static UINT grouping_of(const WCHAR *locale, LCTYPE type)
{
    WCHAR text[TEXT_ROOM];
    UINT grouping = 0;
    bool is_repeated = false;

    if (!GetLocaleInfoEx(locale, type, text, TEXT_ROOM))
        return 0;
    for (const WCHAR *at = text; *at; at++) {
        if (*at == '0')
            is_repeated = true;
        else if (*at != ';')
            grouping = grouping * 10 + (UINT)(*at - '0');
    }
    return is_repeated || !grouping ? grouping : grouping * 10;
}

static bool ask(const WCHAR *locale, bool is_currency, struct format *format, struct texts *texts)
{
    if (!GetLocaleInfoEx(locale, is_currency ? LOCALE_SMONDECIMALSEP : LOCALE_SDECIMAL, texts->decimal,
                         TEXT_ROOM) ||
        !GetLocaleInfoEx(locale, is_currency ? LOCALE_SMONTHOUSANDSEP : LOCALE_STHOUSAND,
                         texts->thousand, TEXT_ROOM) ||
        !GetLocaleInfoEx(locale, LOCALE_SCURRENCY, texts->currency, TEXT_ROOM))
        return false;
    format->digits = number_of(locale, is_currency ? LOCALE_ICURRDIGITS : LOCALE_IDIGITS);
    format->leading_zero = number_of(locale, LOCALE_ILZERO);
    format->grouping = grouping_of(locale, is_currency ? LOCALE_SMONGROUPING : LOCALE_SGROUPING);
    format->negative = number_of(locale, is_currency ? LOCALE_INEGCURR : LOCALE_INEGNUMBER);
    format->positive = number_of(locale, LOCALE_ICURRENCY);
    format->decimal = texts->decimal;
    format->thousand = texts->thousand;
    format->currency = is_currency ? texts->currency : NULL;
    return true;
}

int WINAPI GetNumberFormatEx(LPCWSTR locale, DWORD flags, LPCWSTR value, const NUMBERFMTW *wanted, LPWSTR buffer,
                             int room)
{
    struct format format;
    struct texts texts;

    if (flags & ~(DWORD)LOCALE_NOUSEROVERRIDE || (wanted && flags))
        return nls_fail(ERROR_INVALID_FLAGS);
    if (!wanted && !ask(locale, false, &format, &texts))
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (wanted)
        format = (struct format){wanted->NumDigits, wanted->LeadingZero, wanted->Grouping, wanted->NegativeOrder, 0,
                                 wanted->lpDecimalSep, wanted->lpThousandSep, NULL};
    return format_value(&format, value, buffer, room);
}

int WINAPI GetCurrencyFormatEx(LPCWSTR locale, DWORD flags, LPCWSTR value, const CURRENCYFMTW *wanted,
                               LPWSTR buffer, int room)
{
    struct format format;
    struct texts texts;

    if (flags & ~(DWORD)LOCALE_NOUSEROVERRIDE || (wanted && flags))
        return nls_fail(ERROR_INVALID_FLAGS);
    if (!wanted && !ask(locale, true, &format, &texts))
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (wanted) {
        if (!wanted->lpCurrencySymbol)
            return nls_fail(ERROR_INVALID_PARAMETER);
        format = (struct format){wanted->NumDigits, wanted->LeadingZero, wanted->Grouping, wanted->NegativeOrder,
                                 wanted->PositiveOrder, wanted->lpDecimalSep, wanted->lpThousandSep,
                                 wanted->lpCurrencySymbol};
    }
    return format_value(&format, value, buffer, room);
}

/* --- By number, and in bytes --- */

static const WCHAR *name_of(LCID id, WCHAR *name)
{
    return LCIDToLocaleName(id, name, LOCALE_NAME_MAX_LENGTH, LOCALE_ALLOW_NEUTRAL_NAMES) ? name : NULL;
}

int WINAPI GetNumberFormatW(LCID id, DWORD flags, LPCWSTR value, const NUMBERFMTW *format, LPWSTR buffer, int room)
{
    WCHAR name[LOCALE_NAME_MAX_LENGTH];

    if (!name_of(id, name))
        return nls_fail(ERROR_INVALID_PARAMETER);
    return GetNumberFormatEx(name, flags & ~(DWORD)LOCALE_USE_CP_ACP, value, format, buffer, room);
}

int WINAPI GetCurrencyFormatW(LCID id, DWORD flags, LPCWSTR value, const CURRENCYFMTW *format, LPWSTR buffer,
                              int room)
{
    WCHAR name[LOCALE_NAME_MAX_LENGTH];

    if (!name_of(id, name))
        return nls_fail(ERROR_INVALID_PARAMETER);
    return GetCurrencyFormatEx(name, flags & ~(DWORD)LOCALE_USE_CP_ACP, value, format, buffer, room);
}

static WCHAR *widen(const char *text, WCHAR *wide, int room)
{
    return text && MultiByteToWideChar(CP_ACP, 0, text, -1, wide, room) ? wide : NULL;
}

static int narrow(int length, const WCHAR *wide, char *buffer, int room)
{
    return length ? WideCharToMultiByte(CP_ACP, 0, wide, -1, buffer, room, NULL, NULL) : 0;
}

int WINAPI GetNumberFormatA(LCID id, DWORD flags, LPCSTR value, const NUMBERFMTA *format, LPSTR buffer, int room)
{
    WCHAR wide[256], text[512], decimal[TEXT_ROOM], thousand[TEXT_ROOM];
    NUMBERFMTW wide_format;

    if (!widen(value, wide, 256))
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (format) {
        memcpy(&wide_format, format, sizeof(wide_format));
        wide_format.lpDecimalSep = widen(format->lpDecimalSep, decimal, TEXT_ROOM);
        wide_format.lpThousandSep = widen(format->lpThousandSep, thousand, TEXT_ROOM);
    }
    return narrow(GetNumberFormatW(id, flags, wide, format ? &wide_format : NULL, text, 512), text, buffer, room);
}

int WINAPI GetCurrencyFormatA(LCID id, DWORD flags, LPCSTR value, const CURRENCYFMTA *format, LPSTR buffer, int room)
{
    WCHAR wide[256], text[512], decimal[TEXT_ROOM], thousand[TEXT_ROOM], symbol[TEXT_ROOM];
    CURRENCYFMTW wide_format;

    if (!widen(value, wide, 256))
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (format) {
        memcpy(&wide_format, format, sizeof(wide_format));
        wide_format.lpDecimalSep = widen(format->lpDecimalSep, decimal, TEXT_ROOM);
        wide_format.lpThousandSep = widen(format->lpThousandSep, thousand, TEXT_ROOM);
        wide_format.lpCurrencySymbol = widen(format->lpCurrencySymbol, symbol, TEXT_ROOM);
    }
    return narrow(GetCurrencyFormatW(id, flags, wide, format ? &wide_format : NULL, text, 512), text, buffer, room);
}
