#include "daemon/peer/engine.h"

#include <stddef.h>

#include "proto/limits.h"

void engine_take_skew(struct engine *engine, int64_t skew_ms, int64_t now)
{
    engine->skew_ms = skew_ms;
    engine->skew_at = now > 0 ? now : 1;
}

int64_t engine_skew_ms(const struct engine *engine, int64_t now)
{
    return engine->skew_at && now - engine->skew_at < LIMIT_PEER_SKEW_MS ? engine->skew_ms : 0;
}

int64_t engine_backoff_ms(unsigned failures, uint32_t random)
{
    int64_t wait = LIMIT_BACKOFF_FIRST_MS;
    for (unsigned n = 1; n < failures && wait < LIMIT_BACKOFF_CAP_MS; n++)
        wait *= 2;
    if (wait > LIMIT_BACKOFF_CAP_MS)
        wait = LIMIT_BACKOFF_CAP_MS;
    int64_t half = wait / 2;
    return half + (int64_t)(random % (uint32_t)(half + 1));
}

void engine_init(struct engine *engine, int64_t now)
{
    *engine = (struct engine){.state = ENGINE_IDLE, .work = true, .wake_at = now, .force_old = UINT64_MAX, .force_after = -1};
}

/* Whether the failure may pass by itself.  The peer's word counts more than the bare code: docs/protocol.md, "Temporary". */
static bool is_temporary(int rc, int problem)
{
    if (problem >= 0 && problem < PROBLEM_COUNT) {
        int status = problem_type((enum problem_id)problem)->status;
        /* two offices that speak at the same time correct each other; under load more often in a row than ENGINE_CORRECTIONS */
        if (problem == PROBLEM_CHECKPOINT || problem == PROBLEM_SEQUENCE)
            return true;
        return status == 408 || status == 429 || status >= 500;
    }
    /* TB_EFULL and TB_EIO of our own store are an operator's alarm, but the exchange goes on by itself once they are mended. */
    return err_class(rc) == ERR_CLASS_TEMPORARY || rc == TB_ENOMEM || rc == TB_EFULL || rc == TB_EIO;
}

static int64_t next_wait(unsigned *failures, bool temporary, int64_t wanted_ms, uint32_t random)
{
    if (*failures < UINT16_MAX)
        (*failures)++;
    int64_t wait = temporary ? engine_backoff_ms(*failures, random) : LIMIT_BACKOFF_CAP_MS;
    if (wanted_ms > LIMIT_BACKOFF_CAP_MS)
        wanted_ms = LIMIT_BACKOFF_CAP_MS;
    return wait > wanted_ms ? wait : wanted_ms;
}

static enum engine_action build(struct engine *engine)
{
    engine->state = ENGINE_BUILDING;
    engine->work = false;
    engine->wake_at = INT64_MAX;
    return ENGINE_BUILD;
}

static enum engine_action back_off(struct engine *engine, const struct engine_report *report, int64_t now, uint32_t random)
{
    bool temporary = is_temporary(report->rc, report->problem);
    engine->state = ENGINE_BACKOFF;
    engine->alarm = !temporary;
    engine->corrections = 0;
    engine->force_old = UINT64_MAX;
    engine->force_after = -1;
    engine->in_flight = 0;
    engine->work = true;
    if (temporary)
        engine->retries++;
    else
        engine->permanent++;
    engine->wake_at = now + next_wait(&engine->failures, temporary, report->wait_ms, random);
    return ENGINE_NOTHING;
}

void engine_pause(struct engine *engine, bool paused)
{
    engine->paused = paused;
    engine->forced = !paused;
}

void engine_force(struct engine *engine)
{
    engine->forced = true;
}

static enum engine_action on_wake(struct engine *engine, int64_t now)
{
    if (engine->paused) {
        if (engine->state == ENGINE_IDLE || engine->state == ENGINE_BACKOFF)
            engine->wake_at = INT64_MAX;
        engine->work = true;
        return ENGINE_NOTHING;
    }
    if (engine->state == ENGINE_IDLE)
        return build(engine);
    if (engine->state == ENGINE_BACKOFF && (engine->forced || now >= engine->wake_at))
        return build(engine);
    engine->work = true;
    return ENGINE_NOTHING;
}

