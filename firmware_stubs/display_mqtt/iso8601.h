/* A time as text: ISO 8601 in UTC, to the millisecond. Pure. */
#ifndef ISO8601_H
#define ISO8601_H

#include <stdint.h>

enum { ISO8601_SIZE = sizeof "YYYY-MM-DDThh:mm:ss.mmmZ" };

/* Write a time in milliseconds since 1970 into ISO8601_SIZE bytes; of the years 1970 to 9999. */
void iso8601_write(char *text, int64_t unix_ms);

#endif
