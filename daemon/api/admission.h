/* admission: how often each member of staff and each counterpart may ask — a token bucket per sender and class of request.
 *
 * A sender may ask `per_s` times a second for as long as it likes and LIMIT_ADMISSION_BURST_S times as often at once; what is beyond is
 * refused with the seconds after which it would be allowed.  The classes (to read, to change, to move files) are counted each for itself,
 * so that a list that is looked at too often keeps nobody from taking in an application.  Pure: time comes as a parameter. */
#ifndef API_ADMISSION_H
#define API_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/err.h"

enum admission_class { ADMISSION_READ, ADMISSION_CHANGE, ADMISSION_FILE, ADMISSION_CLASSES };

struct admission;
/* Requests a second of one member of staff and of one counterpart.  *out is new. */
int admission_new(unsigned staff_per_s, unsigned peer_per_s, struct admission **out) TB_MUST_USE;
void admission_free(struct admission *admission);
/* Counts one request of this name ("330483" a counterpart, "320623:0007" a member of staff): 0, or the seconds after which the next one
 * will be allowed. */
unsigned admission_ask(struct admission *admission, const char *name, bool peer, enum admission_class class, int64_t now_ms);
/* The class of a request by its method and route. */
enum admission_class admission_class(bool reads, const char *pattern);

#endif
