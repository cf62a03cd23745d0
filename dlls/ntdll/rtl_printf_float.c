/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Floating-point numbers to text, exactly: a double is mantissa × 2^exponent, so its decimal expansion is
 * finite. It is held in base 10^9 and rounded half to even, as Windows' UCRT does.
 */
#include "rtl_printf.h"

#define BASE        1000000000u
#define INT_WORDS   36  /* 2^1024 has 309 digits */
#define FRAC_WORDS  120 /* 2^-1074 has 1074 digits behind the point */
#define MAX_DIGITS  (9 * (INT_WORDS + FRAC_WORDS))

/* The number's decimal digits; the point stands behind `point` of them. */
struct decimal {
    char digits[MAX_DIGITS + 1];
    int count, point;
};

/* value, finite and not negative, as digits without leading zeros. */
static void expand(double value, struct decimal *out)
{
    uint32_t whole[INT_WORDS] = {0}, part[FRAC_WORDS] = {0};
    uint64_t bits, mantissa;
    int exponent, first;

    memcpy(&bits, &value, sizeof(bits));
    exponent = (int)(bits >> 52 & 0x7ff);
    mantissa = bits & 0xfffffffffffffull;
    if (exponent)
        mantissa |= 1ull << 52;
    else
        exponent = 1;
    exponent -= 1075;
    /* whole[] is least significant word first; part[] most significant first. */
    if (exponent < 0) {
        uint64_t head = exponent > -64 ? mantissa >> -exponent : 0;

        for (int i = 0; head; i++, head /= BASE)
            whole[i] = (uint32_t)(head % BASE);
        /* The fraction: mantissa's low bits, one by one from the lowest, halving each time. */
        for (int bit = 0; bit < 53 && bit < -exponent; bit++) {
            uint64_t rest = 0;

            if (mantissa >> bit & 1)
                rest = 1;
            for (int i = 0; i < FRAC_WORDS; i++) {
                uint64_t current = rest * BASE + part[i];

                part[i] = (uint32_t)(current / 2);
                rest = current % 2;
            }
        }
        for (int shift = 53; shift < -exponent; shift++) {
            uint64_t rest = 0;

            for (int i = 0; i < FRAC_WORDS; i++) {
                uint64_t current = rest * BASE + part[i];

                part[i] = (uint32_t)(current / 2);
                rest = current % 2;
            }
        }
    } else {
        uint64_t carry;

        for (int i = 0; mantissa; i++, mantissa /= BASE)
            whole[i] = (uint32_t)(mantissa % BASE);
        for (int shift = 0; shift < exponent; shift++) {
            carry = 0;
            for (int i = 0; i < INT_WORDS; i++) {
                carry += (uint64_t)whole[i] * 2;
                whole[i] = (uint32_t)(carry % BASE);
                carry /= BASE;
            }
        }
    }
    for (int i = 0; i < INT_WORDS + FRAC_WORDS; i++) {
        uint32_t word = i < INT_WORDS ? whole[INT_WORDS - 1 - i] : part[i - INT_WORDS];

        for (int d = 8; d >= 0; d--, word /= 10)
            out->digits[i * 9 + d] = (char)('0' + word % 10);
    }
    out->point = INT_WORDS * 9;
    out->count = MAX_DIGITS;
    for (first = 0; first < out->count - 1 && out->digits[first] == '0'; first++)
        ;
    memmove(out->digits, out->digits + first, (size_t)(out->count - first));
    out->count -= first;
    out->point -= first;
}

