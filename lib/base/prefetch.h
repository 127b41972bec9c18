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

/* The same of what will be written to. The line becomes this processor's alone at once; otherwise the first store would wait
 * for another journey to the processor that shares it. GCC's own fetches it for reading only, unless told that all x86
 * processors know better: those that do not (Intel's before Broadwell) take the instruction for none. */
static inline void lfmi_prefetch_to_write(const void *address)
{
#ifdef __x86_64__
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)address));
#else
    __builtin_prefetch(address, 1);
    __asm__ volatile("");
#endif
}

#endif
