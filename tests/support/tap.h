/* Runs a list of CUnit tests and prints what came of them as TAP, so that meson counts each. */
#ifndef TEST_TAP_H
#define TEST_TAP_H

typedef struct tap_test {
    const char *name;
    void (*run)(void);
} tap_test;

/* Run the tests of `suite` whose names contain argv[1] (all, without one), print TAP on standard output
 * and return what main() should return. A test in which nothing was asserted counts as failed. */
int tap_main(const char *suite, const tap_test *tests, int n_tests, int argc, char **argv);
#define TAP_MAIN(suite, tests, argc, argv)                                                         \
    tap_main((suite), (tests), (int)(sizeof(tests) / sizeof *(tests)), (argc), (argv))

/* Mark the running test as skipped, with a reason. The test then returns by itself. */
void tap_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Mark the running test as one that is known to fail, with what is missing: reported, not counted. */
void tap_todo(const char *reason);

/* Print a line for whoever reads the log. */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
