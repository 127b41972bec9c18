/* An allocator for contexts that counts, checks what comes back, and fails when it is told to. */
#ifndef TEST_COUNTING_H
#define TEST_COUNTING_H

#include <stdatomic.h>
#include <stdint.h>

#include "lfm/context.h"

typedef struct counting {
    atomic_llong calls;      /* of allocate so far */
    atomic_llong live;       /* blocks out */
    atomic_llong live_bytes; /* in them */
    atomic_llong errors;     /* wrong size, alignment or guard at deallocate, bad arguments */
    long long fail_at;       /* the call that fails, counted from 1; 0: none */
    int fail_all_after;      /* 1: every later one too */
} counting;

/* A context that allocates through `counts`; log may be NULL. Ends the test when there is none. */
lfm_context *counting_context(counting *counts, lfm_log_fn log, void *log_user_data);

/* Fill in the allocator of context options. */
void counting_install(counting *counts, lfm_context_options *options);

#endif
