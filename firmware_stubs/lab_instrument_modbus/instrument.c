/* A lab instrument on an RS-485 line: the profile campus-lab-instrument, as a device.
 *
 * Sensors: temperature (°C), power_w, sensor, fault (a code, 0 for none). Settings: unit, warm_up_ms,
 * silence_ms. Holding register 0 starts (1) and stops (0) a run. */
#include "hal.h"
#include "lab_instrument.h"
#include "modbus_rtu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(LAB_RUN_TIME_REGISTERS == 2 && LAB_ENERGY_IMPORT_REGISTERS == 2 &&
                   LAB_SENSOR_VALUE_REGISTERS == 2 && LAB_TEMPERATURE_REGISTERS == 1,
               "the profile has changed the width of a point; change set_* below");

static uint16_t input[LAB_INPUT_COUNT];
static uint16_t holding[LAB_HOLDING_COUNT];
static bool is_started;
static uint32_t started_at, updated_at;
static double run_s, energy_wh;

static bool set_holding(uint16_t address, uint16_t value)
{
    if (address != LAB_SET_RUN_ADDRESS || value > 1) {
        return false;
    }
    if (value == 1 && !is_started) {
        started_at = hal_uptime_ms();
    }
    is_started = value == 1;
    holding[address] = value;
    hal_actuate("run", value);
    return true;
}

static void set_long(uint16_t address, uint32_t value)
{
    input[address] = (uint16_t)(value >> 16);
    input[address + 1] = (uint16_t)value;
}

/* A value in steps of `scale`, at most `most`; `invalid` where the sensor gives nothing. */
static uint16_t steps(double value, double scale, double offset, double least, double most,
                      uint16_t invalid)
{
    double raw = round((value - offset) / scale);

    if (isnan(raw)) {
        return invalid;
    }
    return (uint16_t)(int32_t)fmin(most, fmax(least, raw));
}

static uint16_t run_state(bool is_faulty, uint32_t warm_up_ms)
{
    if (is_faulty) {
        return LAB_RUN_STATE_FAULT;
    }
    if (!is_started) {
        return LAB_RUN_STATE_IDLE;
    }
    return hal_uptime_ms() - started_at < warm_up_ms ? LAB_RUN_STATE_WARMING_UP
                                                     : LAB_RUN_STATE_RUNNING;
}

static void update(uint32_t warm_up_ms)
{
    uint32_t now = hal_uptime_ms();
    double passed_s = (now - updated_at) / 1000.0;
    double power = hal_measure("power_w"), fault = hal_measure("fault");
    float sensor = (float)hal_measure("sensor");
    uint32_t bits;

    updated_at = now;
    if (input[LAB_RUN_STATE_ADDRESS] == LAB_RUN_STATE_RUNNING) {
        run_s += passed_s;
    }
    if (power > 0) {
        energy_wh += power * passed_s / 3600.0;
    }
    input[LAB_RUN_STATE_ADDRESS] = run_state(fault > 0, warm_up_ms);
    input[LAB_FAULT_CODE_ADDRESS] = steps(fault, 1, 0, 0, UINT16_MAX, 0);
    set_long(LAB_RUN_TIME_ADDRESS, (uint32_t)run_s);
    input[LAB_TEMPERATURE_ADDRESS] =
        steps(hal_measure("temperature"), LAB_TEMPERATURE_SCALE, LAB_TEMPERATURE_OFFSET,
              INT16_MIN + 1, INT16_MAX, (uint16_t)LAB_TEMPERATURE_INVALID);
    input[LAB_ACTIVE_POWER_ADDRESS] =
        steps(power, LAB_ACTIVE_POWER_SCALE, LAB_ACTIVE_POWER_OFFSET, 0,
              LAB_ACTIVE_POWER_INVALID - 1, LAB_ACTIVE_POWER_INVALID);
    set_long(LAB_ENERGY_IMPORT_ADDRESS, (uint32_t)energy_wh);
    memcpy(&bits, &sensor, sizeof bits);
    set_long(LAB_SENSOR_VALUE_ADDRESS, bits);
}

void firmware_run(void)
{
    const struct modbus_map map = {input, LAB_INPUT_COUNT, holding, LAB_HOLDING_COUNT, set_holding};
    uint8_t unit = (uint8_t)atoi(hal_setting("unit", "1"));
    uint32_t warm_up_ms = (uint32_t)atol(hal_setting("warm_up_ms", "60000"));
    /* A frame ends with a silence of 3.5 characters: 4 ms at 9600 baud. */
    uint32_t silence_ms = (uint32_t)atol(hal_setting("silence_ms", "4"));
    uint8_t frame[MODBUS_FRAME_MAX], answer[MODBUS_FRAME_MAX];
    size_t length = 0;
    bool is_too_long = false;

    if (!hal_serial_open()) {
        hal_log("the serial line cannot be opened");
        return;
    }
    updated_at = hal_uptime_ms();
    update(warm_up_ms);
    while (hal_is_running()) {
        uint8_t chunk[64];
        int got = hal_serial_read(chunk, sizeof chunk, length > 0 || is_too_long ? silence_ms : 200);

        if (got < 0) {
            hal_sleep(100);
        } else if (got > 0 && (is_too_long || length + (size_t)got > sizeof frame)) {
            is_too_long = true; /* no frame is so long: wait for the next silence */
            length = 0;
        } else if (got > 0) {
            memcpy(frame + length, chunk, (size_t)got);
            length += (size_t)got;
        } else {
            size_t answered;

            update(warm_up_ms);
            answered = modbus_answer(frame, length, unit, &map, answer);
            if (answered > 0) {
                hal_serial_write(answer, answered);
            }
            length = 0;
            is_too_long = false;
        }
    }
}
