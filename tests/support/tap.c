/* CUnit underneath, TAP on top. */
#include "tap.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>

enum { MAX_REPORTED = 20 };

static int finished;
static unsigned int asserts_before;
static char skip_reason[256], todo_reason[256];
static int todo_failed;

void tap_skip(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(skip_reason, sizeof skip_reason, format, arguments);
    va_end(arguments);
}

void tap_todo(const char *reason) { snprintf(todo_reason, sizeof todo_reason, "%s", reason); }

void tap_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("# ");
    vprintf(format, arguments);
    putchar('\n');
    fflush(stdout);
    va_end(arguments);
}

static void at_start(const CU_pTest test, const CU_pSuite suite)
{
    (void)test;
    (void)suite;
    skip_reason[0] = todo_reason[0] = '\0';
    asserts_before = CU_get_number_of_asserts();
}

static void at_end(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
    const bool skipped = skip_reason[0] != '\0';
    const bool todo = !skipped && todo_reason[0] != '\0';
    const bool idle = !skipped && CU_get_number_of_asserts() == asserts_before;
    finished++;
    todo_failed += todo && failure != NULL;
    printf("%s %d - %s: %s%s%s\n", failure != NULL || idle ? "not ok" : "ok", finished,
           suite->pName, test->pName, skipped ? " # SKIP " : todo ? " # TODO " : "",
           skipped ? skip_reason : todo_reason);
    if (idle)
        printf("# nothing was asserted\n");
    int reported = 0;
    for (CU_pFailureRecord at = failure; at != NULL && reported < MAX_REPORTED; at = at->pNext) {
        printf("# %s:%u: %s\n", at->strFileName, at->uiLineNumber, at->strCondition);
        reported++;
    }
    fflush(stdout);
}

int tap_main(const char *suite_name, const tap_test *tests, int n_tests, int argc, char **argv)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite(suite_name, NULL, NULL);
    int planned = 0;
    for (int i = 0; suite != NULL && i < n_tests; i++) {
        if (argc > 1 && strstr(tests[i].name, argv[1]) == NULL)
            continue;
        if (CU_add_test(suite, tests[i].name, tests[i].run) == NULL) {
            printf("Bail out! CUnit does not take the test %s: %s\n", tests[i].name,
                   CU_get_error_msg());
            return 1;
        }
        planned++;
    }
    printf("1..%d\n", planned);
    fflush(stdout);
    CU_set_test_start_handler(at_start);
    CU_set_test_complete_handler(at_end);
    const CU_ErrorCode error = CU_run_all_tests();
    const bool bad = error != CUE_SUCCESS || CU_get_number_of_tests_failed() > (unsigned int)todo_failed || finished != planned;
    CU_cleanup_registry();
    return bad ? 1 : 0;
}
