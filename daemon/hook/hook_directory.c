#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/hook/hook_internal.h"

static const char *check(const struct stat *info, bool directory)
{
    if (directory ? !S_ISDIR(info->st_mode) : !S_ISREG(info->st_mode))
        return directory ? "no directory" : "no regular file (links are not followed)";
    if (info->st_uid != 0 && info->st_uid != geteuid())
        return "belongs neither to root nor to the user of the service";
    if (info->st_mode & (S_IWGRP | S_IWOTH))
        return "group or others may write it";
    return NULL;
}

const char *hook_directory_check(const char *directory)
{
    struct stat info;
    return stat(directory, &info) ? "cannot be reached" : check(&info, true);
}

const char *hook_file_check(const char *path)
{
    struct stat info;
    if (lstat(path, &info))
        return "cannot be reached";
    const char *why = check(&info, false);
    return !why && access(path, X_OK) ? "may not be executed" : why;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

size_t hook_directory_list(const char *directory, hook_name *names)
{
    DIR *open = opendir(directory);
    size_t count = 0;
    for (const struct dirent *entry; open && (entry = readdir(open));) {
        size_t len = strspn(entry->d_name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.");
        if (entry->d_name[0] == '.')
            continue;
        const char *why = entry->d_name[len]             ? "its name has other characters than letters, digits, - _ ."
                          : len > LIMIT_HOOK_NAME_BYTES ? "its name is too long"
                          : count == LIMIT_HOOKS        ? "there are too many"
                                                        : NULL;
        if (why)
            LOG(LOG_LEVEL_WARNING, LOG_OFFICE, "hook_left_out", LOG_TEXT("hook", entry->d_name), LOG_TEXT("detail", why));
        else
            memcpy(names[count++], entry->d_name, len + 1);
    }
    if (open)
        (void)closedir(open);
    qsort(names, count, sizeof *names, by_name);
    return count;
}
