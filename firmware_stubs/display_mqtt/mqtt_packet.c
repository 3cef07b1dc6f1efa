#include "mqtt_packet.h"

#include <string.h>

enum { WILL = 0x04, WILL_QOS_1 = 0x08, WILL_RETAIN = 0x20, PASSWORD = 0x40, USERNAME = 0x80 };
enum { CLEAN_SESSION = 0x02, PROTOCOL_LEVEL = 4, LENGTH_BYTES_MAX = 4 };

/* Writing: once something does not fit, nothing more is written, and the length is 0. */

struct writer {
    uint8_t *out;
    size_t size, used;
    bool is_full;
};

static void put(struct writer *writer, const void *data, size_t length)
{
    if (writer->is_full || length > writer->size - writer->used) {
        writer->is_full = true;
        return;
    }
    memcpy(writer->out + writer->used, data, length);
    writer->used += length;
}

static void put_byte(struct writer *writer, uint8_t byte)
{
    put(writer, &byte, 1);
}

static void put_word(struct writer *writer, uint16_t word)
{
    put_byte(writer, (uint8_t)(word >> 8));
    put_byte(writer, (uint8_t)word);
}

static void put_text(struct writer *writer, const char *text)
{
    size_t length = strlen(text);

    if (length > UINT16_MAX) {
        writer->is_full = true;
        return;
    }
    put_word(writer, (uint16_t)length);
    put(writer, text, length);
}

static size_t text_size(const char *text)
{
    return text == NULL ? 0 : 2 + strlen(text);
}

static void put_head(struct writer *writer, enum mqtt_type type, uint8_t flags, size_t length)
{
    put_byte(writer, (uint8_t)(type << 4 | flags));
    do {
        put_byte(writer, (uint8_t)(length % 128 | (length > 127 ? 0x80 : 0)));
        length /= 128;
    } while (length > 0);
}

static size_t length_of(const struct writer *writer)
{
    return writer->is_full ? 0 : writer->used;
}

size_t mqtt_write_connect(uint8_t *out, size_t size, const struct mqtt_login *login)
{
    struct writer writer = {out, size, 0, false};
    uint8_t flags = CLEAN_SESSION | WILL | WILL_QOS_1 | WILL_RETAIN;
    const char *password = login->username == NULL ? NULL : login->password;
    size_t length = 10 + text_size(login->client_id) + text_size(login->will_topic) +
                    text_size(login->will_payload) + text_size(login->username) +
                    text_size(password);

    flags = (uint8_t)(flags | (login->username != NULL ? USERNAME : 0));
    flags = (uint8_t)(flags | (password != NULL ? PASSWORD : 0));
    put_head(&writer, MQTT_CONNECT, 0, length);
    put_text(&writer, "MQTT");
    put_byte(&writer, PROTOCOL_LEVEL);
    put_byte(&writer, flags);
    put_word(&writer, login->keep_alive_s);
    put_text(&writer, login->client_id);
    put_text(&writer, login->will_topic);
    put_text(&writer, login->will_payload);
    if (login->username != NULL) {
        put_text(&writer, login->username);
    }
    if (password != NULL) {
        put_text(&writer, password);
    }
    return length_of(&writer);
}

size_t mqtt_write_publish(uint8_t *out, size_t size, const char *topic, const char *payload,
                          uint16_t packet_id, bool retain)
{
    struct writer writer = {out, size, 0, false};
    size_t length = text_size(topic) + 2 + strlen(payload);

    put_head(&writer, MQTT_PUBLISH, (uint8_t)(0x02 | retain), length);
    put_text(&writer, topic);
    put_word(&writer, packet_id);
    put(&writer, payload, strlen(payload));
    return length_of(&writer);
}

size_t mqtt_write_puback(uint8_t *out, size_t size, uint16_t packet_id)
{
    struct writer writer = {out, size, 0, false};

    put_head(&writer, MQTT_PUBACK, 0, 2);
    put_word(&writer, packet_id);
    return length_of(&writer);
}

