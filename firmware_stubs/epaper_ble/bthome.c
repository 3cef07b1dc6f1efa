#include "bthome.h"

#include <math.h>
#include <stdbool.h>

enum { PACKET_ID = 0x00, PLAIN_V2 = 0x40 };

/* The objects a terminal sends: bytes of the unsigned number, and its step. Add what yours needs. */
static const struct format {
    uint8_t object_id;
    uint8_t size;
    double step;
} formats[] = {
    {PACKET_ID, 1, 1}, {0x01, 1, 1} /* battery, % */, {0x05, 3, 0.01} /* illuminance, lx */,
    {0x3D, 2, 1} /* count */,
};

static const struct format *format_of(uint8_t object_id)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (formats[i].object_id == object_id) {
            return &formats[i];
        }
    }
    return NULL;
}

static bool put(uint8_t *data, size_t *used, uint8_t object_id, double value)
{
    const struct format *format = format_of(object_id);
    uint32_t steps;

    if (format == NULL || *used + 1U + format->size > BTHOME_ADVERTISEMENT_MAX) {
        return false;
    }
    steps = (uint32_t)fmin(ldexp(1, 8 * format->size) - 1, fmax(0, round(value / format->step)));
    data[(*used)++] = object_id;
    for (uint8_t byte = 0; byte < format->size; byte++) {
        data[(*used)++] = (uint8_t)(steps >> 8 * byte);
    }
    return true;
}

size_t bthome_advertisement(uint8_t *advertisement, uint8_t packet_id,
                            const struct bthome_value *values, size_t count)
{
    /* Flags, then service data of UUID 0xFCD2; its length comes last. */
    static const uint8_t head[] = {0x02, 0x01, 0x06, 0x00, 0x16, 0xD2, 0xFC, PLAIN_V2};
    size_t used = 0;

    while (used < sizeof head) {
        advertisement[used] = head[used];
        used++;
    }
    if (!put(advertisement, &used, PACKET_ID, packet_id)) {
        return 0;
    }
    for (int object_id = 1; object_id <= UINT8_MAX; object_id++) {
        for (size_t i = 0; i < count; i++) {
            if (values[i].object_id == object_id && !isnan(values[i].value) &&
                !put(advertisement, &used, values[i].object_id, values[i].value)) {
                return 0;
            }
        }
    }
    advertisement[3] = (uint8_t)(used - 4);
    return used;
}
