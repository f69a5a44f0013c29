/* item: one service item (事项) of an office's catalogue (实施清单): its elements, their checks, what changed between two editions
 * (GB/T 39554, domain.md 4.1; 行政许可法 30: what an office must publish about a matter); pure.
 *
 * An item arrives as JSON (from a catalogue file or from a peer's `catalogue.published` entry) and is checked by one table of
 * *elements* (要素), from which docs/reference/item.md, the labels of a diff and the completeness check of `tongban catalogue lint`
 * come too.  Versions are numbered; a case pins the version in force at intake.  Elements that came later are optional and have a
 * default, so that an edition of an older program stays valid. */
#ifndef PROTO_ITEM_H
#define PROTO_ITEM_H

#include <jansson.h>
#include <stdbool.h>

#include "proto/buf.h"
#include "proto/problem.h"

/* ---- the table ---- */

enum item_form {
    ITEM_CODE,     /* letters, digits, hyphens and dots; least … most of them */
    ITEM_OFFICE,   /* six digits */
    ITEM_TEXT,     /* one line */
    ITEM_WORD,     /* one of `values`, "A|B" */
    ITEM_LETTERS,  /* each letter of `values` at most once */
    ITEM_BOOL,
    ITEM_NUMBER,   /* least … most */
    ITEM_LIMIT,    /* {"days","unit"}, or null where none is fixed */
    ITEM_DATE,
    ITEM_OBJECT,   /* `members` */
    ITEM_OBJECTS,  /* a list of at most `most` of them; its elements are told apart by their first member */
    ITEM_TEXTS,    /* a list of at most `most` texts */
    ITEM_WORDS,    /* a list of words of `values`, each at most once */
    ITEM_ELEMENTS, /* names of elements of this table, each at most once */
    ITEM_FORMS
};

enum item_flag {
    ITEM_REQUIRED = 1,
    ITEM_WANTED = 2 /* a window misses it: `tongban catalogue lint` warns when it is left out */
};

struct item_element {
    const char *name;
    enum item_form form;
    unsigned flags;
    const char *values;                 /* of words and letters */
    const struct item_element *members; /* of objects, ended by a NULL name */
    int least, most;                    /* characters, numbers or elements */
    const char *fallback;               /* what holds when it is left out, as the reference page says it; "" or NULL: nothing */
    const char *label, *zh;             /* what people call it */
    const char *help;                   /* meaning and source, one line */
};
extern const struct item_element item_elements[]; /* in the order of a file; ended by a NULL name */
/* Row of a top-level element, or NULL. */
const struct item_element *item_element_find(const char *name);
/* What people call a word of an element ("mode", "PROXY" → 异地代收代办); the word itself when the table has none.  `zh`: in Chinese,
 * else in English. */
const char *item_word(const char *element, const char *word, bool zh);
/* "20 working days" / "20个工作日", "at once" / "当场", "" for a limit that is not fixed; at most `size` bytes into `out`; returns out. */
const char *item_limit_text(const json_t *limit, bool zh, char *out, size_t size);

/* ---- checks ---- */

/* Checks one item document by the table; unknown members are errors.  Beyond single elements: the promised limit must not be later than
 * the statutory one when the units agree, the period must not end before it begins, a material that is always needed has no
 * `needed_when`, the item has no second element of a list with the same first member. */
int item_check(const json_t *item, struct problem *p) TB_MUST_USE;
/* Every mistake of the item, one for each element: calls `tell`, a non-zero return ends it and is returned.  0 also with mistakes. */
int item_check_each(const json_t *item, int (*tell)(void *context, const struct problem *p), void *context) TB_MUST_USE;
/* Whole edition: {"office","edition","published","items":[…],"note"?,"retired"?:[{"code","reason"}]}, codes unique, at most
 * LIMIT_CATALOGUE_ITEMS. */
int catalogue_check(const json_t *edition, struct problem *p) TB_MUST_USE;
/* True when `day` (days since 1970) lies in the item's effective period. */
bool item_in_force(const json_t *item, int64_t day);
/* True when its period begins after `day`. */
bool item_begins_after(const json_t *item, int64_t day);

