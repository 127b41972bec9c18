/* From a path and its parameters to a status and JSON; knows nothing of connections. */
#ifndef SERVICE_ANSWERS_H
#define SERVICE_ANSWERS_H

#include "store.h"

enum { MAX_PARAMETERS = 8 };

typedef struct parameter {
    const char *name, *value; /* value NULL: none was given */
    size_t name_length, value_length;
} parameter;

typedef struct query {
    parameter parameters[MAX_PARAMETERS];
    int n; /* of those given; those beyond MAX_PARAMETERS are only counted */
} query;

typedef struct answer {
    unsigned status; /* as HTTP counts them */
    char *body;      /* JSON, to be freed; NULL: no memory */
    size_t length;
} answer;

answer answer_query(store *models, const char *path, const query *query);

/* {"error": message, "status": status} */
answer answer_error(unsigned status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
