/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The reports of `decant conformance`: a table, JSON, TAP, JUnit XML and a page with the hosts side by
 * side.
 */
#include <string.h>

#include "conformance.h"

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[] = {"passed", "failed", "crashed", "timed out"};

    return names[outcome];
}

/* How many bytes of text are one character of UTF-8; 0: none that is valid. */
static size_t character_length(const unsigned char *text, size_t room)
{
    unsigned char first = text[0], low = 0x80, high = 0xbf;
    size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    if (!length || length > room || first > 0xf4)
        return 0;
    if (first == 0xe0) /* not longer than need be, no surrogates, not beyond U+10FFFF */
        low = 0xa0;
    if (first == 0xed)
        high = 0x9f;
    if (first == 0xf0)
        low = 0x90;
    if (first == 0xf4)
        high = 0x8f;
    for (size_t i = 1; i < length; i++) {
        if (text[i] < low || text[i] > high)
            return 0;
        low = 0x80, high = 0xbf;
    }
    return length;
}

/* Every line of text with a prefix. */
static void print_lines(FILE *out, const char *prefix, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\r\n");

        if (length)
            fprintf(out, "%s%.*s\n", prefix, (int)length, text);
        text += length;
        text += strspn(text, "\r\n");
    }
}

struct totals run_totals(const struct run *run, size_t host)
{
    struct totals totals = {0};

    for (size_t i = 0; i < run->program_count; i++) {
        const struct result *result = run_result(run, i, host);

        totals.expectations += result->tests;
        totals.todos += result->todos;
        totals.skips += result->skips;
        totals.unexpected += result->failures;
        /* Without a failure of its own: it crashed, hung, or ended with another code. */
        totals.unexpected += result->outcome != OUTCOME_PASSED && !result->failures;
    }
    return totals;
}

/* What held and was not marked. A todo that succeeded fails beside its expectations, which hold. */
static long passed_count(const struct result *result)
{
    long passed = result->tests - result->todos - result->failures;

    return passed > 0 ? passed : 0;
}

void report_table(const struct run *run, FILE *out)
{
    for (size_t k = 0; k < run->host_count; k++) {
        fprintf(out, "%-34s %7s %7s %7s %8s\n", run->hosts[k].name, "passed", "todo", "failed",
                "seconds");
        for (size_t i = 0; i < run->program_count; i++) {
            const struct result *result = run_result(run, i, k);

            fprintf(out, "%-34s %7ld %7ld %7ld %8.1f", run->programs[i], passed_count(result),
                    result->todos, result->failures, result->seconds);
            if (result->outcome == OUTCOME_CRASHED || result->outcome == OUTCOME_TIMED_OUT)
                fprintf(out, "  %s", outcome_name(result->outcome));
            else if (result->outcome == OUTCOME_FAILED && !result->failures)
                fprintf(out, "  exit code %d", result->exit_code);
            fputc('\n', out);
        }
    }
    for (size_t k = 0; k < run->host_count; k++) {
        struct totals totals = run_totals(run, k);

        for (size_t i = 0; i < run->program_count; i++) {
            const struct result *result = run_result(run, i, k);

            if (result->outcome == OUTCOME_PASSED)
                continue;
            fprintf(out, "\n%s on %s: %s, exit code %d\n", run->programs[i], run->hosts[k].name,
                    outcome_name(result->outcome), result->exit_code);
            print_lines(out, "  ", result->output);
        }
        fprintf(out, "%s%s: %ld expectations, %ld known disagreements (todo), %ld unexpected\n",
                k ? "" : "\n", run->hosts[k].version, totals.expectations, totals.todos,
                totals.unexpected);
    }
}

/* Programs print in the code page of the console: what is no UTF-8 is shown byte by byte. */
static void print_json_string(FILE *out, const char *text, size_t length)
{
    fputc('"', out);
    for (size_t i = 0, step; i < length; i += step ? step : 1) {
        unsigned char c = (unsigned char)text[i];

        step = character_length((const unsigned char *)text + i, length - i);
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 32 || !step)
            fprintf(out, "\\u%04x", c);
        else
            fwrite(text + i, step, 1, out);
    }
    fputc('"', out);
}

/* The lines of the output that begin so, without the beginning. */
static void print_json_lines(FILE *out, const char *name, const char *text, const char *beginning)
{
    const char *comma = "";

    fprintf(out, ", \"%s\": [", name);
    for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
        if (strncmp(text, beginning, strlen(beginning)))
            continue;
        fputs(comma, out);
        print_json_string(out, text + strlen(beginning),
                          strcspn(text, "\r\n") - strlen(beginning));
        comma = ", ";
    }
    fputc(']', out);
}

