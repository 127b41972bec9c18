/* The part of CUnit's interface that tests/support uses, for builds whose machine has no CUnit. */
#ifndef CUNIT_STAND_IN_H
#define CUNIT_STAND_IN_H

enum { CU_FALSE = 0, CU_TRUE = 1 };
typedef enum CU_ErrorCode { CUE_SUCCESS = 0, CUE_NOMEMORY = 1 } CU_ErrorCode;

typedef struct CU_FailureRecord {
    unsigned int uiLineNumber;
    char *strFileName, *strCondition;
    struct CU_FailureRecord *pNext;
} *CU_pFailureRecord;

typedef struct CU_Test {
    const char *pName;
    void (*run)(void);
} *CU_pTest;

typedef struct CU_Suite {
    const char *pName;
} *CU_pSuite;

typedef void (*CU_TestStartMessageHandler)(const CU_pTest test, const CU_pSuite suite);
typedef void (*CU_TestCompleteMessageHandler)(const CU_pTest test, const CU_pSuite suite,
                                              const CU_pFailureRecord failure);

CU_ErrorCode CU_initialize_registry(void);
void CU_cleanup_registry(void);
/* One suite at a time, without functions of its own. */
CU_pSuite CU_add_suite(const char *name, int (*initialise)(void), int (*clean_up)(void));
CU_pTest CU_add_test(CU_pSuite suite, const char *name, void (*run)(void));
const char *CU_get_error_msg(void);
void CU_set_test_start_handler(CU_TestStartMessageHandler handler);
void CU_set_test_complete_handler(CU_TestCompleteMessageHandler handler);
CU_ErrorCode CU_run_all_tests(void);
unsigned int CU_get_number_of_asserts(void);
unsigned int CU_get_number_of_tests_failed(void);
CU_pTest CU_get_current_test(void);
int CU_assertImplementation(int passed, unsigned int line, const char *condition, const char *file,
                            const char *function, int fatal);

#endif