/* Keeps `keep` digits (may be 0 or negative: none), half to even. A carry may add one in front. */
static void round_digits(struct decimal *d, int keep)
{
    bool up;
    int i;

    if (keep >= d->count)
        return;
    if (keep < 0) {
        d->count = 0;
        return;
    }
    up = d->digits[keep] > '5';
    if (d->digits[keep] == '5') {
        for (i = keep + 1; i < d->count && d->digits[i] == '0'; i++)
            ;
        up = i < d->count || (keep > 0 && (d->digits[keep - 1] & 1));
    }
    d->count = keep;
    if (!up)
        return;
    for (i = keep - 1; i >= 0; i--) {
        if (d->digits[i] != '9') {
            d->digits[i]++;
            return;
        }
        d->digits[i] = '0';
    }
    memmove(d->digits + 1, d->digits, (size_t)d->count);
    d->digits[0] = '1';
    d->count++;
    d->point++;
}

static char digit_at(const struct decimal *d, int index)
{
    return index >= 0 && index < d->count ? d->digits[index] : '0';
}

static int write_fixed(char *text, struct decimal *d, int precision, bool alternate)
{
    int length = 0;

    round_digits(d, d->point + precision);
    if (d->point <= 0)
        text[length++] = '0';
    for (int i = 0; i < d->point; i++)
        text[length++] = digit_at(d, i);
    if (precision || alternate)
        text[length++] = '.';
    for (int i = 0; i < precision; i++)
        text[length++] = digit_at(d, d->point + i);
    return length;
}

static int write_exponent(char *text, struct decimal *d, int precision, bool alternate, bool capital)
{
    bool is_zero = d->digits[0] == '0';
    int length = 0, exponent;

    round_digits(d, precision + 1);
    exponent = is_zero ? 0 : d->point - 1;
    text[length++] = digit_at(d, 0);
    if (precision || alternate)
        text[length++] = '.';
    for (int i = 1; i <= precision; i++)
        text[length++] = digit_at(d, i);
    text[length++] = capital ? 'E' : 'e';
    text[length++] = exponent < 0 ? '-' : '+';
    if (exponent < 0)
        exponent = -exponent;
    if (exponent >= 100)
        text[length++] = (char)('0' + exponent / 100);
    text[length++] = (char)('0' + exponent / 10 % 10);
    text[length++] = (char)('0' + exponent % 10);
    return length;
}

int printf_format_double(char *text, double value, int precision, char form, bool alternate,
                         bool *negative)
{
    bool capital = form >= 'A' && form <= 'Z';
    struct decimal d;
    uint64_t bits;
    int length, end, exponent;

    memcpy(&bits, &value, sizeof(bits));
    *negative = bits >> 63;
    bits &= ~(1ull << 63);
    memcpy(&value, &bits, sizeof(bits));
    if (bits >> 52 == 0x7ff) {
        memcpy(text, bits << 12 ? (capital ? "NAN" : "nan") : (capital ? "INF" : "inf"), 3);
        return 3;
    }
    if (precision < 0)
        precision = 6;
    if (precision > PRINTF_MAX_PRECISION)
        precision = PRINTF_MAX_PRECISION;
    expand(value, &d);
    if (form == 'f' || form == 'F')
        return write_fixed(text, &d, precision, alternate);
    if (form == 'e' || form == 'E')
        return write_exponent(text, &d, precision, alternate, capital);

    /* %g: the shorter of the two, without zeros at the end. */
    if (!precision)
        precision = 1;
    if (d.digits[0] == '0') {
        exponent = 0;
    } else {
        round_digits(&d, precision);
        exponent = d.point - 1;
    }
    if (exponent < -4 || exponent >= precision)
        length = write_exponent(text, &d, precision - 1, alternate, capital);
    else
        length = write_fixed(text, &d, precision - 1 - exponent, alternate);
    if (alternate)
        return length;
    for (end = 0; end < length && text[end] != 'e' && text[end] != 'E'; end++)
        ;
    if (memchr(text, '.', (size_t)end)) {
        int keep = end;

        while (text[keep - 1] == '0')
            keep--;
        if (text[keep - 1] == '.')
            keep--;
        memmove(text + keep, text + end, (size_t)(length - end));
        length -= end - keep;
    }
    return length;
}
