/* For cppcheck only: loops of libraries whose headers it is not given. */
#ifndef LINT_CPPCHECK_H
#define LINT_CPPCHECK_H

#define json_array_foreach(array, i, value) \
    for (i = 0; i < json_array_size(array) && (value = json_array_get(array, i)); i++)
#define json_object_foreach(object, key, value) \
    for (void *at = json_object_iter(object); at && (key = json_object_iter_key(at), value = json_object_iter_value(at)); \
         at = json_object_iter_next(object, at))
#define TAILQ_FOREACH(item, head, field) for (item = (head)->tqh_first; item; item = item->field.tqe_next)
#define LIST_FOREACH(item, head, field) for (item = (head)->lh_first; item; item = item->field.le_next)
#define STAILQ_FOREACH(item, head, field) for (item = (head)->stqh_first; item; item = item->field.stqe_next)

#endif
