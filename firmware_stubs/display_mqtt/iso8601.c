#include "iso8601.h"

enum { DAY_MS = 86400000, DAYS_TO_1970 = 719468, DAYS_OF_400_YEARS = 146097 };

static char *put(char *text, int64_t number, int digits, char behind)
{
    for (int i = digits - 1; i >= 0; i--) {
        text[i] = (char)('0' + number % 10);
        number /= 10;
    }
    text[digits] = behind;
    return text + digits + 1;
}

/* Years are counted from March, so that the day of a leap year comes last, and in eras of 400 years,
 * after which the calendar repeats itself. Not gmtime: C11 has none that is safe in two tasks. */
void iso8601_write(char *text, int64_t unix_ms)
{
    int64_t days = unix_ms / DAY_MS + DAYS_TO_1970, ms = unix_ms % DAY_MS;
    int64_t era = days / DAYS_OF_400_YEARS, of_era = days % DAYS_OF_400_YEARS;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153, day = of_year - (153 * month + 2) / 5 + 1;

    month = month < 10 ? month + 3 : month - 9;
    text = put(text, era * 400 + year + (month <= 2), 4, '-');
    text = put(text, month, 2, '-');
    text = put(text, day, 2, 'T');
    text = put(text, ms / 3600000, 2, ':');
    text = put(text, ms / 60000 % 60, 2, ':');
    text = put(text, ms / 1000 % 60, 2, '.');
    text = put(text, ms % 1000, 3, 'Z');
    *text = '\0';
}
