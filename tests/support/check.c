/* Assertions that say what they saw. */
#include "check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <CUnit/TestRun.h>

/* Too large an allocation is NULL under AddressSanitizer too: what becomes of it is tested. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }

bool check_report(bool passed, bool fatal, const char *file, int line, const char *format, ...)
{
    char text[600] = "";
    if (!passed) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
    }
    if (CU_get_current_test() == NULL) { /* a child process, or a program's own mode */
        if (!passed) {
            fprintf(stderr, "%s:%d: %s\n", file, line, text);
            abort();
        }
        return true;
    }
    CU_assertImplementation(passed ? CU_TRUE : CU_FALSE, (unsigned int)line, text, file, "",
                            fatal ? CU_TRUE : CU_FALSE);
    return passed;
}

bool check_status(lfm_status got, lfm_status wanted, bool fatal, const char *file, int line,
                  const char *call)
{
    bool passed = got == wanted;
    /* A success leaves no message, a failure always does. */
    const bool message_fits = (got == LFM_OK) == (lfm_last_message()[0] == '\0');
    check_report(passed, fatal, file, line, "%s: %s, wanted %s: %s", call, lfm_status_name(got),
                 lfm_status_name(wanted), lfm_last_message());
    return check_report(message_fits, false, file, line, "%s: %s with the message '%s'", call,
                        lfm_status_name(got), lfm_last_message()) &&
           passed;
}

bool check_integer(long long got, long long wanted, const char *file, int line, const char *what)
{
    return check_report(got == wanted, false, file, line, "%s is %lld, wanted %lld", what, got,
                        wanted);
}

bool check_close(double got, double wanted, double relative, double absolute, const char *file,
                 int line, const char *what)
{
    const double off = fabs(got - wanted);
    const bool passed = got == wanted || off <= absolute || off <= relative * fabs(wanted);
    return check_report(passed, false, file, line, "%s is %.9g, wanted %.9g (off by %.3g)", what,
                        got, wanted, off);
}

bool check_message(const char *part, const char *file, int line)
{
    const char *message = lfm_last_message();
    return check_report(strstr(message, part) != NULL && strchr(message, '\n') == NULL, false, file,
                        line, "the message '%s' should be one line with '%s'", message, part);
}

bool check_failure(lfm_status got, lfm_status wanted, const char *part, const char *file, int line,
                   const char *call)
{
    return check_status(got, wanted, false, file, line, call) && check_message(part, file, line);
}
