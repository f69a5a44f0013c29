#include "proto/codes.h"

#include <string.h>

#include "proto/timestamp.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* 0-9 → 0 … 9, A-Z → 10 … 35, anything else −1. */
static int value36(char c)
{
    if (is_digit(c))
        return c - '0';
    return is_upper(c) ? c - 'A' + 10 : -1;
}

static bool all_digits(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_digit(text[i]))
            return false;
    return true;
}

static int number(const char *text, size_t digits)
{
    int value = 0;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

static int refuse(const char **why, const char *reason)
{
    *why = reason;
    return TB_EMALFORMED;
}

/* What goes wrong at a keyboard before any rule of the number itself: nothing typed, spaces, the Chinese input method,
 * control characters. */
static int check_typing(const char *text, const char **why)
{
    if (!text[0])
        return refuse(why, "nothing was typed");
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c >= 0x80)
            return refuse(why, "it has full-width or other non-Latin characters: switch the input method to English "
                               "and type it again");
        if (*c == ' ' || *c == '\t')
            return refuse(why, "it has a space: type the number without spaces");
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return refuse(why, "it has a control character: type it again");
    }
    return 0;
}

/* A real date.  Own arithmetic, because birth years before 1900 are valid here and the calendar of entries starts in
 * 1900. */
static int check_date(int year, int month, int day, const char **why)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12)
        return refuse(why, "the date in the number has a month that does not exist: compare it with the document");
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int last = month == 2 && leap ? 29 : days[month - 1];
    if (day < 1 || day > last)
        return refuse(
            why, "the date in the number has a day that does not exist in that month: compare it with the document");
    return 0;
}

/* GB 11643-1999 with ISO 7064 MOD 11-2. */
static int check_citizen_id(const char *text, const char **why)
{
    static const int weight[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int rc = check_typing(text, why);
    if (rc)
        return rc;
    size_t len = strlen(text);
    if (len == 15 && all_digits(text, 15))
        return refuse(why, "this is an old number of 15 digits: take the 18 characters of the present card");
    if (len != 18)
        return refuse(why, "a citizen ID number has 18 characters: count them on the card");
    if (strpbrk(text, "Oo"))
        return refuse(why, "a letter O stands where a digit belongs: type 0 (zero)");
    if (!all_digits(text, 17))
        return refuse(why, "the first 17 characters must be digits: compare them with the card");
    if (text[17] == 'x')
        return refuse(why, "the last character is a small x: type a capital X");
    if (!is_digit(text[17]) && text[17] != 'X')
        return refuse(why, "the last character must be a digit or X: compare it with the card");
    rc = check_date(number(text + 6, 4), number(text + 10, 2), number(text + 12, 2), why);
    if (rc)
        return rc;
    int sum = 0;
    for (int i = 0; i < 17; i++)
        sum += (text[i] - '0') * weight[i];
    if ("10X98765432"[sum % 11] != text[17])
        return refuse(why, "the check digit is wrong: compare every character with the card, the last one too");
    return 0;
}

/* GB 11714: the organisation code's own check character over its first eight. */
static char organisation_check(const char *code)
{
    static const int weight[8] = {3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (int i = 0; i < 8; i++)
        sum += value36(code[i]) * weight[i];
    return "?123456789X0"[11 - sum % 11]; /* 10 → X, 11 → 0 */
}

/* GB 32100-2015. */
static int check_uscc(const char *text, const char **why)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    int rc = check_typing(text, why);
    if (rc)
        return rc;
    if (strlen(text) != 18)
        return refuse(why, "a unified social credit code has 18 characters: count them on the licence");
    int sum = 0, weight = 1;
    for (int i = 0; i < 18; i++) {
        if (is_lower(text[i]))
            return refuse(why, "it has small letters: type capital letters");
        const char *at = strchr(alphabet, text[i]);
        if (!at)
            return refuse(why,
                          "the letters I, O, Z, S and V and signs do not occur in it: look for 1, 0, 2 or 5 instead");
        if (i < 17)
            sum += (int)(at - alphabet) * weight;
        weight = weight * 3 % 31;
    }
    if (!all_digits(text + 2, 6))
        return refuse(why, "characters 3 to 8 are the division and must be digits: compare them with the licence");
    if (alphabet[(31 - sum % 31) % 31] != text[17])
        return refuse(why, "the check character is wrong: compare every character with the licence, the last one too");
    if (organisation_check(text + 8) != text[16])
        return refuse(why, "the organisation code inside it (characters 9 to 17) has a wrong check character: compare "
                           "it with the licence");
    return 0;
}

/* ISO 7064 hybrid MOD (m+1),m over the digits that `value36` gives; dots are skipped. */
static int hybrid_check(const char *text, size_t len, int m)
{
    int p = m;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '.')
            continue;
        p = (p + value36(text[i])) % m;
        p = (p ? p : m) * 2 % (m + 1);
    }
    return (m + 1 - p) % m;
}

