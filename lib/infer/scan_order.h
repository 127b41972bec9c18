/* The order in which a scorer's items are scanned. */
#ifndef LFMI_SCAN_ORDER_H
#define LFMI_SCAN_ORDER_H

#include "infer/scorer.h"

/* Fill scorer->order: first the items that score high with many users, so that thresholds rise early and few
 * other items are looked at. Errors: MEMORY. */
lfm_status lfmi_scan_order(lfm_scorer *scorer);

#endif
