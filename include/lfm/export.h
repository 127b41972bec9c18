/* liblfm: how public functions are declared. Nothing else lives here. */
#ifndef LFM_EXPORT_H
#define LFM_EXPORT_H

#if defined(__GNUC__) || defined(__clang__)
#define LFM_API __attribute__((visibility("default")))
#else
#define LFM_API
#endif

#ifdef __cplusplus
#define LFM_BEGIN_DECLS extern "C" {
#define LFM_END_DECLS }
#else
#define LFM_BEGIN_DECLS
#define LFM_END_DECLS
#endif

#endif
