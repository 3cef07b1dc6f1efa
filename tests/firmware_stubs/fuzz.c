/* Feeds the parsers of the firmware bytes that no device and no broker sends, under sanitizers.
 *
 * fuzz SEED ROUNDS: half of the frames are random, half are right ones with a few bytes changed and
 * the checksum made right again, so that they come past it. Ends with 1 where a promise is broken. */
#define _XOPEN_SOURCE 700 /* gmtime_r, to compare with */

#include "iso8601.h"
#include "modbus_rtu.h"
#include "mqtt_packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* More registers than one frame holds. */
enum { REGISTERS = 200, WRITE_MOST = 123, UNIT = 7 };

static uint32_t state;

static uint32_t any(uint32_t below)
{
    state = state * 1664525U + 1013904223U;
    return (uint32_t)((uint64_t)state * below >> 32);
}

static void must(bool holds, const char *promise)
{
    if (!holds) {
        fprintf(stderr, "broken: %s\n", promise);
        exit(1);
    }
}

static uint16_t holding[REGISTERS], input[REGISTERS];

static bool write_register(uint16_t address, uint16_t value)
{
    must(address < REGISTERS, "a write stays in the table");
    holding[address] = value;
    return value % 5 != 0;
}

static size_t right_frame(uint8_t *frame)
{
    static const uint8_t functions[] = {1, 3, 4, 6, 16, 43};
    uint8_t count = (uint8_t)(1 + any(WRITE_MOST + 10));
    size_t length = 6;

    memset(frame, 0, MODBUS_FRAME_MAX);
    frame[0] = any(8) == 0 ? 0 : UNIT;
    frame[1] = functions[any(sizeof functions)];
    frame[3] = (uint8_t)any(REGISTERS);
    frame[5] = count;
    if (frame[1] == 16) {
        count = count > WRITE_MOST ? WRITE_MOST : count;
        frame[3] = (uint8_t)any(REGISTERS - count);
        frame[5] = count;
        frame[6] = (uint8_t)(2 * count);
        length = 7 + 2U * count;
    }
    return length;
}

static void fuzz_modbus(void)
{
    const struct modbus_map map = {input, REGISTERS, holding, REGISTERS, write_register};
    uint8_t frame[MODBUS_FRAME_MAX + 8], answer[MODBUS_FRAME_MAX], *exact;
    size_t length = any(sizeof frame), answered;
    uint16_t crc;

    for (size_t i = 0; i < sizeof frame; i++) {
        frame[i] = (uint8_t)any(256);
    }
    if (any(2) == 0) {
        length = right_frame(frame);
        for (uint32_t i = any(3); i > 0; i--) {
            frame[any((uint32_t)length)] = (uint8_t)any(256);
        }
        length -= any(4) == 0 ? any((uint32_t)length - 1) : 0;
        crc = modbus_crc(frame, length);
        frame[length++] = (uint8_t)crc;
        frame[length++] = (uint8_t)(crc >> 8);
    }
    exact = malloc(length > 0 ? length : 1); /* so that a byte read past the end is found */
    must(exact != NULL, "there is memory");
    memcpy(exact, frame, length);
    answered = modbus_answer(exact, length, UNIT, &map, answer);
    free(exact);
    must(answered <= MODBUS_FRAME_MAX, "an answer is no longer than a frame");
    if (answered > 0) {
        crc = modbus_crc(answer, answered - 2);
        must(frame[0] == UNIT && answer[0] == UNIT, "only what is for this unit is answered");
        must((answer[1] & 0x7F) == (frame[1] & 0x7F), "an answer names its function");
        must(answer[answered - 2] == (crc & 0xFF) && answer[answered - 1] == crc >> 8,
             "an answer has its checksum");
    }
}

static void read_all(struct mqtt_reader *reader, const uint8_t *data, size_t length)
{
    struct mqtt_packet packet;

    for (size_t i = 0; i < length; i++) {
        enum mqtt_read result = mqtt_read_byte(reader, data[i], &packet);

        if (result == MQTT_MALFORMED) {
            memset(reader, 0, sizeof *reader);
        } else if (result == MQTT_PACKET && packet.type == MQTT_PUBLISH) {
            must(packet.topic_length > 0 && packet.payload_length < MQTT_KEPT_MAX &&
                     packet.topic + packet.topic_length <= packet.payload &&
                     packet.payload + packet.payload_length <= reader->kept + MQTT_KEPT_MAX,
                 "topic and payload are in the buffer");
        }
    }
}

static void fuzz_mqtt(struct mqtt_reader *reader)
{
    uint8_t data[3 * MQTT_KEPT_MAX];
    char payload[2 * MQTT_KEPT_MAX];
    size_t length = any(64), size = any(sizeof payload - 1);

    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)any(256);
    }
    if (any(2) == 0) {
        memset(payload, 'x', size);
        payload[size] = '\0';
        length = mqtt_write_publish(data, sizeof data, "campus/display/set", payload,
                                    (uint16_t)any(65536), any(2) == 0);
        must(length > size, "a packet holds its payload");
        for (uint32_t i = any(3); i > 0; i--) {
            data[any(24)] = (uint8_t)any(256);
        }
    }
    read_all(reader, data, length);
}

static void check_time(void)
{
    /* Up to the year 2106, with the whole seconds at which a day, a year and a leap year end. */
    time_t seconds = any(2) == 0 ? (time_t)any(UINT32_MAX) : (time_t)any(49710) * 86400 - any(2);
    char written[ISO8601_SIZE], expected[ISO8601_SIZE];
    struct tm civil;

    seconds = seconds < 0 ? 0 : seconds;
    gmtime_r(&seconds, &civil);
    strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.007Z", &civil);
    iso8601_write(written, (int64_t)seconds * 1000 + 7);
    must(strcmp(written, expected) == 0, "a time is that of the calendar");
}

static void check_writers(void)
{
    const struct mqtt_login login = {"id", "user", "password", "topic", "offline", 30};
    uint8_t out[64];

    for (size_t size = 0; size <= sizeof out; size++) {
        must(mqtt_write_connect(out, size, &login) <= size, "nothing is written past the end");
        must(mqtt_write_publish(out, size, "topic", "payload", 1, true) <= size,
             "nothing is written past the end");
        must(mqtt_write_subscribe(out, size, "topic", 1) <= size,
             "nothing is written past the end");
    }
    must(mqtt_write_connect(out, sizeof out, &login) > 0, "what fits is written");
}

int main(int count, char **arguments)
{
    /* On the heap, where a byte read far past its end is found too. */
    struct mqtt_reader *reader = calloc(1, sizeof *reader);
    unsigned long rounds;

    must(count == 3, "fuzz SEED ROUNDS");
    must(reader != NULL, "there is memory");
    state = (uint32_t)strtoul(arguments[1], NULL, 10);
    rounds = strtoul(arguments[2], NULL, 10);
    check_writers();
    while (rounds-- > 0) {
        fuzz_modbus();
        fuzz_mqtt(reader);
        check_time();
    }
    free(reader);
    return 0;
}
