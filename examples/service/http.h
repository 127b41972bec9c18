/* HTTP: connections, requests and responses. */
#ifndef SERVICE_HTTP_H
#define SERVICE_HTTP_H

#include "store.h"

typedef struct http http;

/* Answer on a listening socket, which it takes over, with a pool of threads. NULL after a line on stderr. */
http *http_start(store *models, int listening, int threads);

/* Accept no more, let what is under way end (for a second or two at most), close everything. */
void http_stop(http *h);

/* A socket that listens at a numeric address, port 0 standing for any that is free; *port becomes the real one.
 * -1 after a line on stderr. */
int http_listen(const char *address, int port, int *real_port);

#endif
