/* An interactive display: the profile campus-interactive-display, as a device.
 *
 * Sensors: power_w, brightness (%), volume, signal (0 none, 1 HDMI, 2 its own system in use).
 * Settings: broker, port, username, password, device (its part of the topics), period_ms,
 * keep_alive_s, answer_ms, retry_ms.
 * It obeys set_power. */
#include "hal.h"
#include "interactive_display.h"
#include "iso8601.h"
#include "mqtt_client.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_EVERY_MS = 200, DEVICE_MAX = 64 };

static bool is_on = true;
static bool is_switched; /* report at once */

static void obey(const uint8_t *payload, size_t length)
{
    static const char *const payloads[] = {DISPLAY_SET_POWER_PAYLOAD_FALSE,
                                           DISPLAY_SET_POWER_PAYLOAD_TRUE};

    for (int wanted = 0; wanted < 2; wanted++) {
        if (length == strlen(payloads[wanted]) && memcmp(payload, payloads[wanted], length) == 0) {
            is_on = wanted == 1;
            is_switched = true;
            hal_actuate("power", wanted);
            return;
        }
    }
    hal_log("a command that is none was dropped");
}

struct text {
    char data[MQTT_PAYLOAD_MAX];
    size_t length;
    bool is_full;
};

static void add(struct text *text, const char *separator, const char *name, const char *value)
{
    size_t left = sizeof text->data - text->length;
    int length = snprintf(text->data + text->length, left, "%s\"%s\":%s", separator, name, value);

    text->is_full = text->is_full || length < 0 || (size_t)length >= left;
    if (!text->is_full) {
        text->length += (size_t)length;
    }
}

static void add_text(struct text *text, const char *name, const char *value)
{
    char quoted[64];

    snprintf(quoted, sizeof quoted, "\"%s\"", value); /* only texts of ours: nothing to escape */
    add(text, ",", name, quoted);
}

static void add_number(struct text *text, const char *name, double value, int decimals)
{
    char number[32];

    if (isfinite(value)) { /* a sensor that gives nothing gives no member */
        snprintf(number, sizeof number, "%.*f", decimals, value);
        add(text, ",", name, number);
    }
}

static void report(struct mqtt_client *client, double power, double signal, double energy_wh)
{
    struct text text = {.data = "{", .length = 1};
    int64_t now = hal_unix_ms();
    char time[ISO8601_SIZE];
    const char *state = signal > 0 ? DISPLAY_DISPLAY_STATE_IN_USE : DISPLAY_DISPLAY_STATE_IDLE;

    /* The switch is always there, so that commas are easy. */
    add(&text, "", DISPLAY_POWER_ON_PATH, is_on ? "true" : "false");
    if (now > 0) { /* a state without a time counts from when it arrives, and is uncertain */
        iso8601_write(time, now);
        add_text(&text, DISPLAY_TIME_PATH, time);
    }
    add_text(&text, DISPLAY_DISPLAY_STATE_PATH, is_on ? state : DISPLAY_DISPLAY_STATE_OFF);
    if (is_on) {
        add_text(&text, DISPLAY_SOURCE_PATH, signal == 1 ? "hdmi1" : "home");
        add_number(&text, DISPLAY_BRIGHTNESS_PATH, hal_measure("brightness"), 0);
        add_number(&text, DISPLAY_VOLUME_PATH, hal_measure("volume"), 0);
    }
    add_number(&text, DISPLAY_ACTIVE_POWER_PATH, power, 1);
    add_number(&text, DISPLAY_ENERGY_IMPORT_PATH, energy_wh, 2);
    if (text.is_full || text.length + 2 > sizeof text.data) {
        hal_log("a state is longer than a message may be");
        return;
    }
    memcpy(text.data + text.length, "}", 2);
    mqtt_client_publish(client, text.data);
}

void firmware_run(void)
{
    static struct mqtt_client client; /* too large for the stack of a small task */
    static char presence[MQTT_TOPIC_MAX], state[MQTT_TOPIC_MAX], set[MQTT_TOPIC_MAX];
    const char *device = hal_setting("device", "display-1");
    const char *username = hal_setting("username", "");
    uint32_t period_ms = (uint32_t)atol(hal_setting("period_ms", "10000"));
    uint32_t looked_at = hal_uptime_ms(), reported_at = looked_at - period_ms;
    double energy_wh = 0, power = NAN, signal = 0;
    struct mqtt_options options = {
        .host = hal_setting("broker", "127.0.0.1"),
        .port = (uint16_t)atoi(hal_setting("port", "1883")),
        .login = {.client_id = device,
                  .username = *username != '\0' ? username : NULL,
                  .password = hal_setting("password", ""),
                  .will_topic = presence,
                  .will_payload = DISPLAY_PRESENCE_OFFLINE,
                  .keep_alive_s = (uint16_t)atoi(hal_setting("keep_alive_s", "30"))},
        .online = DISPLAY_PRESENCE_ONLINE,
        .topic = state,
        .command_topic = set,
        .command = obey,
        .answer_ms = (uint32_t)atol(hal_setting("answer_ms", "10000")),
        .retry_ms = (uint32_t)atol(hal_setting("retry_ms", "1000")),
    };

    /* The topics of the profile are formats with one %s, the device's part. */
    if (strlen(device) > DEVICE_MAX) {
        hal_log("the name of the device is too long");
        return;
    }
    snprintf(presence, sizeof presence, DISPLAY_PRESENCE_TOPIC, device);
    snprintf(state, sizeof state, DISPLAY_POWER_ON_TOPIC, device);
    snprintf(set, sizeof set, DISPLAY_SET_POWER_TOPIC, device);
    mqtt_client_start(&client, &options);
    while (hal_is_running()) {
        uint32_t now = hal_uptime_ms();
        double last_signal = signal;

        if (power > 0) {
            energy_wh += power * (now - looked_at) / 3600000.0;
        }
        looked_at = now;
        power = hal_measure("power_w");
        signal = hal_measure("signal");
        signal = isnan(signal) ? 0 : signal;
        if (is_switched || signal != last_signal || now - reported_at >= period_ms) {
            report(&client, power, signal, energy_wh);
            reported_at = now;
            is_switched = false;
        }
        mqtt_client_step(&client, LOOK_EVERY_MS < period_ms ? LOOK_EVERY_MS : period_ms);
    }
    mqtt_client_stop(&client);
}
