#include "daemon/net/tus.h"

#include <stdio.h>
#include <string.h>

#include "proto/note.h"

enum { SHA256_TEXT = TUS_NAME_TEXT - 1, DAY_MS = 86400000 };

int tus_parse_number(const char *text, int64_t *out)
{
    int64_t n = 0;
    if (!text || !*text || (text[0] == '0' && text[1]))
        return TB_EMALFORMED;
    for (; *text; text++) {
        int digit = *text - '0';
        if (digit < 0 || digit > 9 || n > (INT64_MAX - digit) / 10)
            return TB_EMALFORMED;
        n = n * 10 + digit;
    }
    *out = n;
    return 0;
}

static bool name_valid(const char *text)
{
    return strlen(text) == SHA256_TEXT && strspn(text, "0123456789abcdef") == SHA256_TEXT;
}

/* The value of one pair into `out`, as text.  TB_EMALFORMED when it is there already, not base64, too long, or has a NUL. */
static int metadata_value(const char *value, size_t len, char *out, size_t out_max)
{
    uint8_t bytes[TUS_NAME_TEXT];
    size_t n = 0;
    if (*out || len > sizeof bytes * 2 || base64_decode(value, len, bytes, out_max - 1, &n) || memchr(bytes, '\0', n))
        return TB_EMALFORMED;
    memcpy(out, bytes, n);
    out[n] = '\0';
    return 0;
}

int tus_parse_metadata(const char *text, char sha256[TUS_NAME_TEXT], char type[TUS_TYPE_TEXT], struct problem *p)
{
    char name[TUS_NAME_TEXT] = "", media[TUS_TYPE_TEXT] = "";
    int rc = text ? 0 : TB_EMALFORMED;
    while (!rc && *text) {
        text += strspn(text, " \t");
        size_t pair = strcspn(text, ",");
        size_t key = strcspn(text, " ,");
        const char *value = text + key + (key < pair ? 1 : 0);
        size_t len = (size_t)(text + pair - value);
        while (len && (value[len - 1] == ' ' || value[len - 1] == '\t'))
            len--;
        if (!key)
            rc = TB_EMALFORMED;
        else if (key == 6 && !memcmp(text, "sha256", key))
            rc = metadata_value(value, len, name, sizeof name);
        else if (key == 4 && !memcmp(text, "type", key))
            rc = metadata_value(value, len, media, sizeof media);
        text += pair;
        if (*text == ',' && !*++text)
            rc = TB_EMALFORMED;
    }
    if (rc || !name_valid(name) || !*media)
        return problem_set(p, PROBLEM_MALFORMED, "Upload-Metadata", "needs sha256 and type, each once and in base64");
    memcpy(sha256, name, sizeof name);
    memcpy(type, media, sizeof media);
    return 0;
}

int tus_parse_checksum(const char *text, uint8_t out[32], struct problem *p)
{
    uint8_t bytes[32];
    size_t n = 0;
    if (strncmp(text, "sha256 ", 7) || base64_decode(text + 7, strlen(text + 7), bytes, sizeof bytes, &n) || n != sizeof bytes)
        return problem_set(p, PROBLEM_MALFORMED, "Upload-Checksum", "must be: sha256 and 32 bytes in base64");
    memcpy(out, bytes, sizeof bytes);
    return 0;
}

void tus_format_date(int64_t ms, char out[TUS_DATE_TEXT])
{
    static const char days[] = "ThuFriSatSunMonTueWed", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t day = ms >= 0 ? ms / DAY_MS : 0;
    int64_t second = ms >= 0 ? ms % DAY_MS / 1000 : 0;
    /* civil date from days, proleptic Gregorian, years counted from 1 March */
    int64_t z = day + 719468, era = z / 146097, doe = z % 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;
    int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
    unsigned of_month = (unsigned)(doy - (153 * mp + 2) / 5 + 1) % 100, of_day = (unsigned)second;
    char text[64]; /* the compiler cannot see that every number keeps to its two or four digits */
    (void)snprintf(text, sizeof text, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", days + day % 7 * 3, of_month, months + (month - 1) * 3,
                   (unsigned)year % 10000, of_day / 3600 % 100, of_day / 60 % 60, of_day % 60);
    memcpy(out, text, TUS_DATE_TEXT - 1);
    out[TUS_DATE_TEXT - 1] = '\0';
}
