#include "proto/err.h"

#include <stddef.h>

static const struct {
    int code;
    enum err_class class;
    const char *text;
} err_table[] = {
    {TB_OK, ERR_CLASS_OK, "ok"},
    {TB_ENOMEM, ERR_CLASS_TEMPORARY, "out of memory"},
    {TB_EINVAL, ERR_CLASS_PERMANENT, "invalid use"},
    {TB_EMALFORMED, ERR_CLASS_PERMANENT, "malformed input"},
    {TB_ELIMIT, ERR_CLASS_PERMANENT, "limit exceeded"},
    {TB_ENOTFOUND, ERR_CLASS_PERMANENT, "not found"},
    {TB_ECONFLICT, ERR_CLASS_PERMANENT, "conflict"},
    {TB_EDENIED, ERR_CLASS_PERMANENT, "not allowed"},
    {TB_EREFUSED, ERR_CLASS_PERMANENT, "refused by rule"},
    {TB_ETRUST, ERR_CLASS_PERMANENT, "not trusted"},
    {TB_ETEMP, ERR_CLASS_TEMPORARY, "temporary failure"},
    {TB_EFULL, ERR_CLASS_ALARM, "no space left"},
    {TB_EIO, ERR_CLASS_ALARM, "input/output error"},
    {TB_ECORRUPT, ERR_CLASS_ALARM, "stored data damaged"},
    {TB_ECLOSED, ERR_CLASS_TEMPORARY, "closed"},
    {TB_ETIMEOUT, ERR_CLASS_TEMPORARY, "timed out"},
    {TB_EDUPLICATE, ERR_CLASS_DUPLICATE, "already known"},
    {TB_EUNSUPPORTED, ERR_CLASS_PERMANENT, "not supported"},
    {TB_EBEHIND, ERR_CLASS_TEMPORARY, "the ledger is behind what others have seen of it"},
};

const char *err_text(int code)
{
    for (size_t i = 0; i < sizeof err_table / sizeof err_table[0]; i++)
        if (err_table[i].code == code)
            return err_table[i].text;
    return "unknown error";
}

enum err_class err_class(int code)
{
    for (size_t i = 0; i < sizeof err_table / sizeof err_table[0]; i++)
        if (err_table[i].code == code)
            return err_table[i].class;
    return ERR_CLASS_PERMANENT;
}