static bool is_heartbeat_due(const struct engine *engine, int64_t now)
{
    return engine->forced || engine->last_ok == 0 || now - engine->last_ok >= LIMIT_HEARTBEAT_MS || engine->failures > 0 ||
           engine->corrections > 0;
}

static enum engine_action on_built(struct engine *engine, const struct engine_report *report, int64_t now, uint32_t random)
{
    if (engine->state != ENGINE_BUILDING)
        return ENGINE_NOTHING;
    if (report->rc < 0)
        return back_off(engine, report, now, random);
    if (engine->paused) { /* it may hold what was committed after the word */
        engine->state = ENGINE_IDLE;
        engine->work = true;
        engine->wake_at = INT64_MAX;
        return ENGINE_NOTHING;
    }
    if (report->count == 0 && !is_heartbeat_due(engine, now)) {
        if (engine->work)
            return build(engine);
        engine->state = ENGINE_IDLE;
        engine->wake_at = engine->last_ok + LIMIT_HEARTBEAT_MS;
        return ENGINE_NOTHING;
    }
    engine->state = ENGINE_POSTING;
    engine->in_flight = report->count;
    engine->forced = false;
    return ENGINE_POST;
}

static enum engine_action on_answered(struct engine *engine, const struct engine_report *report, int64_t now, uint32_t random)
{
    if (engine->state != ENGINE_POSTING)
        return ENGINE_NOTHING;
    if (report->rc == 0) {
        engine->state = ENGINE_APPLYING;
        return ENGINE_APPLY;
    }
    if (engine->corrections < ENGINE_CORRECTIONS) {
        if (report->problem == PROBLEM_CHECKPOINT && report->number >= 0) {
            engine->corrections++;
            engine->force_old = (uint64_t)report->number;
            return build(engine);
        }
        if (report->problem == PROBLEM_SEQUENCE && report->number >= 1) {
            engine->corrections++;
            engine->force_after = report->number - 1;
            return build(engine);
        }
    }
    return back_off(engine, report, now, random);
}

static enum engine_action on_applied(struct engine *engine, const struct engine_report *report, int64_t now, uint32_t random)
{
    if (engine->state != ENGINE_APPLYING)
        return ENGINE_NOTHING;
    if (report->rc < 0)
        return back_off(engine, report, now, random);
    bool more = engine->work || engine->in_flight > 0;
    engine->batches++;
    engine->messages += engine->in_flight;
    engine->in_flight = 0;
    engine->failures = 0;
    engine->corrections = 0;
    engine->alarm = false;
    engine->force_old = UINT64_MAX;
    engine->force_after = -1;
    engine->last_ok = now > 0 ? now : 1;
    if (more && !engine->paused)
        return build(engine);
    engine->state = ENGINE_IDLE;
    engine->wake_at = now + LIMIT_HEARTBEAT_MS;
    return ENGINE_NOTHING;
}

enum engine_action engine_step(struct engine *engine, enum engine_event event, const struct engine_report *report, int64_t now,
                               uint32_t random)
{
    static const struct engine_report nothing = {.problem = -1, .number = -1};
    if (!report)
        report = &nothing;
    switch (event) {
    case ENGINE_WAKE:
        return on_wake(engine, now);
    case ENGINE_BUILT:
        return on_built(engine, report, now, random);
    case ENGINE_ANSWERED:
        return on_answered(engine, report, now, random);
    case ENGINE_APPLIED:
        return on_applied(engine, report, now, random);
    }
    return ENGINE_NOTHING;
}

/* ---- materials ---- */

/* Which report belongs to which state; any other report is late and ignored. */
static const enum mover_state mover_expects[] = {
    [MOVER_ASKED] = MOVER_ASKING,     [MOVER_HEAD] = MOVER_HEADING,   [MOVER_CREATED] = MOVER_CREATING,
    [MOVER_PATCHED] = MOVER_PATCHING, [MOVER_DONE] = MOVER_FINISHING,
};

void mover_init(struct mover *mover, int64_t now)
{
    *mover = (struct mover){.state = MOVER_IDLE, .work = true, .wake_at = now};
}

void mover_force(struct mover *mover, int64_t now)
{
    if (mover->state == MOVER_BACKOFF)
        mover->wake_at = now;
}

