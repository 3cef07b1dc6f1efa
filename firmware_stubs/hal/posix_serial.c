/* A serial line on a host: the device of the setting `serial`, or a pseudo-terminal whose other end
 * the setting `line` names. */
#define _XOPEN_SOURCE 700

#include "hal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static int line = -1;

static bool make_raw(int terminal)
{
    struct termios mode;

    if (tcgetattr(terminal, &mode) != 0) {
        return false;
    }
    mode.c_iflag = 0;
    mode.c_oflag = 0;
    mode.c_lflag = 0;
    mode.c_cflag = CS8 | CREAD | CLOCAL;
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    cfsetispeed(&mode, B9600);
    cfsetospeed(&mode, B9600);
    return tcsetattr(terminal, TCSANOW, &mode) == 0;
}

bool hal_serial_open(void)
{
    const char *path = hal_setting("serial", ""), *link = hal_setting("line", "");
    int other_end;

    if (*path != '\0') {
        line = open(path, O_RDWR | O_NOCTTY);
        return line >= 0 && make_raw(line);
    }
    line = posix_openpt(O_RDWR | O_NOCTTY);
    if (line < 0 || grantpt(line) != 0 || unlockpt(line) != 0) {
        return false;
    }
    /* Left open, so that the line is there while no gateway holds it. */
    other_end = open(ptsname(line), O_RDWR | O_NOCTTY);
    if (other_end < 0 || !make_raw(other_end)) {
        return false;
    }
    unlink(link);
    return symlink(ptsname(line), link) == 0;
}

int hal_serial_read(uint8_t *data, size_t size, uint32_t wait_ms)
{
    struct pollfd ready = {.fd = line, .events = POLLIN};
    ssize_t length;

    if (poll(&ready, 1, (int)wait_ms) <= 0) {
        return 0;
    }
    length = read(line, data, size);
    if (length > 0) {
        return (int)length;
    }
    return length < 0 && errno == EINTR ? 0 : -1;
}

bool hal_serial_write(const uint8_t *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(line, data, length);

        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            data += written;
            length -= (size_t)written;
        }
    }
    return true;
}
