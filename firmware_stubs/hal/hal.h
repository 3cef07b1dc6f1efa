/* What a firmware needs of its board. To carry a firmware to a board, write these functions for it;
 * nothing else of the firmware includes a header of a system. hal/posix*.c are those of a host.
 *
 * All functions are called from one task. Times are in milliseconds. */
#ifndef HAL_H
#define HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The firmware itself: the board calls it once, after its own start. */
void firmware_run(void);

/* False once the firmware is to end. A board returns true for ever. */
bool hal_is_running(void);

/* A setting by name, or `otherwise`. On a board: NVS, Kconfig, a settings page. */
const char *hal_setting(const char *name, const char *otherwise);

/* Time since the start. It wraps after 49 days: compare differences, never two times. */
uint32_t hal_uptime_ms(void);

/* Time since 1970 in UTC; 0 while the clock is not set. On a board: SNTP or a clock chip. */
int64_t hal_unix_ms(void);

/* Any number; spreads what many devices would do at once. */
uint32_t hal_random(void);

void hal_sleep(uint32_t milliseconds);

/* What a sensor measures now; NAN where it gives nothing. */
double hal_measure(const char *name);

/* Make an output take a value: a relay, a backlight. */
void hal_actuate(const char *name, double value);

/* Put content on the screen. */
void hal_show(const uint8_t *content, size_t length);

void hal_log(const char *text);

/* TCP: one connection. `hal_tcp_read` waits up to `wait_ms` and returns the bytes read, 0 where
 * none came, -1 where the connection ended. `hal_tcp_write` sends all or returns false. */
bool hal_tcp_open(const char *host, uint16_t port);
int hal_tcp_read(uint8_t *data, size_t size, uint32_t wait_ms);
bool hal_tcp_write(const uint8_t *data, size_t length);
void hal_tcp_close(void);

/* A serial line; a board drives the direction of its RS-485 transceiver in here. Reading is as for
 * TCP. */
bool hal_serial_open(void);
int hal_serial_read(uint8_t *data, size_t size, uint32_t wait_ms);
bool hal_serial_write(const uint8_t *data, size_t length);

/* Bluetooth LE: the board's stack keeps the attribute table and answers reads from the value last
 * set. UUIDs are as on the air, least significant byte first. */
enum { HAL_BLE_READ = 1, HAL_BLE_WRITE = 2, HAL_BLE_NOTIFY = 4 };
enum { HAL_BLE_ADVERTISEMENT_MAX = 31, HAL_BLE_VALUE_MAX = 512 };

struct hal_ble_characteristic {
    uint8_t service[16];
    uint8_t uuid[16];
    uint8_t properties;
};

struct hal_ble_write {
    size_t characteristic; /* its place in the table */
    size_t length;
    uint8_t value[HAL_BLE_VALUE_MAX];
};

/* Offer a table of characteristics; those of one service follow one another. */
bool hal_ble_start(const struct hal_ble_characteristic *table, size_t count);

/* Advertise this data from now on, connectable. */
bool hal_ble_advertise(const uint8_t *data, size_t length);

/* Set the value that a read returns; with `notify` it also goes to each subscriber. */
bool hal_ble_set(size_t characteristic, const uint8_t *value, size_t length, bool notify);

/* Take a write of a peer; false where none came within `wait_ms`. */
bool hal_ble_take_write(struct hal_ble_write *write, uint32_t wait_ms);

#endif
