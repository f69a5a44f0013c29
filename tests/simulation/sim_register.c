/* Acts on the registers in the simulation: lawful ones, wrong ones, crossing ones. */
#include "tests/simulation/sim.h"

#include <stdio.h>
#include <string.h>

/* What staff would send.  In a body, '…' stands for "…", and ~ for a digit that the seed chooses (^ for one up to 2): texts differ,
 * counts and dates are right or wrong by chance.  %s is a material. */
static const struct {
    enum register_kind_id kind;
    const char *act, *data;
} bodies[] = {
    {REGISTER_AUTHORISATION, "offer", "{'items':'GA01','steps':'INOPD','from':'2026-01-01','until':'2027-0~-01','announcement':'公告~号'}"},
    {REGISTER_AUTHORISATION, "offer", "{'items':'class:户籍身份证','steps':'IOD','from':'2026-11-01','until':'2026-11-23','announcement':'公告','acceptance':true}"},
    {REGISTER_AUTHORISATION, "offer", "{'items':'*','steps':'N','from':'2026-11-2~','until':'2026-11-24','announcement':'公告','open_cases':'stop'}"},
    {REGISTER_AUTHORISATION, "offer", "{'items':'XX99','steps':'I','from':'2026-01-01','until':'2027-01-01','announcement':'公告'}"},
    {REGISTER_AUTHORISATION, "accept", "{'signatory':'王~'}"},
    {REGISTER_AUTHORISATION, "decline", "{'reason':'人手不足~'}"},
    {REGISTER_AUTHORISATION, "withdraw", "{'reason':'重拟~'}"},
    {REGISTER_AUTHORISATION, "suspend", "{'reason':'核查~'}"},
    {REGISTER_AUTHORISATION, "resume", "{'remark':'恢复~'}"},
    {REGISTER_AUTHORISATION, "revoke", "{'reason':'协议终止~','open_cases':'stop'}"},
    {REGISTER_AUTHORISATION, "revoke", "{'reason':'协议终止~','announcement':'公告9号'}"},
    {REGISTER_AUTHORISATION, "renounce", "{'reason':'不再承接~'}"},
    {REGISTER_AUTHORISATION, "expire", "{}"},
    {REGISTER_STEP, "request", "{'step':'original','task':'核对~','materials':[{'name':'户口簿'}]}"},
    {REGISTER_STEP, "request", "{'step':'person'}"},
    {REGISTER_STEP, "request", "{'step':'notice','due':'2026-12-0~'}"},
    {REGISTER_STEP, "acknowledge", "{'officer':'顾~'}"},
    {REGISTER_STEP, "done", "{'originals':[{'material':'户口簿','agrees':true,'after':'kept','seen_by':'顾~'}],"
                            "'comparison':{'result':'match','officer':'顾'},'handed_over':{'document':'告知书','way':'direct',"
                            "'received_at':'2026-11-23T10:0~:00+08:00','recipient':'张三','server':'顾'}}"},
    {REGISTER_STEP, "done", "{}"},
    {REGISTER_STEP, "fail", "{'reason':'未到场~'}"},
    {REGISTER_STEP, "return", "{'reason':'未授权~'}"},
    {REGISTER_STEP, "void", "{'reason':'不再需要~'}"},
    {REGISTER_TRANSFER, "keep", "{'documents':[{'name':'户口簿','originals':3},{'name':'结婚证','originals':~}]}"},
    {REGISTER_TRANSFER, "hand-back", "{'documents':[{'name':'户口簿','originals':1}],'recipient':'张三',"
                                     "'received_at':'2026-11-23T10:0~:00+08:00','server':'顾'}"},
    {REGISTER_TRANSFER, "pack", "{'documents':[{'name':'户口簿','originals':2}],'bag':'F~','packed_by':'顾'}"},
    {REGISTER_TRANSFER, "pack", "{'documents':[{'name':'户口簿','originals':1},{'name':'结婚证','originals':1,'copies':~}],'bag':'G~','packed_by':'顾'}"},
    {REGISTER_TRANSFER, "send", "{'carrier':'EMS','tracking_no':'EE123456785CN','insured_yuan':30~}"},
    {REGISTER_TRANSFER, "open", "{'opened_by':'陆','second':'沈~','seal_intact':true}"},
    {REGISTER_TRANSFER, "open", "{'opened_by':'陆','second':'沈','seal_intact':false,'differences':[{'name':'户口簿','listed':2,'found':^}]}"},
    {REGISTER_TRANSFER, "open", "{'opened_by':'陆','second':'陆','seal_intact':true}"},
    {REGISTER_TRANSFER, "settle", "{'explanation':'找到','recovered':~}"},
    {REGISTER_TRANSFER, "settle", "{'explanation':'补办~'}"},
    {REGISTER_TRANSFER, "lose", "{'reason':'邮路中断~'}"},
    {REGISTER_TRANSFER, "find", "{'remark':'~'}"},
    {REGISTER_TRANSFER, "write-off", "{'explanation':'赔付','compensation_yuan':10~}"},
    {REGISTER_TRANSFER, "come-back", "{'reason':'地址有误~'}"},
    {REGISTER_TRANSFER, "unpack", "{'reason':'不寄了~'}"},
    {REGISTER_PROBLEM, "raise", "{'class':'delay','subject':'超时~','due':'2026-12-1~'}"},
    {REGISTER_PROBLEM, "raise", "{'class':'none','subject':'错'}"},
    {REGISTER_PROBLEM, "take", "{'responsible':'陆~'}"},
    {REGISTER_PROBLEM, "measure", "{'measure':'已催办~'}"},
    {REGISTER_PROBLEM, "close", "{'result':'已解决~'}"},
    {REGISTER_PROBLEM, "reopen", "{'reason':'未解决~'}"},
    {REGISTER_PROBLEM, "meet", "{'meeting':'2026-12-2~'}"},
    {REGISTER_PROBLEM, "withdraw", "{'reason':'误报~'}"},
    {REGISTER_CONTACT, "add", "{'name':'陆~','function':'liaison','department':'公安局','items':'GA01','phone':'0573-8800000~'}"},
    {REGISTER_CONTACT, "change", "{'name':'陆','function':'officer','department':'公安局','phone':'0573-8800001~','deputy':'沈'}"},
    {REGISTER_CONTACT, "away", "{'from':'2026-12-0~','until':'2026-12-05'}"},
    {REGISTER_CONTACT, "back", "{}"},
    {REGISTER_CONTACT, "remove", "{'remark':'调离~'}"},
    {REGISTER_PRECHECK, "ask", "{'item':'GA01','question':'这张照片可以吗~','materials':[{'name':'照片'%s}]}"},
    {REGISTER_PRECHECK, "answer", "{'opinion':'incomplete','points':[{'material':'照片','defect':'底色~'}]}"},
    {REGISTER_PRECHECK, "more", "{'item':'GA01','question':'这张呢~','materials':[{'name':'照片'%s}]}"},
    {REGISTER_PRECHECK, "close", "{'remark':'~'}"},
    {REGISTER_NOTE, "write", "{'text':'请确认电话~'}"},
    {REGISTER_NOTE, "answer", "{'text':'已确认~'}"},
    {REGISTER_NOTE, "add", "{'text':'还有~'}"},
    {REGISTER_NOTE, "close", "{}"},
    {REGISTER_RATING, "record", "{'about':'intake_window','level':~,'channel':'qr'}"},
    {REGISTER_RATING, "record", "{'about':'home_department','level':1,'channel':'tablet','text':'慢~'}"},
    {REGISTER_RATING, "call-back", "{'called_by':'陆~','finding':'等候过久'}"},
    {REGISTER_RATING, "put-right", "{'measure':'增开窗口~','level':4}"},
};

