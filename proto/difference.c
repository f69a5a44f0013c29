#include "proto/difference.h"

static const struct difference_type types[DIFFERENCE_COUNT] = {
#define D(constant, name, title, remedy) {name, title, remedy},
    DIFFERENCE_TABLE(D)
#undef D
};

const struct difference_type *difference_type(enum difference difference)
{
    return &types[difference];
}