/* GB/T 36904-2018: 1.2.156.3005.2 . type (21) . issuer (USCC or division) . serial . version (3) . check, ISO 7064 MOD
 * 37,36. */
static int check_licence_id(const char *text, const char **why)
{
    static const char root[] = "1.2.156.3005.2.";
    const char *part[5];
    size_t len[5], parts = 0;
    int rc = check_typing(text, why);
    if (rc)
        return rc;
    if (strncmp(text, root, sizeof root - 1) != 0)
        return refuse(why, "an e-licence identifier starts with 1.2.156.3005.2. : copy it whole");
    const char *at = text + sizeof root - 1;
    for (;;) {
        size_t n = strcspn(at, ".");
        if (parts == 5)
            return refuse(
                why, "it has more than five parts after 1.2.156.3005.2: leave out the copy number and the file ending");
        part[parts] = at;
        len[parts++] = n;
        for (size_t i = 0; i < n; i++)
            if (is_lower(at[i]))
                return refuse(why, "it has small letters: type capital letters");
            else if (value36(at[i]) < 0)
                return refuse(why, "only digits, capital letters and dots occur in it");
        if (!at[n])
            break;
        at += n + 1;
    }
    if (parts < 5)
        return refuse(
            why, "a part is missing: after 1.2.156.3005.2 stand type, issuer, serial, version and check character");
    if (len[0] != 21)
        return refuse(why, "the licence type (first part after 1.2.156.3005.2) must have 21 characters");
    if (len[1] != 18 && !(len[1] == 6 && all_digits(part[1], 6)))
        return refuse(why, "the issuer (second part) must be a credit code of 18 characters or a division of 6 digits");
    if (len[2] < 1 || len[2] > 32)
        return refuse(why, "the serial (third part) must have 1 to 32 characters");
    if (len[3] != 3 || !all_digits(part[3], 3))
        return refuse(why, "the version (fourth part) must have three digits, such as 001");
    if (len[4] != 1)
        return refuse(why, "the last part must be one check character");
    if (hybrid_check(part[0], (size_t)(part[3] + len[3] - part[0]), 36) != value36(*part[4]))
        return refuse(why, "the check character is wrong: copy the whole identifier again");
    return 0;
}

/* Ours: division (6), YYMMDD, serial of the day (8), ISO 7064 MOD 11,10. */
static int check_case_no(const char *text, const char **why)
{
    int rc = check_typing(text, why);
    if (rc)
        return rc;
    if (strlen(text) != CASE_NO_LEN)
        return refuse(why, "a case number has 21 digits: count them on the intake receipt");
    if (!all_digits(text, CASE_NO_LEN))
        return refuse(why, "a case number has only digits: compare it with the intake receipt");
    rc = check_date(2000 + number(text + 6, 2), number(text + 8, 2), number(text + 10, 2), why);
    if (rc)
        return rc;
    if (number(text + 12, 8) == 0)
        return refuse(why, "the serial in a case number is never zero: compare it with the intake receipt");
    if (hybrid_check(text, CASE_NO_LEN - 1, 10) != text[CASE_NO_LEN - 1] - '0')
        return refuse(why, "the check digit is wrong: compare the number with the intake receipt");
    return 0;
}

