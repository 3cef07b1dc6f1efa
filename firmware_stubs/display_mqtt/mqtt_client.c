#include "mqtt_client.h"

#include "hal.h"

#include <string.h>

enum { RETRY_MOST_MS = 60000, SUBSCRIBE_ID = 1, FIRST_ID = 2 };

static void lose(struct mqtt_client *client, const char *why)
{
    hal_log(why);
    hal_tcp_close();
    client->state = MQTT_OFFLINE;
    /* Up to a quarter later, so that a hall of displays does not come back in one moment. */
    client->retry_at = hal_uptime_ms() + client->retry_ms + hal_random() % (client->retry_ms / 4 + 1);
    client->retry_ms = client->retry_ms < RETRY_MOST_MS / 2 ? 2 * client->retry_ms : RETRY_MOST_MS;
}

static bool send_packet(struct mqtt_client *client, const uint8_t *packet, size_t length)
{
    if (length == 0 || !hal_tcp_write(packet, length)) {
        lose(client, "mqtt: nothing can be sent");
        return false;
    }
    client->sent_at = hal_uptime_ms();
    return true;
}

static void expect_answer(struct mqtt_client *client)
{
    client->is_asked = true;
    client->asked_at = hal_uptime_ms();
}

static void connect_now(struct mqtt_client *client)
{
    uint8_t packet[MQTT_KEPT_MAX];

    memset(&client->reader, 0, sizeof client->reader);
    client->unconfirmed_id = 0;
    client->is_presence_due = true;
    client->is_presence_sent = false;
    if (!hal_tcp_open(client->options.host, client->options.port)) {
        lose(client, "mqtt: the broker cannot be reached");
        return;
    }
    client->state = MQTT_CONNECTING;
    client->received_at = hal_uptime_ms();
    if (send_packet(client, packet,
                    mqtt_write_connect(packet, sizeof packet, &client->options.login))) {
        expect_answer(client);
    }
}

/* One message is under way at a time: presence first, then what waits, oldest first. */
static void send_next(struct mqtt_client *client)
{
    uint8_t packet[MQTT_PAYLOAD_MAX + MQTT_TOPIC_MAX + 8];
    const char *topic = client->options.topic, *payload = client->waiting[client->first];

    if (client->unconfirmed_id != 0 || (!client->is_presence_due && client->count == 0)) {
        return;
    }
    if (client->is_presence_due) {
        topic = client->options.login.will_topic;
        payload = client->options.online;
    }
    client->packet_id = client->packet_id == UINT16_MAX ? FIRST_ID : client->packet_id + 1;
    if (send_packet(client, packet,
                    mqtt_write_publish(packet, sizeof packet, topic, payload, client->packet_id,
                                       client->is_presence_due))) {
        client->unconfirmed_id = client->packet_id;
        client->is_presence_sent = client->is_presence_due;
        expect_answer(client);
    }
}

static void confirm(struct mqtt_client *client, uint16_t packet_id)
{
    if (client->unconfirmed_id == 0 || packet_id != client->unconfirmed_id) {
        return;
    }
    client->unconfirmed_id = 0;
    if (client->is_presence_sent) {
        client->is_presence_due = false;
        client->is_presence_sent = false;
    } else if (client->count > 0) {
        client->first = (client->first + 1) % MQTT_WAITING_MOST;
        client->count--;
    }
}

static void take_command(struct mqtt_client *client, const struct mqtt_packet *packet)
{
    const char *topic = client->options.command_topic;
    uint8_t answer[4];

    /* A retained command is an old one: a display must not switch off when it is plugged in. */
    if (!packet->is_cut && !packet->is_retained && packet->topic_length == strlen(topic) &&
        memcmp(packet->topic, topic, packet->topic_length) == 0) {
        client->options.command(packet->payload, packet->payload_length);
    }
    if (packet->packet_id != 0) {
        send_packet(client, answer, mqtt_write_puback(answer, sizeof answer, packet->packet_id));
    }
}