size_t mqtt_write_subscribe(uint8_t *out, size_t size, const char *topic, uint16_t packet_id)
{
    struct writer writer = {out, size, 0, false};

    put_head(&writer, MQTT_SUBSCRIBE, 0x02, 2 + text_size(topic) + 1);
    put_word(&writer, packet_id);
    put_text(&writer, topic);
    put_byte(&writer, 1);
    return length_of(&writer);
}

size_t mqtt_write_empty(uint8_t *out, size_t size, enum mqtt_type type)
{
    struct writer writer = {out, size, 0, false};

    put_head(&writer, type, 0, 0);
    return length_of(&writer);
}

/* Reading */

static uint16_t word(const uint8_t *data)
{
    return (uint16_t)(data[0] << 8 | data[1]);
}

static bool read_publish(const struct mqtt_reader *reader, size_t kept, struct mqtt_packet *packet)
{
    uint8_t qos = reader->head >> 1 & 3;
    size_t start;

    if (qos > 1 || kept < 2) {
        return false;
    }
    packet->topic = reader->kept + 2;
    packet->topic_length = word(reader->kept);
    start = 2 + packet->topic_length + (qos > 0 ? 2 : 0);
    if (packet->topic_length == 0 || start > kept) {
        return false;
    }
    if (qos > 0) {
        packet->packet_id = word(reader->kept + start - 2);
        if (packet->packet_id == 0) {
            return false;
        }
    }
    packet->payload = reader->kept + start;
    packet->payload_length = kept - start;
    packet->is_retained = (reader->head & 1) != 0;
    packet->is_cut = reader->length > kept;
    return true;
}

static bool read_packet(const struct mqtt_reader *reader, struct mqtt_packet *packet)
{
    size_t kept = reader->length < MQTT_KEPT_MAX ? reader->length : MQTT_KEPT_MAX;

    memset(packet, 0, sizeof *packet);
    packet->type = (enum mqtt_type)(reader->head >> 4);
    if (packet->type == MQTT_PUBLISH) {
        return read_publish(reader, kept, packet);
    }
    if ((reader->head & 0x0F) != 0) {
        return false;
    }
    switch (packet->type) {
    case MQTT_CONNACK:
        packet->code = reader->kept[1];
        return reader->length == 2;
    case MQTT_PUBACK:
        packet->packet_id = word(reader->kept);
        return reader->length == 2;
    case MQTT_SUBACK:
        packet->packet_id = word(reader->kept);
        packet->code = reader->kept[2];
        return reader->length == 3;
    case MQTT_PINGRESP:
        return reader->length == 0;
    default:
        return false; /* of a client, or of no kind that there is */
    }
}

enum mqtt_read mqtt_read_byte(struct mqtt_reader *reader, uint8_t byte, struct mqtt_packet *packet)
{
    switch (reader->state) {
    case MQTT_READS_HEAD:
        reader->head = byte;
        reader->length = 0;
        reader->length_bytes = 0;
        reader->passed = 0;
        reader->state = MQTT_READS_LENGTH;
        return MQTT_MORE;
    case MQTT_READS_LENGTH:
        reader->length |= (uint32_t)(byte & 0x7F) << 7 * reader->length_bytes;
        reader->length_bytes++;
        if ((byte & 0x80) != 0) {
            return reader->length_bytes < LENGTH_BYTES_MAX ? MQTT_MORE : MQTT_MALFORMED;
        }
        reader->state = MQTT_READS_BODY;
        break;
    case MQTT_READS_BODY:
        if (reader->passed < MQTT_KEPT_MAX) {
            reader->kept[reader->passed] = byte;
        }
        reader->passed++;
        break;
    }
    if (reader->passed < reader->length) {
        return MQTT_MORE;
    }
    reader->state = MQTT_READS_HEAD;
    return read_packet(reader, packet) ? MQTT_PACKET : MQTT_MALFORMED;
}
