/* The model that answers at present, and the thread that puts another in its place. */
#ifndef SERVICE_STORE_H
#define SERVICE_STORE_H

#include "serving.h"

typedef struct store store;

typedef struct store_state {
    int64_t loads;    /* that worked, the first included */
    int64_t failures; /* reloads that did not */
} store_state;

/* Load the first model and start the thread that reloads. NULL after a line on stderr. path: kept. */
store *store_open(const char *path, bool check);

/* Stop reloading, and free everything. No request may hold a model any more. */
void store_close(store *s);

/* Ask for a reload and return at once. Requests that come while one runs lead to one more. */
void store_reload(store *s);

/* Take the model of the moment, to be given back: it stays whole, whatever is loaded meanwhile. */
serving *store_take(store *s);
void store_give_back(store *s, serving *taken);

store_state store_look(store *s);

#endif
