/* TCP on a host. */
#define _XOPEN_SOURCE 700

#include "hal.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int connection = -1;

bool hal_tcp_open(const char *host, uint16_t port)
{
    /* Of connecting and of writing: a broker that takes nothing must not hold the device up. */
    struct timeval limit = {.tv_sec = 10};
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *addresses;
    char service[8];

    hal_tcp_close();
    snprintf(service, sizeof service, "%u", (unsigned)port);
    if (getaddrinfo(host, service, &wanted, &addresses) != 0) {
        return false;
    }
    for (struct addrinfo *at = addresses; at != NULL && connection < 0; at = at->ai_next) {
        connection = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        if (connection >= 0) {
            setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        }
        if (connection >= 0 && connect(connection, at->ai_addr, at->ai_addrlen) != 0) {
            hal_tcp_close();
        }
    }
    freeaddrinfo(addresses);
    return connection >= 0;
}

int hal_tcp_read(uint8_t *data, size_t size, uint32_t wait_ms)
{
    struct pollfd ready = {.fd = connection, .events = POLLIN};
    ssize_t length;

    if (connection < 0) {
        return -1;
    }
    if (poll(&ready, 1, (int)wait_ms) <= 0) {
        return 0;
    }
    length = read(connection, data, size);
    if (length > 0) {
        return (int)length;
    }
    return length < 0 && errno == EINTR ? 0 : -1;
}

bool hal_tcp_write(const uint8_t *data, size_t length)
{
    while (length > 0 && connection >= 0) {
        ssize_t written = write(connection, data, length);

        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            data += written;
            length -= (size_t)written;
        }
    }
    return length == 0;
}

void hal_tcp_close(void)
{
    if (connection >= 0) {
        close(connection);
    }
    connection = -1;
}
