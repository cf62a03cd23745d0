/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The reports of `decant conformance`: TAP, JUnit XML and a page with the hosts side by side.
 */
#include <string.h>

#include "conformance.h"

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[] = {"passed", "failed", "crashed", "timed out"};

    return names[outcome];
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

/* XML and HTML text; control characters that XML forbids become '?'. */
static void print_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '&': fputs("&amp;", out); break;
        case '"': fputs("&quot;", out); break;
        case '\r': break;
        default:
            fputc((unsigned char)*text < 32 && *text != '\n' && *text != '\t' ? '?' : *text, out);
        }
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