/* ---- the form check (形式审查, 行政许可法 31, 32(3), (4)) ---- */

/* What an application ({"materials":[…]}) lacks of what the item always asks of the applicant: NULL for nothing, else a new array of
 * {"material","lack":"missing"|"original_unseen"|"licence_unseen","deferrable","standard"?}.  The window says so and takes it in all the
 * same: what follows the home side decides. */
int item_lacks(const json_t *item, const json_t *application, json_t **out) TB_MUST_USE;
/* Whether the applicant brings this material at all: what the offices hold themselves must not be demanded (国令716 art. 7), what is internal
 * nobody brings.  Whether the window is to see its original. */
bool item_from_applicant(const json_t *material);
bool item_wants_original(const json_t *material);
/* What the item says about the e-licence (电子证照) of a material: nothing, the window sees it and notes its identifier, the home side
 * fetches it itself. */
enum item_licence { ITEM_LICENCE_NONE, ITEM_LICENCE_SEEN, ITEM_LICENCE_FETCHED };
enum item_licence item_licence_of(const json_t *material);
/* A material that is handed in as an e-licence alone, electronic and without a scan, is one for which the item says so. */
int item_check_licences(const json_t *item, const json_t *materials, struct problem *p) TB_MUST_USE;
/* The material of that name in the item's list, or NULL. */
const json_t *item_material(const json_t *item, const char *name);
/* Whether the applicant may choose this way of delivery; an item that names none offers pick-up and mail. */
bool item_delivers(const json_t *item, const char *way);

/* Advice on a checked item: elements that a window misses, values that do not fit each other, elements that are still approximate.
 * Calls `advise` with a JSON pointer, the id of the advice and what it speaks of ("" or a name); a non-zero return ends it and is
 * returned. */
enum item_advice {
    ITEM_ADVICE_MISSING,     /* a wanted element is left out; about: its name */
    ITEM_ADVICE_FEE_BASIS,   /* a fee without the law that allows it (行政许可法 58, 59) */
    ITEM_ADVICE_ORIGINAL,    /* original verification may be delegated, but no material asks for it */
    ITEM_ADVICE_UNITS,       /* promise and law count in different units: the earlier date holds */
    ITEM_ADVICE_DEFERRABLE,  /* a deferrable material that is not always needed needs no deferring */
    ITEM_ADVICE_CONDITION,   /* a material that is needed only at times does not say when */
    ITEM_ADVICE_APPROXIMATE, /* an element is marked as not yet checked by a person; about: its name */
    ITEM_ADVICES
};
typedef int (*item_advise)(void *context, const char *pointer, enum item_advice advice, const char *about);
int item_advice_each(const json_t *item, item_advise advise, void *context) TB_MUST_USE;
/* The sentence of an advice. */
const char *item_advice_text(enum item_advice advice, bool zh);

/* ---- what changed ---- */

/* Differences of two lists of items, each of which passed item_check: {"added":[{"code","name","version"}],"removed":[the same],
 * "changed":[{"code","name","from","to","elements":[{"path","label","zh","change":"added|removed|changed","old"?,"new"?}]}]}.
 * `path` is the element, of lists of objects with the element's first member: "materials/居民身份证/required".  An item whose version
 * alone was raised is changed, with no elements.  New reference. */
int item_diff(const json_t *old_items, const json_t *new_items, json_t **out) TB_MUST_USE;
/* The elements of one item that differ, the version excepted: an array as above, empty when nothing does.  New reference. */
int item_diff_elements(const json_t *old_item, const json_t *new_item, json_t **out) TB_MUST_USE;
bool item_diff_empty(const json_t *diff);

/* ---- pages for people (item_page.c) ---- */

/* The service guide (服务指南) for applicants and the operation manual (业务手册) for staff, Markdown, Chinese, appended to `out`.
 * `office` is the home office's name. */
int item_guide(const json_t *item, const char *office, struct buf *out) TB_MUST_USE;
int item_manual(const json_t *item, const char *office, struct buf *out) TB_MUST_USE;

#endif