enum { BODIES = sizeof bodies / sizeof bodies[0] };

static const struct register_kind *kind_of(size_t body)
{
    return &register_kinds[bodies[body].kind];
}

static bool makes(size_t body)
{
    const struct register_act *act = register_act_by_name(kind_of(body), bodies[body].act);
    return act && act->from & REGISTER_FROM(REGISTER_NONE);
}

/* One of the bodies of the kind and act (NULL: of any that makes an object; "": of any). */
static size_t find_body(struct sim *sim, enum register_kind_id kind, const char *act)
{
    size_t fit[BODIES], count = 0;
    for (size_t i = 0; i < BODIES; i++)
        if (bodies[i].kind == kind && (!act ? makes(i) : !act[0] || !strcmp(bodies[i].act, act)))
            fit[count++] = i;
    return count ? fit[sim_below(&sim->rng, count)] : 0;
}

static bool pick_case(struct sim_node *node, char case_no[CASE_NO_TEXT])
{
    struct case_filter filter = {.state = -1, .limit = 20};
    struct case_row *rows = NULL;
    size_t count = 0;
    int64_t next;
    int rc = case_list(store_sync_view(node->store), &filter, &rows, &count, &next);
    if (!rc && count) /* few cases with many acts on each */
        memcpy(case_no, rows[sim_below(&node->sim->rng, count < 2 ? count : 2)].case_no, CASE_NO_TEXT);
    case_rows_free(rows, count);
    return !rc && count;
}

