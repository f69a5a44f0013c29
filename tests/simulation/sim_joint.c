/* Joint cases in the simulation: legs here and at the other office, opened by decisions that arrive late, twice, or after a power cut. */
#include "tests/simulation/sim.h"

#include <stdio.h>
#include <string.h>

#include "daemon/store/joint_rows.h"

const char sim_joint_item[] =
    "{\"code\":\"JT01\",\"version\":1,\"name\":\"户口迁移\",\"name_en\":\"move\",\"category\":\"多地联办\",\"department\":\"公安局\","
    "\"task_type\":\"20\",\"subject\":\"P\",\"mode\":\"JOINT\",\"steps\":\"INOPD\",\"in_person\":false,\"materials\":[],"
    "\"statutory_limit\":null,\"promised_limit\":null,\"project_type\":\"committed\",\"fee\":\"0\",\"result\":\"户口簿\","
    "\"legal_basis\":\"户口登记条例\",\"effective_from\":\"2026-01-01\",\"joint_rule\":\"REQUIRED_GRANTED\",\"legs\":["
    "{\"name\":\"准予迁入\",\"office\":\"intake\",\"item\":\"GA01\",\"limit\":{\"days\":5,\"unit\":\"working_day\"}},"
    "{\"name\":\"迁出\",\"office\":\"other\",\"item\":\"GA01\",\"after\":[\"准予迁入\"],\"passes\":[\"准予迁入\"]},"
    "{\"name\":\"落户\",\"office\":\"intake\",\"item\":\"GA01\",\"after\":[\"迁出\"],\"passes\":[\"准予迁入\",\"迁出\"]},"
    "{\"name\":\"医保\",\"office\":\"other\",\"item\":\"GA01\",\"required\":false},"
    "{\"name\":\"社保\",\"office\":\"intake\",\"item\":\"GA01\",\"after\":[\"医保\"],\"passes\":[\"医保\"],\"required\":false}],"
    "\"approximate\":[]}";

/* A joint case under way at this office, or none. */
static bool pick(struct sim_node *node, char joint_no[CASE_NO_TEXT])
{
    struct joint_row *rows = NULL;
    size_t count = 0;
    int64_t next;
    if (joint_list(store_sync_view(node->store), NULL, true, 0, 20, &rows, &count, &next))
        return false;
    if (count)
        memcpy(joint_no, rows[sim_below(&node->sim->rng, count)].joint_no, CASE_NO_TEXT);
    joint_rows_free(rows, count);
    return count > 0;
}

bool sim_make_joint(struct sim_node *node, struct sim_acked *act, const char *material, char *body, size_t size)
{
    struct sim *sim = node->sim;
    if (sim_chance(&sim->rng, 150)) {
        if (!pick(node, act->case_no))
            return false;
        act->kind = OFFICE_JOINT_WITHDRAW;
        (void)snprintf(body, size, "{\"reason\":\"申请人要求\"}");
        return true;
    }
    act->kind = OFFICE_JOINT;
    (void)snprintf(body, size,
                   "{\"item\":{\"code\":\"JT01\"},\"offices\":{\"other\":\"%s\"},\"applicant\":{\"kind\":\"person\",\"name\":\"测%u\",\"certificate\":"
                   "{\"type\":\"citizen-id\",\"number\":\"33048318500101001X\"}},\"materials\":[{\"name\":\"申请表\",\"form\":\"form\"%s}]}",
                   node->office->peers[0].code, (unsigned)sim_below(&sim->rng, 1000), material);
    return true;
}

/* The leg must be where its case is: decided cases are settled legs, undecided ones open legs. */
static void check_leg(struct sim_node *node, const struct joint_row *joint, size_t n, const struct joint_leg_row *leg)
{
    struct case_row row;
    if (!leg->case_id) {
        if (leg->leg.state == LEG_OPEN || leg->leg.state == LEG_GRANTED)
            sim_fail(node->sim, "lost: leg %zu of %s is %s without a case", n + 1, joint->joint_no, joint_leg_states[leg->leg.state].name);
        return;
    }
    if (case_get_by_id(store_sync_view(node->store), leg->case_id, &row)) {
        sim_fail(node->sim, "lost: the case of leg %zu of %s", n + 1, joint->joint_no);
        return;
    }
    enum joint_leg_state want = joint_leg_of_case(LEG_OPEN, row.state, row.rev, row.pending > 0);
    bool decided = row.state == CASE_DELIVERING || row.state == CASE_DELIVERED || row.state == CASE_COMPLETED;
    if (decided ? !joint_leg_states[leg->leg.state].settled : leg->leg.state != want)
        sim_fail(node->sim, "leg %zu of %s is %s, its case %s is %s", n + 1, joint->joint_no, joint_leg_states[leg->leg.state].name,
                 row.case_no, case_states[row.state].name);
    case_row_clear(&row);
}

static size_t check_joint(struct sim_node *node, const struct joint_row *joint)
{
    struct joint_leg_row rows[LIMIT_JOINT_LEGS];
    struct joint_leg legs[LIMIT_JOINT_LEGS];
    size_t count = 0, cases = 0;
    if (joint_leg_list(store_sync_view(node->store), joint->id, rows, &count) || count != 5) {
        sim_fail(node->sim, "lost: %s has %zu legs", joint->joint_no, count);
        return 0;
    }
    for (size_t n = 0; n < count; n++) {
        legs[n] = rows[n].leg;
        cases += rows[n].case_id != 0;
        check_leg(node, joint, n, &rows[n]);
    }
    if (joint_ready(legs, count) || joint_lost(legs, count))
        sim_fail(node->sim, "lost: a leg of %s could go on and does not", joint->joint_no);
    bool running = joint->state == JOINT_RUNNING;
    enum joint_state state = joint_fold(joint->rule, legs, count, joint->withdrawn > 0, NULL);
    if (state != joint->state || running != !joint->closed || running != !joint->ended)
        sim_fail(node->sim, "joint case %s is %s, its legs say otherwise", joint->joint_no, joint_states[joint->state].name);
    return cases;
}

size_t sim_check_joints(struct sim_node *node, size_t *legs)
{
    size_t all = 0;
    int64_t cursor = 0;
    do {
        struct joint_row *rows = NULL;
        size_t count = 0;
        if (joint_list(store_sync_view(node->store), NULL, false, cursor, LIMIT_LIST_PAGE, &rows, &count, &cursor)) {
            sim_fail(node->sim, "the joint cases of office %d cannot be listed", node->id);
            return all;
        }
        for (size_t i = 0; i < count && !node->sim->failure[0]; i++)
            *legs += check_joint(node, &rows[i]);
        all += count;
        joint_rows_free(rows, count);
    } while (cursor && !node->sim->failure[0]);
    return all;
}
