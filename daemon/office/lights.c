#include "daemon/office/office_internal.h"

#include "daemon/store/light_rows.h"
#include "proto/timestamp.h"

struct counting {
    struct office_lights *lights;
    int64_t today;
};

static void count_cases(void *context, const struct light_group *group)
{
    const struct counting *counting = context;
    bool stopped = group->stop_until && counting->today <= group->stop_until;
    enum light light = light_of(counting->lights->office->calendar, group->from, group->due, counting->today, stopped);
    counting->lights->cases[light] += group->count;
}

static void count_step(void *context, const struct light_group *group, unsigned state)
{
    const struct counting *counting = context;
    const struct register_kind *kind = &register_kinds[REGISTER_STEP];
    if (state >= kind->state_count || !kind->states[state].turn)
        return; /* nobody's task */
    counting->lights->steps[light_of(counting->lights->office->calendar, group->from, group->due, counting->today, false)]++;
}

static int lights_run(struct store_db *db, struct store_query *query)
{
    struct office_lights *lights = (struct office_lights *)query;
    struct counting counting = {lights, timestamp_day(store_now(db))};
    int rc = light_case_groups(db, count_cases, &counting);
    return rc ? rc : light_objects(db, REGISTER_STEP, count_step, &counting);
}

void office_lights_init(struct office_lights *lights, const struct office *office)
{
    *lights = (struct office_lights){.query = {.run = lights_run}, .office = office};
}
