/* Assertions that say what they saw. */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "lfm/lfm.h"

/* Tell CUnit of a passed or failed assertion. Fatal ones leave the test. Returns `passed`. */
bool check_report(bool passed, bool fatal, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

bool check_status(lfm_status got, lfm_status wanted, bool fatal, const char *file, int line,
                  const char *call);
bool check_integer(long long got, long long wanted, const char *file, int line, const char *what);
bool check_close(double got, double wanted, double relative, double absolute, const char *file,
                 int line, const char *what);
bool check_failure(lfm_status got, lfm_status wanted, const char *part, const char *file, int line,
                   const char *call);
bool check_message(const char *part, const char *file, int line);

#define CHECK(condition) check_report((condition), false, __FILE__, __LINE__, "%s", #condition)
#define REQUIRE(condition) check_report((condition), true, __FILE__, __LINE__, "%s", #condition)

/* A call's status; REQUIRE_… ends the test when it is another. */
#define CHECK_STATUS(call, wanted) check_status((call), (wanted), false, __FILE__, __LINE__, #call)
#define CHECK_OK(call) CHECK_STATUS(call, LFM_OK)
#define REQUIRE_OK(call) check_status((call), LFM_OK, true, __FILE__, __LINE__, #call)

/* lfm_last_message() contains `part` and is one line. */
#define CHECK_MESSAGE(part) check_message((part), __FILE__, __LINE__)

/* A call that fails with a status and a message that contains `part`. */
#define CHECK_FAILS(call, wanted, part)                                                            \
    check_failure((call), (wanted), (part), __FILE__, __LINE__, #call)

#define CHECK_INTEGER(got, wanted)                                                                 \
    check_integer((long long)(got), (long long)(wanted), __FILE__, __LINE__, #got)
#define CHECK_CLOSE(got, wanted, relative, absolute)                                               \
    check_close((double)(got), (double)(wanted), (relative), (absolute), __FILE__, __LINE__, #got)

#endif
