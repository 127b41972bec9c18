#include "CUnit/CUnit.h"