static void take(struct mqtt_client *client, const struct mqtt_packet *packet)
{
    uint8_t out[MQTT_TOPIC_MAX + 16];

    if ((packet->type == MQTT_CONNACK) != (client->state == MQTT_CONNECTING)) {
        lose(client, "mqtt: the broker sent what does not belong here");
        return;
    }
    if (packet->type != MQTT_PUBLISH) {
        client->is_asked = false;
    }
    switch (packet->type) {
    case MQTT_CONNACK:
        if (packet->code != 0) {
            lose(client, "mqtt: the broker refused the login");
            return;
        }
        client->state = MQTT_ONLINE;
        client->retry_ms = client->options.retry_ms;
        send_packet(client, out,
                    mqtt_write_subscribe(out, sizeof out, client->options.command_topic,
                                         SUBSCRIBE_ID));
        break;
    case MQTT_PUBACK:
        confirm(client, packet->packet_id);
        break;
    case MQTT_SUBACK:
        if (packet->code > 1) {
            hal_log("mqtt: the broker refused the topic of commands");
        }
        break;
    case MQTT_PUBLISH:
        take_command(client, packet);
        break;
    default:
        break; /* PINGRESP: the broker lives */
    }
}

static void receive(struct mqtt_client *client, uint32_t wait_ms)
{
    uint8_t data[128];
    int length = hal_tcp_read(data, sizeof data, wait_ms);

    if (length < 0) {
        lose(client, "mqtt: the connection ended");
        return;
    }
    if (length > 0) {
        client->received_at = hal_uptime_ms();
    }
    for (int i = 0; i < length && client->state != MQTT_OFFLINE; i++) {
        struct mqtt_packet packet;
        enum mqtt_read result = mqtt_read_byte(&client->reader, data[i], &packet);

        if (result == MQTT_MALFORMED) {
            lose(client, "mqtt: the broker sent what is no packet");
        } else if (result == MQTT_PACKET) {
            take(client, &packet);
        }
    }
}

static void keep_alive(struct mqtt_client *client)
{
    uint32_t now = hal_uptime_ms(), half_ms = client->options.login.keep_alive_s * 500U;
    uint8_t packet[2];

    if (client->is_asked && now - client->asked_at >= client->options.answer_ms) {
        lose(client, "mqtt: the broker does not answer");
    } else if (client->state == MQTT_ONLINE && !client->is_asked &&
               (now - client->sent_at >= half_ms || now - client->received_at >= half_ms)) {
        if (send_packet(client, packet, mqtt_write_empty(packet, sizeof packet, MQTT_PINGREQ))) {
            expect_answer(client);
        }
    }
}

void mqtt_client_start(struct mqtt_client *client, const struct mqtt_options *options)
{
    memset(client, 0, sizeof *client);
    client->options = *options;
    client->packet_id = FIRST_ID - 1;
    client->retry_ms = options->retry_ms;
    client->retry_at = hal_uptime_ms();
}

bool mqtt_client_publish(struct mqtt_client *client, const char *payload)
{
    size_t length = strlen(payload);

    if (length >= MQTT_PAYLOAD_MAX) {
        return false;
    }
    if (client->count == MQTT_WAITING_MOST) {
        client->first = (client->first + 1) % MQTT_WAITING_MOST;
        client->count--;
        client->dropped++;
        /* A confirmation of the message that went must not take the next one with it. */
        if (!client->is_presence_sent) {
            client->unconfirmed_id = 0;
        }
    }
    memcpy(client->waiting[(client->first + client->count) % MQTT_WAITING_MOST], payload, length + 1);
    client->count++;
    return true;
}

void mqtt_client_step(struct mqtt_client *client, uint32_t wait_ms)
{
    if (client->state == MQTT_OFFLINE) {
        uint32_t left = client->retry_at - hal_uptime_ms();

        if ((int32_t)left > 0) {
            hal_sleep(left < wait_ms ? left : wait_ms);
            return;
        }
        connect_now(client);
    }
    if (client->state == MQTT_ONLINE) {
        send_next(client);
    }
    if (client->state != MQTT_OFFLINE) {
        receive(client, wait_ms);
    }
    if (client->state != MQTT_OFFLINE) {
        keep_alive(client);
    }
}

void mqtt_client_stop(struct mqtt_client *client)
{
    uint8_t packet[MQTT_KEPT_MAX];
    const struct mqtt_login *login = &client->options.login;

    if (client->state == MQTT_ONLINE &&
        send_packet(client, packet,
                    mqtt_write_publish(packet, sizeof packet, login->will_topic,
                                       login->will_payload, FIRST_ID, true))) {
        send_packet(client, packet, mqtt_write_empty(packet, sizeof packet, MQTT_DISCONNECT));
    }
    hal_tcp_close();
    client->state = MQTT_OFFLINE;
}