void mover_pause(struct mover *mover, bool paused, int64_t now)
{
    mover->paused = paused;
    if (!paused)
        mover_force(mover, now);
}

static enum mover_action ask(struct mover *mover)
{
    mover->state = MOVER_ASKING;
    mover->work = false;
    mover->wake_at = INT64_MAX;
    mover->offset = mover->length = 0;
    return MOVER_ASK;
}

static enum mover_action pause_mover(struct mover *mover, int rc, int64_t wait_ms, int64_t now, uint32_t random)
{
    /* A material that the peer does not expect is one whose message it does not have yet; another offset means that somebody else
     * wrote to the upload.  Both pass by asking again. */
    bool temporary = is_temporary(rc, -1) || rc == TB_ENOTFOUND || rc == TB_ECONFLICT;
    mover->state = MOVER_BACKOFF;
    mover->alarm = !temporary;
    mover->retries++;
    /* a permanent one is tried again like any other, because the next try is with another material when there is one */
    mover->wake_at = now + next_wait(&mover->failures, true, wait_ms, random);
    return MOVER_NOTHING;
}

static enum mover_action go_on(struct mover *mover, int64_t offset, int64_t now, uint32_t random)
{
    if (offset < 0 || offset > mover->length)
        return pause_mover(mover, TB_EMALFORMED, 0, now, random);
    mover->offset = offset;
    mover->state = offset == mover->length ? MOVER_FINISHING : MOVER_PATCHING;
    return offset == mover->length ? MOVER_DO_DONE : MOVER_DO_PATCH;
}

static enum mover_action on_asked(struct mover *mover, const struct mover_report *report, int64_t now, uint32_t random)
{
    if (report->rc == TB_ENOTFOUND) {
        if (mover->work)
            return ask(mover);
        mover->state = MOVER_IDLE;
        mover->failures = 0;
        mover->alarm = false;
        mover->wake_at = INT64_MAX;
        return MOVER_NOTHING;
    }
    if (report->rc < 0)
        return pause_mover(mover, report->rc, report->wait_ms, now, random);
    mover->length = report->length;
    mover->state = MOVER_HEADING;
    return MOVER_DO_HEAD;
}

static enum mover_action on_moved(struct mover *mover, enum mover_event event, const struct mover_report *report, int64_t now,
                                  uint32_t random)
{
    if (event == MOVER_HEAD && report->rc == TB_ENOTFOUND) {
        mover->state = MOVER_CREATING;
        return MOVER_DO_CREATE;
    }
    if (event == MOVER_CREATED && report->rc == TB_ENOTFOUND && mover->work)
        return ask(mover); /* the message was delivered meanwhile */
    if (report->rc < 0)
        return pause_mover(mover, report->rc, report->wait_ms, now, random);
    if (event == MOVER_PATCHED && report->offset <= mover->offset)
        return pause_mover(mover, TB_ETEMP, 0, now, random); /* no progress must not become a busy loop */
    return go_on(mover, report->offset, now, random);
}

enum mover_action mover_step(struct mover *mover, enum mover_event event, const struct mover_report *report, int64_t now,
                             uint32_t random)
{
    static const struct mover_report nothing = {0};
    if (!report)
        report = &nothing;
    if (event == MOVER_WAKE && mover->paused) {
        if (mover->state == MOVER_IDLE || mover->state == MOVER_BACKOFF)
            mover->wake_at = INT64_MAX;
        mover->work = true;
        return MOVER_NOTHING;
    }
    if (event == MOVER_WAKE) {
        if (mover->state == MOVER_IDLE || (mover->state == MOVER_BACKOFF && now >= mover->wake_at))
            return ask(mover);
        mover->work = true;
        return MOVER_NOTHING;
    }
    if (mover->state != mover_expects[event])
        return MOVER_NOTHING;
    if (event == MOVER_ASKED)
        return on_asked(mover, report, now, random);
    if (event != MOVER_DONE)
        return on_moved(mover, event, report, now, random);
    if (report->rc < 0)
        return pause_mover(mover, report->rc, report->wait_ms, now, random);
    mover->moved++;
    mover->failures = 0;
    mover->alarm = false;
    if (mover->paused) {
        mover->state = MOVER_IDLE;
        mover->wake_at = INT64_MAX;
        return MOVER_NOTHING;
    }
    return ask(mover);
}
