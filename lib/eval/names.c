/* Metrics as text. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "eval/metrics.h"

const char *lfm_metric_name(int32_t metric)
{
    const lfmi_metric_row *row = lfmi_metric_find(metric);
    return row != NULL ? row->name : NULL;
}

int32_t lfm_metric_has_k(int32_t metric)
{
    const lfmi_metric_row *row = lfmi_metric_find(metric);
    return row != NULL && row->uses_k;
}

/* The metric whose name is the first `length` bytes of text, -1 if there is none. */
static int32_t find_name(const char *text, size_t length)
{
    const char *name;
    for (int32_t i = 0; (name = lfm_metric_name(i)) != NULL; i++) {
        if (strlen(name) == length && memcmp(name, text, length) == 0)
            return i;
    }
    return -1;
}

static lfm_status unknown_metric(const char *text)
{
    char known[256] = "";
    const char *name;
    for (int32_t i = 0; (name = lfm_metric_name(i)) != NULL; i++) {
        strcat(known, i > 0 ? ", " : "");
        strcat(known, name);
        strcat(known, lfm_metric_has_k(i) ? "@K" : "");
    }
    return lfmi_fail(LFM_ERROR_OPTION, "'%.40s' is no metric: there are %s", text, known);
}

/* Read digits; 0 when they are none, or no number from 1 to INT32_MAX. */
static int32_t read_k(const char *digits)
{
    int64_t k = 0;
    for (; *digits >= '0' && *digits <= '9' && k <= INT32_MAX; digits++)
        k = 10 * k + (*digits - '0');
    return *digits == '\0' && k <= INT32_MAX ? (int32_t)k : 0;
}

lfm_status lfm_metric_parse(const char *text, lfm_metric *metric)
{
    lfmi_clear_message();
    LFMI_REQUIRE(text);
    LFMI_REQUIRE(metric);
    const char *at = strchr(text, '@');
    const lfm_metric known = {find_name(text, at != NULL ? (size_t)(at - text) : strlen(text)),
                              at != NULL ? read_k(at + 1) : 0};
    if (known.metric < 0)
        return unknown_metric(text);
    const char *name = lfm_metric_name(known.metric);
    if (lfm_metric_has_k(known.metric) && known.k < 1)
        return lfmi_fail(LFM_ERROR_OPTION, "'%.40s': write %s@K with K a whole number from 1", text, name);
    if (!lfm_metric_has_k(known.metric) && at != NULL)
        return lfmi_fail(LFM_ERROR_OPTION, "'%.40s': %s has no K", text, name);
    *metric = known;
    return LFM_OK;
}

lfm_status lfm_metric_format(const lfm_metric *metric, char *text, size_t size)
{
    lfmi_clear_message();
    LFMI_REQUIRE(metric);
    LFMI_REQUIRE(text);
    const lfmi_metric_row *row = lfmi_metric_find(metric->metric);
    if (row == NULL)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "there is no metric number %d", metric->metric);
    if (row->uses_k && metric->k < 1)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "k of %s is %d, must be 1 or more", row->name, metric->k);
    char whole[40];
    const int length = row->uses_k ? snprintf(whole, sizeof whole, "%s@%d", row->name, metric->k)
                                   : snprintf(whole, sizeof whole, "%s", row->name);
    if ((size_t)length >= size)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_metric_format: %zu bytes are too few for %s", size, whole);
    memcpy(text, whole, (size_t)length + 1);
    return LFM_OK;
}
