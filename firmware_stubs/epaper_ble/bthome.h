/* Advertising data of BTHome v2 (https://bthome.io/format), not encrypted. Pure. */
#ifndef BTHOME_H
#define BTHOME_H

#include <stddef.h>
#include <stdint.h>

enum { BTHOME_ADVERTISEMENT_MAX = 31 };

struct bthome_value {
    uint8_t object_id;
    double value; /* in the unit of the object; NAN leaves it out */
};

/* Write flags and service data of these values, lowest object id first, as the format asks.
 * `advertisement` holds BTHOME_ADVERTISEMENT_MAX bytes. Returns the length; 0 where an object id is
 * not known here or the values do not fit. */
size_t bthome_advertisement(uint8_t *advertisement, uint8_t packet_id,
                            const struct bthome_value *values, size_t count);

#endif
