/* Asking for memory ahead of its use. */
#ifndef LFMI_PREFETCH_H
#define LFMI_PREFETCH_H

/* A function that does nothing but prefetch has no effect in the eyes of GCC, which then drops the calls of it. An empty
 * volatile asm is an effect, without an instruction. */
static inline void lfmi_prefetch(const void *address)
{
    __builtin_prefetch(address);
    __asm__ volatile("");
}

#endif