void report_json(const struct run *run, FILE *out)
{
    fputs("{\n\"hosts\": [", out);
    for (size_t k = 0; k < run->host_count; k++) {
        struct totals totals = run_totals(run, k);

        fprintf(out, "%s\n  {\"name\": \"%s\", \"version\": ", k ? "," : "", run->hosts[k].name);
        print_json_string(out, run->hosts[k].version, strlen(run->hosts[k].version));
        fprintf(out, ", \"expectations\": %ld, \"todo\": %ld, \"unexpected\": %ld, \"skipped\": %ld}",
                totals.expectations, totals.todos, totals.unexpected, totals.skips);
    }
    fputs("\n],\n\"programs\": [", out);
    for (size_t i = 0; i < run->program_count; i++) {
        for (size_t k = 0; k < run->host_count; k++) {
            const struct result *result = run_result(run, i, k);

            fprintf(out,
                    "%s\n  {\"program\": \"%s\", \"host\": \"%s\", \"outcome\": \"%s\", "
                    "\"passed\": %ld, \"todo\": %ld, \"failed\": %ld, \"skipped\": %ld, "
                    "\"exit_code\": %d, \"seconds\": %.3f",
                    i + k ? "," : "", run->programs[i], run->hosts[k].name,
                    outcome_name(result->outcome), passed_count(result), result->todos,
                    result->failures, result->skips, result->exit_code, result->seconds);
            print_json_lines(out, "todos", result->output, "todo: ");
            print_json_lines(out, "failures", result->output, "FAIL");
            print_json_lines(out, "fixed", result->output, "fixed: ");
            print_json_lines(out, "skips", result->output, "skip: ");
            fputc('}', out);
        }
    }
    fputs("\n]\n}\n", out);
}

void report_tap(const struct run *run, FILE *out)
{
    size_t number = 0;

    fprintf(out, "TAP version 13\n1..%zu\n", run->program_count * run->host_count);
    for (size_t i = 0; i < run->program_count; i++) {
        for (size_t k = 0; k < run->host_count; k++) {
            const struct result *result = run_result(run, i, k);
            bool is_good = result->outcome == OUTCOME_PASSED;

            fprintf(out, "%s %zu - %s on %s: %s, %ld tests, %ld todo, %ld failures, %ld skipped\n",
                    is_good ? "ok" : "not ok", ++number, run->programs[i], run->hosts[k].name,
                    outcome_name(result->outcome), result->tests, result->todos, result->failures,
                    result->skips);
            if (!is_good)
                print_lines(out, "# ", result->output);
        }
    }
}

/* XML and HTML text; control characters that XML forbids, and what is no UTF-8, become '?'. */
static void print_escaped(FILE *out, const char *text)
{
    size_t room = strlen(text), step;

    for (; *text; text += step, room -= step) {
        step = character_length((const unsigned char *)text, room);
        switch (*text) {
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '&': fputs("&amp;", out); break;
        case '"': fputs("&quot;", out); break;
        case '\r': break;
        default:
            if (!step || ((unsigned char)*text < 32 && *text != '\n' && *text != '\t'))
                fputc('?', out);
            else
                fwrite(text, step, 1, out);
        }
        step += !step;
    }
}

void report_junit(const struct run *run, FILE *out)
{
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", out);
    for (size_t k = 0; k < run->host_count; k++) {
        size_t failures = 0;

        for (size_t i = 0; i < run->program_count; i++)
            failures += run_result(run, i, k)->outcome != OUTCOME_PASSED;
        fprintf(out, "  <testsuite name=\"%s\" tests=\"%zu\" failures=\"%zu\">\n",
                run->hosts[k].name, run->program_count, failures);
        for (size_t i = 0; i < run->program_count; i++) {
            const struct result *result = run_result(run, i, k);

            fprintf(out, "    <testcase classname=\"conformance.%s\" name=\"%s\" time=\"%.3f\">\n",
                    run->hosts[k].name, run->programs[i], result->seconds);
            if (result->outcome != OUTCOME_PASSED) {
                fprintf(out, "      <failure message=\"%s, exit code %d\">",
                        outcome_name(result->outcome), result->exit_code);
                print_escaped(out, result->output);
                fputs("</failure>\n", out);
            }
            fputs("    </testcase>\n", out);
        }
        fputs("  </testsuite>\n", out);
    }
    fputs("</testsuites>\n", out);
}

void report_html(const struct run *run, FILE *out)
{
    fputs("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
          "<title>Decant conformance</title><style>"
          "body{font:15px/1.4 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em}"
          "table{border-collapse:collapse;width:100%}"
          "td,th{border-bottom:1px solid #8884;padding:.3em .6em;text-align:left;"
          "vertical-align:top}"
          ".passed{color:#187a2f}.bad{color:#b3261e}pre{overflow:auto;max-height:20em}"
          "@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}"
          ".passed{color:#6fcf87}.bad{color:#ff8a80}}"
          "</style><h1>Conformance, side by side</h1><table><tr><th>program</th>",
          out);
    for (size_t k = 0; k < run->host_count; k++)
        fprintf(out, "<th>%s</th>", run->hosts[k].name);
    fputs("</tr>\n", out);
    for (size_t i = 0; i < run->program_count; i++) {
        fprintf(out, "<tr><td>%s</td>", run->programs[i]);
        for (size_t k = 0; k < run->host_count; k++) {
            const struct result *result = run_result(run, i, k);
            bool is_good = result->outcome == OUTCOME_PASSED;

            fprintf(out, "<td class=\"%s\">%s: %ld tests, %ld todo, %ld failures, %ld skipped",
                    is_good ? "passed" : "bad", outcome_name(result->outcome), result->tests,
                    result->todos, result->failures, result->skips);
            if (!is_good || result->todos || result->skips) {
                fputs("<details><summary>output</summary><pre>", out);
                print_escaped(out, result->output);
                fputs("</pre></details>", out);
            }
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</table></html>\n", out);
}
