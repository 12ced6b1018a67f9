// Criteria: hints that name the columns and functions an author probably meant.
// Backend zone. Face: include/search_assign/pg/criteria_check.hpp; tests: criteria.sql.
#include "search_assign/pg/criteria_check.hpp"

extern "C" {
#include "lib/stringinfo.h"
#include "utils/rel.h"
#include "utils/varlena.h"
}

namespace search_assign::pg {

namespace {

constexpr int kMaxSuggestions = 3;

// Built-in functions worth suggesting; whether a call is allowed is decided elsewhere.
constexpr std::array kUsualFunctions = {
    "abs",
    "btrim",
    "ceil",
    "concat",
    "concat_ws",
    "date_part",
    "floor",
    "initcap",
    "left",
    "length",
    "lower",
    "lpad",
    "ltrim",
    "make_date",
    "mod",
    "num_nonnulls",
    "num_nulls",
    "position",
    "regexp_count",
    "regexp_like",
    "regexp_replace",
    "replace",
    "right",
    "round",
    "rtrim",
    "sign",
    "split_part",
    "starts_with",
    "strpos",
    "substr",
    "substring",
    "to_date",
    "trunc",
    "upper",
    "jsonb_array_length",
    "jsonb_extract_path_text",
    "jsonb_exists",
    "jsonb_typeof",
    "array_length",
    "cardinality",
};

struct Suggestion {
  const char* name;
  int distance;
};

struct Suggestions {
  const char* wanted;
  int limit;  // largest distance that still counts as close
  int count;
  Suggestion best[kMaxSuggestions];
};

Suggestions suggestions_for(const char* wanted) {
  int length = static_cast<int>(strlen(wanted));
  return Suggestions{wanted, length <= 3 ? 1 : (length + 2) / 4 + 1, 0, {}};
}

// overdue_days for days_overdue: the same words in another order.
bool same_words(const char* one, const char* other) {
  if (strlen(one) != strlen(other)) return false;
  for (const char* word = one; *word != '\0';) {
    size_t length = strcspn(word, "_");
    bool found = false;
    for (const char* at = other; *at != '\0' && !found;) {
      size_t other_length = strcspn(at, "_");
      found = other_length == length && strncmp(word, at, length) == 0;
      at += other_length + (at[other_length] == '_' ? 1 : 0);
    }
    if (!found) return false;
    word += length + (word[length] == '_' ? 1 : 0);
  }
  return true;
}

// The edit distance; a name that contains the other one is close whatever its length.
int name_distance(const Suggestions& suggestions, const char* name) {
  const char* wanted = suggestions.wanted;
  if (same_words(wanted, name)) return 0;
  int length = static_cast<int>(strlen(wanted));
  int distance = varstr_levenshtein_less_equal(wanted, length, name, static_cast<int>(strlen(name)), 1, 1, 1,
                                               suggestions.limit, true);
  if (length >= 4 && strlen(name) >= 4 &&
      (strstr(name, wanted) != nullptr || strstr(wanted, name) != nullptr)) {
    distance = std::min(distance, suggestions.limit);
  }
  return distance;
}

void consider(Suggestions& suggestions, const char* name) {
  int distance = name_distance(suggestions, name);
  if (distance > suggestions.limit) return;
  for (int i = 0; i < suggestions.count; i++) {
    if (strcmp(suggestions.best[i].name, name) == 0) return;
  }
  int place = suggestions.count;
  while (place > 0 && suggestions.best[place - 1].distance > distance) place--;
  if (place >= kMaxSuggestions) return;
  int last = std::min(suggestions.count, kMaxSuggestions - 1);
  for (int i = last; i > place; i--) suggestions.best[i] = suggestions.best[i - 1];
  suggestions.best[place] = Suggestion{name, distance};
  suggestions.count = std::min(suggestions.count + 1, kMaxSuggestions);
}

char* perhaps_hint(const Suggestions& suggestions) {
  StringInfoData text;
  initStringInfo(&text);
  appendStringInfoString(&text, "Perhaps you mean ");
  for (int i = 0; i < suggestions.count; i++) {
    if (i > 0) appendStringInfoString(&text, i == suggestions.count - 1 ? " or " : ", ");
    appendStringInfo(&text, "\"%s\"", suggestions.best[i].name);
  }
  appendStringInfoChar(&text, '.');
  return text.data;
}

}  // namespace

AttrNumber find_column(Relation facts, const char* name) {
  TupleDesc columns = RelationGetDescr(facts);
  for (int i = 0; i < columns->natts; i++) {
    Form_pg_attribute column = TupleDescAttr(columns, i);
    if (!column->attisdropped && strcmp(NameStr(column->attname), name) == 0) return column->attnum;
  }
  return InvalidAttrNumber;
}

char* column_hint(Relation facts, const char* name) {
  Suggestions suggestions = suggestions_for(name);
  TupleDesc columns = RelationGetDescr(facts);
  for (int i = 0; i < columns->natts; i++) {
    Form_pg_attribute column = TupleDescAttr(columns, i);
    if (!column->attisdropped) consider(suggestions, NameStr(column->attname));
  }
  if (suggestions.count > 0) return perhaps_hint(suggestions);
  return pstrdup(
      "The view receivables.search_attribute lists the columns. Texts are written in 'single quotes'.");
}

char* function_hint(const char* name) {
  Suggestions suggestions = suggestions_for(name);
  for (const char* function : kCriteriaFunctions) consider(suggestions, function);
  for (const char* function : kUsualFunctions) consider(suggestions, function);
  if (suggestions.count > 0) return perhaps_hint(suggestions);
  return pstrdup(
      "Criteria may call immutable built-in functions, business_date(), not_since() and the functions of "
      "maturity profiles, such as overdue(unqualified, 30).");
}

}  // namespace search_assign::pg
