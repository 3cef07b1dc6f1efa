/* A Modbus RTU server: what it answers to a frame. Pure: no time, no line.
 *
 * After "MODBUS Application Protocol Specification V1.1b3" and "MODBUS over Serial Line V1.02". */
#ifndef MODBUS_RTU_H
#define MODBUS_RTU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODBUS_FRAME_MAX = 256 };

struct modbus_map {
    const uint16_t *input;
    uint16_t input_count;
    const uint16_t *holding;
    uint16_t holding_count;
    /* Take a value for a holding register; false refuses it (exception 3). */
    bool (*write)(uint16_t address, uint16_t value);
};

uint16_t modbus_crc(const uint8_t *data, size_t length);

/* Answer a whole frame. Returns the length of the answer in `answer`, which holds MODBUS_FRAME_MAX
 * bytes; 0 where there is none: a frame with a wrong checksum or for another unit, or a broadcast. */
size_t modbus_answer(const uint8_t *frame, size_t length, uint8_t unit,
                     const struct modbus_map *map, uint8_t *answer);

#endif
