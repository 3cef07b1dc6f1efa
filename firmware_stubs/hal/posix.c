/* The board of a host: settings are NAME=VALUE arguments, sensors are lines `NAME VALUE` of the
 * file of the setting `measure`, outputs are lines on stdout. */
#define _XOPEN_SOURCE 700

#include "hal.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t is_ended;
static char **settings;

static void end(int signal_number)
{
    (void)signal_number;
    is_ended = 1;
}

int main(int count, char **arguments)
{
    struct sigaction action = {.sa_handler = end};

    (void)count;
    settings = arguments + 1;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = SIG_IGN; /* a peer that hung up is an error of write() */
    sigaction(SIGPIPE, &action, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    srandom((unsigned)time(NULL) ^ (unsigned)getpid());
    firmware_run();
    return 0;
}

bool hal_is_running(void)
{
    return !is_ended;
}

const char *hal_setting(const char *name, const char *otherwise)
{
    size_t length = strlen(name);

    for (char **setting = settings; *setting != NULL; setting++) {
        if (strncmp(*setting, name, length) == 0 && (*setting)[length] == '=') {
            return *setting + length + 1;
        }
    }
    return otherwise;
}

uint32_t hal_uptime_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U);
}

int64_t hal_unix_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint32_t hal_random(void)
{
    return (uint32_t)random();
}

void hal_sleep(uint32_t milliseconds)
{
    struct timespec pause = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000L};

    nanosleep(&pause, NULL);
}

double hal_measure(const char *name)
{
    const char *path = hal_setting("measure", "");
    FILE *file = *path != '\0' ? fopen(path, "r") : NULL;
    char line[128], known[64];
    double value, measured = NAN;

    if (file == NULL) {
        return NAN;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%63s %lf", known, &value) == 2 && strcmp(known, name) == 0) {
            measured = value;
        }
    }
    fclose(file);
    return measured;
}

void hal_actuate(const char *name, double value)
{
    printf("actuate %s %g\n", name, value);
}

void hal_show(const uint8_t *content, size_t length)
{
    printf("show ");
    for (size_t i = 0; i < length; i++) {
        printf("%02x", (unsigned)content[i]);
    }
    printf("\n");
}

void hal_log(const char *text)
{
    fprintf(stderr, "%s\n", text);
}