static bool pick_object(struct sim_node *node, enum register_kind_id kind, struct object_row *out)
{
    struct object_filter filter = {.kind = (int)kind, .open_only = !sim_chance(&node->sim->rng, 100), .limit = 4};
    struct object_row *rows = NULL;
    size_t count = 0;
    int64_t next;
    if (object_list(store_sync_view(node->store), &filter, &rows, &count, &next))
        return false;
    if (!count) {
        object_rows_free(rows, 0);
        return false;
    }
    size_t at = (size_t)sim_below(&node->sim->rng, count);
    *out = rows[at];
    out->doc = NULL;
    object_rows_free(rows, count);
    return true;
}

/* An act for the object: mostly what is possible now, sometimes anything. */
static size_t pick_act(struct sim_node *node, const struct object_row *object, unsigned role)
{
    struct sim *sim = node->sim;
    const char *words[16];
    unsigned party = strcmp(object->owner, node->office->code) ? REGISTER_OTHER : REGISTER_OWNER;
    size_t count = register_possible(&register_kinds[object->kind], party, role, object->local_state, words, 16);
    if (!count || sim_chance(&sim->rng, 100))
        return find_body(sim, object->kind, "");
    const char *word = words[sim_below(&sim->rng, count)];
    const struct register_act *act = register_act_by_name(&register_kinds[object->kind], word);
    if (act->to > 0 && register_kinds[object->kind].states[act->to].final && sim_chance(&sim->rng, 500))
        word = words[sim_below(&sim->rng, count)]; /* lives end late */
    return find_body(sim, object->kind, word);
}

static void write_body(struct sim *sim, const char *case_no, const char *data, const char *material, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, case_no[0] ? "{\"case\":\"%s\",\"data\":" : "{%s\"data\":", case_no);
    for (const char *at = data; *at && n + 100 < size; at++) {
        if (at[0] == '%' && at[1] == 's') {
            n += (size_t)snprintf(out + n, size - n, "%s", material);
            at++;
        } else {
            out[n++] = (char)(*at == '\'' ? '"' : *at == '~' || *at == '^' ? (char)('0' + sim_below(&sim->rng, *at == '~' ? 10 : 3)) : *at);
        }
    }
    out[n++] = '}';
    out[n] = '\0';
}

bool sim_make_register(struct sim_node *node, struct sim_acked *act, const char *material, char *body, size_t size)
{
    struct sim *sim = node->sim;
    struct object_row object = {.id = 0};
    char case_no[CASE_NO_TEXT] = "";
    bool handler = sim_chance(&sim->rng, 650);
    /* most acts of a seed are of one register, so that lives become long; all of them come up in all seeds */
    static const enum register_kind_id mostly[] = {
        REGISTER_AUTHORISATION, REGISTER_STEP,     REGISTER_TRANSFER,      REGISTER_PROBLEM, REGISTER_TRANSFER, REGISTER_CONTACT,
        REGISTER_TRANSFER,      REGISTER_PRECHECK, REGISTER_AUTHORISATION, REGISTER_NOTE,    REGISTER_RATING};
    enum register_kind_id kind = sim_chance(&sim->rng, 700) ? mostly[sim->seed % (sizeof mostly / sizeof mostly[0])]
                                                            : (enum register_kind_id)sim_below(&sim->rng, REGISTER_KINDS);
    bool known = !sim_chance(&sim->rng, kind == REGISTER_TRANSFER ? 400 : 150) && pick_object(node, kind, &object);
    size_t at = known ? pick_act(node, &object, handler ? CASE_ROLE_HANDLER : CASE_ROLE_WINDOW) : find_body(sim, kind, NULL);
    enum register_scope scope = register_kinds[kind].scope;
    bool about = sim_chance(&sim->rng, scope == REGISTER_CASE ? 980 : scope == REGISTER_ANY ? 500 : 10);
    if (!known && about && !pick_case(node, case_no))
        return false;
    act->kind = OFFICE_REGISTER;
    act->staff = node->office->staff[handler ? 1 : 0].id;
    act->register_kind = register_kinds[kind].name;
    memcpy(act->object_no, object.no, sizeof act->object_no);
    (void)snprintf(act->action, sizeof act->action, "%s", bodies[at].act);
    write_body(sim, case_no, bodies[at].data, material, body, size);
    return true;
}
