/* An e-paper eye-care terminal: the profile campus-epaper-terminal, as a device.
 *
 * It advertises battery, light level and page turns, and offers the reading session (notified), the
 * front light (read, written) and a place for content (written).
 *
 * Sensors: battery (%), light (lx), pages (turned since the start). Settings: session_ms, after how
 * long without a page turned a session is over; period_ms, between two looks at the sensors. */
#include "bthome.h"
#include "epaper_terminal.h"
#include "hal.h"

#include <math.h>
#include <stdlib.h>

enum { SESSION, FRONT_LIGHT, CONTENT, CHARACTERISTICS };
enum { NOTIFY_EVERY_MS = 50000, ADVERTISE_EVERY_MS = 60000, FRONT_LIGHT_MOST = 100 };

static const struct hal_ble_characteristic table[CHARACTERISTICS] = {
    [SESSION] = {EPAPER_READING_SESSION_SERVICE_UUID_BYTES,
                 EPAPER_READING_SESSION_CHARACTERISTIC_UUID_BYTES, HAL_BLE_READ | HAL_BLE_NOTIFY},
    [FRONT_LIGHT] = {EPAPER_FRONT_LIGHT_SERVICE_UUID_BYTES,
                     EPAPER_FRONT_LIGHT_CHARACTERISTIC_UUID_BYTES, HAL_BLE_READ | HAL_BLE_WRITE},
    [CONTENT] = {EPAPER_PUSH_CONTENT_SERVICE_UUID_BYTES,
                 EPAPER_PUSH_CONTENT_CHARACTERISTIC_UUID_BYTES, HAL_BLE_WRITE},
};

static void advertise(struct bthome_value *sent, size_t count)
{
    static uint8_t packet_id;
    uint8_t data[BTHOME_ADVERTISEMENT_MAX];
    size_t length = bthome_advertisement(data, packet_id++, sent, count);

    if (length == 0 || !hal_ble_advertise(data, length)) {
        hal_log("the values do not fit into an advertisement");
    }
}

static bool look(struct bthome_value *values)
{
    static const char *const sensors[] = {"battery", "light", "pages"};
    bool is_changed = false;

    for (size_t i = 0; i < sizeof sensors / sizeof *sensors; i++) {
        double value = hal_measure(sensors[i]);

        is_changed = is_changed || (isnan(value) ? !isnan(values[i].value) : value != values[i].value);
        values[i].value = value;
    }
    return is_changed;
}

static void take(const struct hal_ble_write *write)
{
    if (write->characteristic == CONTENT) {
        hal_show(write->value, write->length);
    } else if (write->characteristic == FRONT_LIGHT && write->length == 1 &&
               write->value[0] <= FRONT_LIGHT_MOST) {
        hal_actuate("front_light", write->value[0]);
        hal_ble_set(FRONT_LIGHT, write->value, 1, false);
    } else {
        hal_log("a write that means nothing was dropped");
    }
}

void firmware_run(void)
{
    uint32_t session_ms = (uint32_t)atol(hal_setting("session_ms", "300000"));
    uint32_t period_ms = (uint32_t)atol(hal_setting("period_ms", "1000"));
    struct bthome_value values[] = {
        {EPAPER_BATTERY_BTHOME, NAN}, {EPAPER_ILLUMINANCE_BTHOME, NAN}, {EPAPER_PAGE_TURNS_BTHOME, NAN}};
    const double *pages = &values[2].value;
    static struct hal_ble_write write; /* too large for the stack of a small task */
    uint32_t turned_at = 0, advertised_at = 0, notified_at = 0;
    double last_pages = NAN;
    uint8_t is_reading = 0, front_light = 0;
    bool is_first = true;

    if (!hal_ble_start(table, CHARACTERISTICS)) {
        hal_log("Bluetooth cannot be started");
        return;
    }
    hal_ble_set(SESSION, &is_reading, 1, false);
    hal_ble_set(FRONT_LIGHT, &front_light, 1, false);
    while (hal_is_running()) {
        uint32_t now = hal_uptime_ms();
        bool is_changed = look(values);
        uint8_t was_reading = is_reading;

        if (is_first || is_changed || now - advertised_at >= ADVERTISE_EVERY_MS) {
            advertise(values, sizeof values / sizeof *values);
            advertised_at = now;
        }
        if (!isnan(last_pages) && *pages > last_pages) {
            turned_at = now;
            is_reading = 1;
        } else if (is_reading && now - turned_at >= session_ms) {
            is_reading = 0;
        }
        last_pages = *pages;
        if (is_reading != was_reading || now - notified_at >= NOTIFY_EVERY_MS) {
            hal_ble_set(SESSION, &is_reading, 1, true);
            notified_at = now;
        }
        is_first = false;
        if (hal_ble_take_write(&write, period_ms)) {
            take(&write);
        }
    }
}
