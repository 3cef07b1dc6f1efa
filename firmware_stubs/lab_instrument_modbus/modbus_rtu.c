#include "modbus_rtu.h"

enum { READ_HOLDING = 3, READ_INPUT = 4, WRITE_ONE = 6, WRITE_SEVERAL = 16 };
enum { ILLEGAL_FUNCTION = 1, ILLEGAL_ADDRESS = 2, ILLEGAL_VALUE = 3 };
enum { READ_MOST = 125, WRITE_MOST = 123 };
enum { SHORTEST = 4, BROADCAST = 0 };

uint16_t modbus_crc(const uint8_t *data, size_t length)
{
    uint16_t crc = 0xFFFF;

    for (size_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? (uint16_t)(crc >> 1 ^ 0xA001) : (uint16_t)(crc >> 1);
        }
    }
    return crc;
}

static uint16_t word(const uint8_t *data)
{
    return (uint16_t)(data[0] << 8 | data[1]);
}

static bool is_inside(uint16_t first, uint16_t count, uint16_t of)
{
    return (uint32_t)first + count <= of;
}

/* Each of these writes the answer behind the unit and returns its length, or puts the code of an
 * exception into `refused`. */

static size_t answer_read(const uint8_t *request, size_t length, const uint16_t *registers,
                          uint16_t of, uint8_t *out, uint8_t *refused)
{
    uint16_t first, count;

    if (length != 5) {
        *refused = ILLEGAL_VALUE;
        return 0;
    }
    first = word(request + 1);
    count = word(request + 3);
    if (count == 0 || count > READ_MOST) {
        *refused = ILLEGAL_VALUE;
        return 0;
    }
    if (!is_inside(first, count, of)) {
        *refused = ILLEGAL_ADDRESS;
        return 0;
    }
    out[0] = request[0];
    out[1] = (uint8_t)(2 * count);
    for (uint16_t i = 0; i < count; i++) {
        out[2 + 2 * i] = (uint8_t)(registers[first + i] >> 8);
        out[3 + 2 * i] = (uint8_t)registers[first + i];
    }
    return 2U + 2U * count;
}

static size_t answer_write(const uint8_t *request, size_t length, const struct modbus_map *map,
                           uint8_t *out, uint8_t *refused)
{
    bool is_several = request[0] == WRITE_SEVERAL;
    const uint8_t *values = request + (is_several ? 6 : 3);
    uint16_t first, count;

    if (length < 5) {
        *refused = ILLEGAL_VALUE;
        return 0;
    }
    first = word(request + 1);
    count = is_several ? word(request + 3) : 1;
    if (count == 0 || count > WRITE_MOST || length != (is_several ? 6U + 2U * count : 5U) ||
        (is_several && request[5] != 2 * count)) {
        *refused = ILLEGAL_VALUE;
        return 0;
    }
    if (!is_inside(first, count, map->holding_count)) {
        *refused = ILLEGAL_ADDRESS;
        return 0;
    }
    for (uint16_t i = 0; i < count; i++) {
        if (!map->write((uint16_t)(first + i), word(values + 2 * i))) {
            *refused = ILLEGAL_VALUE;
            return 0;
        }
    }
    for (size_t i = 0; i < 5; i++) {
        out[i] = request[i];
    }
    return 5;
}

size_t modbus_answer(const uint8_t *frame, size_t length, uint8_t unit,
                     const struct modbus_map *map, uint8_t *answer)
{
    const uint8_t *request = frame + 1;
    uint8_t refused = 0;
    size_t answered = 0;
    uint16_t crc;

    if (length < SHORTEST || length > MODBUS_FRAME_MAX ||
        modbus_crc(frame, length - 2) != (frame[length - 2] | frame[length - 1] << 8) ||
        (frame[0] != unit && frame[0] != BROADCAST)) {
        return 0;
    }
    switch (request[0]) {
    case READ_HOLDING:
        answered = answer_read(request, length - 3, map->holding, map->holding_count, answer + 1,
                               &refused);
        break;
    case READ_INPUT:
        answered =
            answer_read(request, length - 3, map->input, map->input_count, answer + 1, &refused);
        break;
    case WRITE_ONE:
    case WRITE_SEVERAL:
        answered = answer_write(request, length - 3, map, answer + 1, &refused);
        break;
    default:
        refused = ILLEGAL_FUNCTION;
    }
    if (frame[0] == BROADCAST) {
        return 0;
    }
    if (refused != 0) {
        answer[1] = request[0] | 0x80;
        answer[2] = refused;
        answered = 2;
    }
    answer[0] = unit;
    crc = modbus_crc(answer, answered + 1);
    answer[answered + 1] = (uint8_t)crc;
    answer[answered + 2] = (uint8_t)(crc >> 8);
    return answered + 3;
}
