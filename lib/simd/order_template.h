/* Many positions of an order at once: plain C that becomes vectors of whatever the file is compiled for. */
#include "base/order.h"

static void permute(const lfmi_order *order, int64_t begin, int32_t n, int64_t *entries)
{
    enum { BLOCK = 64 };
    for (int32_t done = 0; done < n; done += BLOCK) {
        const int32_t size = n - done < BLOCK ? n - done : BLOCK;
        uint32_t passed[BLOCK];
        const bool quick = order->narrow && !order->stored && size == BLOCK;
        for (uint32_t i = 0; i < BLOCK && quick; i++)
            passed[i] = lfmi_order_pass(order, (uint32_t)(begin + done) + i);
        for (int32_t i = 0; i < size; i++) {
            const bool once = quick && passed[i] < order->n;
            entries[done + i] = once ? passed[i] : lfmi_order_at(order, begin + done + i);
        }
    }
}