/* UPU S10: two letters, eight digits, check digit, country. */
static bool has_s10_form(const char *text, size_t len)
{
    return len == 13 && is_upper(text[0]) && is_upper(text[1]) && all_digits(text + 2, 9) && is_upper(text[11]) &&
           is_upper(text[12]);
}

static int check_tracking(const char *text, const char **why)
{
    static const int weight[8] = {8, 6, 4, 2, 3, 5, 9, 7};
    int rc = check_typing(text, why);
    if (rc)
        return rc;
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (is_lower(text[i]))
            return refuse(why, "it has small letters: type capital letters");
        else if (value36(text[i]) < 0)
            return refuse(why, "a tracking number has only digits and capital letters");
    if (len < 8 || len > 20)
        return refuse(why, "a tracking number has 8 to 20 characters: compare it with the label");
    if (!has_s10_form(text, len))
        return 0;
    int sum = 0;
    for (int i = 0; i < 8; i++)
        sum += (text[2 + i] - '0') * weight[i];
    if ("?12345678905"[11 - sum % 11] != text[10]) /* 10 → 0, 11 → 5 */
        return refuse(why, "the check digit is wrong: compare the number with the label");
    return 0;
}

const struct code_rule code_rules[CODE_KINDS] = {
    [CODE_CITIZEN_ID] = {"citizen-id", "GB 11643-1999", check_citizen_id},
    [CODE_USCC] = {"uscc", "GB 32100-2015", check_uscc},
    [CODE_LICENCE_ID] = {"licence-id", "GB/T 36904-2018", check_licence_id},
    [CODE_CASE_NO] = {"case-no", "ISO 7064 MOD 11,10", check_case_no},
    [CODE_TRACKING] = {"tracking", "UPU S10", check_tracking},
};

int code_kind(const char *name)
{
    for (int kind = 0; name && kind < CODE_KINDS; kind++)
        if (strcmp(code_rules[kind].name, name) == 0)
            return kind;
    return -1;
}

int code_check(enum code_kind kind, const char *text, const char **why)
{
    const char *unused;
    if ((unsigned)kind >= CODE_KINDS || !text)
        return TB_EINVAL;
    return code_rules[kind].check(text, why ? why : &unused);
}

int case_no_make(const char *office, int64_t day, uint32_t serial, char out[CASE_NO_TEXT])
{
    /* 2000-01-01 … 2099-12-31: two digits of a year have no other meaning here. */
    if (!office_valid(office) || day < 10957 || day > 47481 || serial < 1 || serial > 99999999)
        return TB_EINVAL;
    char date[DATE_TEXT], text[CASE_NO_TEXT];
    date_format(day, date);
    memcpy(text, office, OFFICE_LEN);
    memcpy(text + 6, date + 2, 2);
    memcpy(text + 8, date + 5, 2);
    memcpy(text + 10, date + 8, 2);
    for (int i = 19; i >= 12; i--, serial /= 10)
        text[i] = (char)('0' + serial % 10);
    text[20] = (char)('0' + hybrid_check(text, CASE_NO_LEN - 1, 10));
    text[21] = '\0';
    memcpy(out, text, CASE_NO_TEXT);
    return 0;
}

bool office_valid(const char *text)
{
    return text && strlen(text) == OFFICE_LEN && all_digits(text, OFFICE_LEN);
}

const char *office_name(const char *office)
{
    static const struct {
        const char *code, *name;
    } names[] = {{"330483", "桐乡市"}, {"320623", "如东县"}, {"330503", "南浔区"}, {"320509", "吴江区"}};
    for (size_t i = 0; office && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].code, office) == 0)
            return names[i].name;
    return NULL;
}
