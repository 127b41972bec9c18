/* Products of codes for scanning in plain C, which compilers turn into what vectors there are. */
typedef struct VS {
    int32_t lane[LFMI_LANES];
} VS;
typedef struct VB {
    uint8_t byte[LFMI_LANES * LFMI_CODES];
} VB;

static inline VS vs_set(int32_t x)
{
    VS s;
    for (int l = 0; l < LFMI_LANES; l++)
        s.lane[l] = x;
    return s;
}
static inline VB vb_load(const uint8_t *p)
{
    VB b;
    memcpy(b.byte, p, sizeof b.byte);
    return b;
}
static inline VS vs_add_products(VS s, VB b, int32_t user)
{
    int8_t codes[LFMI_CODES];
    memcpy(codes, &user, sizeof codes);
    for (int l = 0; l < LFMI_LANES; l++) {
        int32_t sum = 0;
        for (int i = 0; i < LFMI_CODES; i++)
            sum += b.byte[l * LFMI_CODES + i] * codes[i];
        s.lane[l] = (int32_t)((uint32_t)s.lane[l] + (uint32_t)sum); /* may wrap around on the way */
    }
    return s;
}
#define CODES_USERS 2
#define CODES_PANELS 1
#define MOST_CODE 127
