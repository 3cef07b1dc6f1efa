/* Packets of MQTT 3.1.1 that a small device needs: QoS 0 and 1, a will, one topic to listen to. Pure.
 *
 * After the OASIS standard "MQTT Version 3.1.1". */
#ifndef MQTT_PACKET_H
#define MQTT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mqtt_type {
    MQTT_CONNECT = 1,
    MQTT_CONNACK = 2,
    MQTT_PUBLISH = 3,
    MQTT_PUBACK = 4,
    MQTT_SUBSCRIBE = 8,
    MQTT_SUBACK = 9,
    MQTT_PINGREQ = 12,
    MQTT_PINGRESP = 13,
    MQTT_DISCONNECT = 14
};

struct mqtt_login {
    const char *client_id;
    const char *username; /* NULL: none */
    const char *password; /* NULL: none; only with a username */
    const char *will_topic;
    const char *will_payload; /* retained, QoS 1 */
    uint16_t keep_alive_s;
};

/* Each writes a packet into `out` and returns its length; 0 where `size` bytes do not hold it. */
size_t mqtt_write_connect(uint8_t *out, size_t size, const struct mqtt_login *login);
size_t mqtt_write_publish(uint8_t *out, size_t size, const char *topic, const char *payload,
                          uint16_t packet_id, bool retain);
size_t mqtt_write_puback(uint8_t *out, size_t size, uint16_t packet_id);
size_t mqtt_write_subscribe(uint8_t *out, size_t size, const char *topic, uint16_t packet_id);
size_t mqtt_write_empty(uint8_t *out, size_t size, enum mqtt_type type);

enum { MQTT_KEPT_MAX = 512 };

/* What came in. A packet longer than MQTT_KEPT_MAX is read to its end, and its payload is cut. */
struct mqtt_packet {
    enum mqtt_type type;
    uint16_t packet_id; /* 0: none, as in a PUBLISH of QoS 0 */
    uint8_t code;       /* of CONNACK and SUBACK */
    const uint8_t *topic, *payload;
    size_t topic_length, payload_length;
    bool is_retained, is_cut;
};

struct mqtt_reader {
    enum { MQTT_READS_HEAD, MQTT_READS_LENGTH, MQTT_READS_BODY } state;
    uint8_t head, length_bytes;
    uint32_t length, passed;
    uint8_t kept[MQTT_KEPT_MAX];
};

enum mqtt_read { MQTT_MORE, MQTT_PACKET, MQTT_MALFORMED };

/* Take one byte. On MQTT_PACKET `packet` is filled in and points into the reader until the next
 * byte. After MQTT_MALFORMED the connection has to be closed, and the reader cleared with zeros. */
enum mqtt_read mqtt_read_byte(struct mqtt_reader *reader, uint8_t byte, struct mqtt_packet *packet);

#endif
