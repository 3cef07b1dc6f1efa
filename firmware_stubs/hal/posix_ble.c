/* Bluetooth LE on a host without a radio: lines `ble ...` on stdout for the stack of another program,
 * which holds the radio, and lines `write INDEX HEX` from it on stdin. */
#define _XOPEN_SOURCE 700

#include "hal.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2 * HAL_BLE_VALUE_MAX + 32 };

static size_t offered;
static char input[LINE_MAX_BYTES];
static size_t used;
static bool is_too_long, is_closed;

static void print_hex(const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        printf("%02x", (unsigned)data[i]);
    }
}

bool hal_ble_start(const struct hal_ble_characteristic *table, size_t count)
{
    offered = count;
    for (size_t i = 0; i < count; i++) {
        printf("ble characteristic ");
        print_hex(table[i].service, sizeof table[i].service);
        printf(" ");
        print_hex(table[i].uuid, sizeof table[i].uuid);
        printf(" %u\n", (unsigned)table[i].properties);
    }
    printf("ble start\n");
    return true;
}

bool hal_ble_advertise(const uint8_t *data, size_t length)
{
    if (length > HAL_BLE_ADVERTISEMENT_MAX) {
        return false;
    }
    printf("ble advertise ");
    print_hex(data, length);
    printf("\n");
    return true;
}

bool hal_ble_set(size_t characteristic, const uint8_t *value, size_t length, bool notify)
{
    if (characteristic >= offered || length > HAL_BLE_VALUE_MAX) {
        return false;
    }
    printf("ble %s %zu ", notify ? "notify" : "set", characteristic);
    print_hex(value, length);
    printf("\n");
    return true;
}

static bool read_write(const char *text, struct hal_ble_write *write)
{
    int start = 0;
    unsigned byte;

    write->length = 0;
    if (sscanf(text, "write %zu %n", &write->characteristic, &start) != 1 || start == 0 ||
        write->characteristic >= offered) {
        return false;
    }
    for (text += start; *text != '\0'; text += 2) {
        if (write->length == HAL_BLE_VALUE_MAX || strspn(text, "0123456789abcdef") < 2 ||
            sscanf(text, "%2x", &byte) != 1) {
            return false;
        }
        write->value[write->length++] = (uint8_t)byte;
    }
    return true;
}

bool hal_ble_take_write(struct hal_ble_write *write, uint32_t wait_ms)
{
    struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
    uint32_t started = hal_uptime_ms(), passed = 0;

    while (passed <= wait_ms) {
        char byte;

        if (is_closed) {
            hal_sleep(wait_ms - passed);
            return false;
        }
        if (poll(&ready, 1, (int)(wait_ms - passed)) <= 0) {
            return false;
        }
        if (read(STDIN_FILENO, &byte, 1) != 1) {
            is_closed = true;
        } else if (byte != '\n') {
            is_too_long = is_too_long || used == sizeof input - 1;
            if (!is_too_long) {
                input[used++] = byte;
            }
        } else {
            bool is_whole = !is_too_long;

            input[used] = '\0';
            used = 0;
            is_too_long = false;
            if (is_whole && read_write(input, write)) {
                return true;
            }
        }
        passed = hal_uptime_ms() - started;
    }
    return false;
}
