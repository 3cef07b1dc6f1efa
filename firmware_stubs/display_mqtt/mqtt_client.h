/* An MQTT 3.1.1 client for one device: stays connected, keeps what it could not send yet, and gives
 * up nothing before the broker has confirmed it. On a board with ESP-IDF or Zephyr their client takes
 * its place. */
#ifndef MQTT_CLIENT_H
#define MQTT_CLIENT_H

#include "mqtt_packet.h"

enum { MQTT_WAITING_MOST = 32, MQTT_PAYLOAD_MAX = 256, MQTT_TOPIC_MAX = 128 };

struct mqtt_options {
    const char *host;
    uint16_t port;
    struct mqtt_login login;   /* its will goes to the topic of presence */
    const char *online;        /* payload of presence while connected, retained */
    const char *topic;         /* where messages go */
    const char *command_topic; /* what to listen to */
    void (*command)(const uint8_t *payload, size_t length);
    uint32_t answer_ms; /* after which a broker that owes an answer is left */
    uint32_t retry_ms;  /* before the first further try to connect; doubles up to a minute */
};

struct mqtt_client {
    struct mqtt_options options;
    struct mqtt_reader reader;
    enum { MQTT_OFFLINE, MQTT_CONNECTING, MQTT_ONLINE } state;
    uint32_t retry_ms, retry_at, sent_at, received_at, asked_at;
    bool is_presence_due, is_presence_sent, is_asked;
    uint16_t packet_id, unconfirmed_id; /* of the message under way; 0: none is */
    char waiting[MQTT_WAITING_MOST][MQTT_PAYLOAD_MAX];
    size_t first, count;
    uint32_t dropped; /* messages that found no place: the oldest went */
};

/* Begin; `options` and what it points to stay where they are. */
void mqtt_client_start(struct mqtt_client *client, const struct mqtt_options *options);

/* Take a payload to be sent in order; false where it is too long. */
bool mqtt_client_publish(struct mqtt_client *client, const char *payload);

/* Read, write, connect; waits up to `wait_ms` for something to come. */
void mqtt_client_step(struct mqtt_client *client, uint32_t wait_ms);

/* Publish that the device leaves, as the broker publishes no will now, and disconnect. */
void mqtt_client_stop(struct mqtt_client *client);

#endif
