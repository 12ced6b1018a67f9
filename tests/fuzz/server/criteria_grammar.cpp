#include "criteria_grammar.hpp"

namespace {

using Words = std::string_view[];

constexpr Words kNumbers = {"outstanding",  "overdue",           "not_due",        "overdue_share",
                            "credits",      "open_items",        "overdue_items",  "days_overdue",
                            "sales_12m",    "average_days_late", "external_score", "internal_score",
                            "payment_days", "customer_id",       "parent_id",      "credit_limit"};
constexpr Words kTexts = {"company",  "account_no",      "name",         "country", "currency",
                          "language", "sector",          "sales_rep",    "email",   "phone",
                          "rating",   "external_rating", "payer_profile"};
constexpr Words kDates = {"created_on",     "oldest_due_date", "last_payment_on", "last_invoice_on",
                          "last_action_on", "next_action_on",  "business_date()"};
constexpr Words kProfiles = {"receivables", "unqualified", "disputed", "promised"};
constexpr Words kBooleans = {"has_email", "has_phone", "collection_blocked", "has_legal_event", "true",
                             "false",     "null"};
constexpr Words kNumberLiterals = {"0",
                                   "1",
                                   "-1",
                                   "30",
                                   "1000.50",
                                   "1e5",
                                   "'12'",
                                   "1e-400",
                                   "2147483647",
                                   "-2147483648",
                                   "9223372036854775807",
                                   "99999999999999999999999999999",
                                   "'NaN'::numeric",
                                   "'Infinity'::numeric",
                                   "0.1::float8",
                                   "'1e400'"};
constexpr Words kTextLiterals = {"'FR'",
                                 "''",
                                 "'%a_'",
                                 "'A'",
                                 "'very bad'",
                                 "'\xc3\xa9t\xc3\xa9'",
                                 "'\xf0\x9f\x98\x80'",
                                 "E'\\n\\t\\x41'",
                                 "U&'\\0441\\+01F600'",
                                 "$$x$$",
                                 "$a$ -- $a$",
                                 "'it''s'",
                                 "'today'",
                                 "'2024-01-31'",
                                 "'{a,b}'",
                                 "'\xe2\x80\xae\xe2\x80\x8b'",
                                 "'[1,2)'",
                                 "'('",
                                 "'[[:alpha:]'",
                                 "'(a+)+$'",
                                 "'--'",
                                 "'1 day'"};
constexpr Words kDateLiterals = {"'2026-01-31'",      "'1900-01-01'",    "'infinity'",
                                 "'-infinity'",       "'5874897-12-31'", "'4713-11-24 BC'",
                                 "date '2026-06-15'", "'today'",         "'2026-02-30'",
                                 "'01/02/2024'",      "'epoch'",         "to_date('20260131','YYYYMMDD')"};
constexpr Words kCompares = {"=", "<>", "<", "<=", ">", ">=", "is distinct from", "is not distinct from",
                             "!="};
constexpr Words kArithmetic = {"+", "-", "*", "/", "%", "^", "&", "|", "#", "<<", ">>"};
constexpr Words kMatches = {"like", "ilike", "not like",        "~", "~*", "!~", "similar to", "^@",
                            "~~",   "<",     "collate \"C\" <", "="};
constexpr Words kTypes = {"text",  "numeric",       "integer",    "bigint",    "smallint",
                          "date",  "boolean",       "float8",     "timestamp", "interval",
                          "jsonb", "numeric(10,2)", "varchar(3)", "char(2)",   "name",
                          "bytea", "bit(8)",        "time",       "int4range", "daterange",
                          "uuid",  "money",         "text[]",     "regclass",  "timestamptz",
                          "xml",   "inet",          "point",      "nosuch",    "receivables.maturity_profile",
                          "oid",   "\"char\""};
constexpr Words kNumberFunctions = {"abs", "round", "floor", "ceil",      "sqrt",  "ln",
                                    "exp", "sign",  "trunc", "factorial", "scale", "log"};
constexpr Words kTextFunctions = {"lower",   "upper",         "trim",  "btrim",  "reverse",     "md5",
                                  "initcap", "quote_literal", "ascii", "unistr", "quote_ident", "to_hex"};
constexpr Words kParts = {"year",    "month",   "day",    "dow",    "epoch",   "week",
                          "quarter", "century", "julian", "nosuch", "timezone"};
constexpr Words kProfileNumbers = {"total",        "credits", "item_count", "not_due", "overdue_item_count",
                                   "days_overdue", "overdue"};
constexpr Words kIntervals = {"interval '30 days'", "interval '1 month'", "'1 year'::interval",
                              "interval '178000000 years'", "make_interval(days => 3)"};
constexpr Words kTokens = {"(",
                           ")",
                           ",",
                           "and",
                           "or",
                           "not",
                           "is",
                           "null",
                           "between",
                           "in",
                           "select",
                           "from",
                           "::",
                           ".",
                           "[",
                           "]",
                           "'",
                           "\"",
                           "$1",
                           "case",
                           "when",
                           "then",
                           "end",
                           "--",
                           "/*",
                           "*/",
                           ";",
                           "operator(",
                           "receivables.",
                           "pg_catalog.",
                           "*",
                           "exists",
                           "any",
                           "all",
                           "array[",
                           "row(",
                           "over ()",
                           "filter (where true)",
                           "collate",
                           "at time zone",
                           "cast(",
                           "as",
                           "interval",
                           "overlaps",
                           "distinct",
                           "group by",
                           "limit",
                           "union",
                           "within group",
                           "=>",
                           ":=",
                           "isnull",
                           "notnull",
                           "unknown",
                           "document",
                           "default",
                           "current_date",
                           "user",
                           "localtime",
                           "grouping(",
                           "xmlelement(",
                           "extract(",
                           "substring(",
                           "overlay(",
                           "position(",
                           "trim(",
                           "coalesce(",
                           "nullif(",
                           "greatest(",
                           "customer_facts",
                           "customer_facts.*",
                           "ctid",
                           "xmin",
                           "pg_sleep(1)",
                           "now()",
                           "random()",
                           "count(*)",
                           "generate_series(1,2)",
                           "pg_read_file('x')",
                           "nextval('x')",
                           "set_config('a','b',false)",
                           "normalize(",
                           "is json",
                           "variadic",
                           "setof",
                           "%type",
                           "~",
                           "@>"};

}  // namespace

std::string CriteriaGrammar::word() { return std::string(random_.pick(kTokens)); }

std::string CriteriaGrammar::literal() {
  switch (random_.below(4)) {
    case 0:
      return std::string(random_.pick(kNumberLiterals));
    case 1:
      return std::string(random_.pick(kDateLiterals));
    default:
      return std::string(random_.pick(kTextLiterals));
  }
}

std::string CriteriaGrammar::any(int depth) {
  switch (random_.below(7)) {
    case 0:
      return boolean(depth);
    case 1:
      return text(depth);
    case 2:
      return date(depth);
    case 3:
      return profile(depth);
    case 4:
      return json(depth);
    case 5:
      return list(depth);
    default:
      return number(depth);
  }
}

std::string CriteriaGrammar::number(int depth) {
  if (depth <= 0)
    return std::string(random_.one_in(3) ? random_.pick(kNumberLiterals) : random_.pick(kNumbers));
  const int d = depth - 1;
  switch (random_.below(15)) {
    case 0:
    case 1:
    case 2:
      return "(" + number(d) + " " + std::string(random_.pick(kArithmetic)) + " " + number(d) + ")";
    case 3:
      return std::string(random_.pick(kNumberFunctions)) + "(" + number(d) + ")";
    case 4:
      return "overdue(" + profile(d) + ", " +
             (random_.one_in(3) ? number(0) : std::to_string(random_.between(-2, 400))) + ")";
    case 5:
      return std::string(random_.pick(kProfileNumbers)) + "(" + profile(d) + ")";
    case 6:
      return "due_within(" + profile(d) + ", " + std::to_string(random_.between(0, 90)) + ")";
    case 7:
      return "(" + date(d) + " - " + date(d) + ")";
    case 8:
      return "extract(" + std::string(random_.pick(kParts)) + " from " + date(d) + ")";
    case 9:
      return "coalesce(" + number(d) + ", " + number(d) + ")";
    case 10:
      return "length(" + text(d) + ")";
    case 11:
      return "(" + json(d) + " ->> " + text(0) + ")::" + std::string(random_.pick(kTypes));
    case 12:
      return "case when " + boolean(d) + " then " + number(d) + " else " + number(d) + " end";
    case 13:
      return "- " + number(d);
    default:
      return std::string(random_.pick(kNumbers));
  }
}

std::string CriteriaGrammar::text(int depth) {
  if (depth <= 0) return std::string(random_.one_in(2) ? random_.pick(kTextLiterals) : random_.pick(kTexts));
  const int d = depth - 1;
  switch (random_.below(11)) {
    case 0:
      return "(" + text(d) + " || " + any(d) + ")";
    case 1:
    case 2:
      return std::string(random_.pick(kTextFunctions)) + "(" + text(d) + ")";
    case 3:
      return "substring(" + text(d) + " from " + number(0) + " for " + number(0) + ")";
    case 4:
      return "(" + json(d) + " ->> " + text(0) + ")";
    case 5:
      return "coalesce(" + text(d) + ", " + text(0) + ")";
    case 6:
      return "replace(" + text(d) + ", " + text(0) + ", " + text(0) + ")";
    case 7:
      return random_.one_in(2) ? "lpad(" + text(d) + ", " + std::to_string(random_.between(-3, 2000)) + ")"
                               : "repeat(" + text(d) + ", " + std::to_string(random_.between(-3, 2000)) + ")";
    case 8:
      return "concat(" + any(d) + ", " + any(d) + ")";
    case 9:
      return "regexp_replace(" + text(d) + ", " + text(0) + ", " + text(0) + ")";
    default:
      return std::string(random_.pick(kTexts));
  }
}

std::string CriteriaGrammar::date(int depth) {
  if (depth <= 0) return std::string(random_.one_in(3) ? random_.pick(kDateLiterals) : random_.pick(kDates));
  const int d = depth - 1;
  switch (random_.below(9)) {
    case 0:
    case 1:
      return "(" + date(d) + (random_.one_in(2) ? " + " : " - ") + std::to_string(random_.between(-40, 400)) +
             ")";
    case 2:
      return "(" + date(d) + (random_.one_in(2) ? " + " : " - ") + number(d) + ")";
    case 3:
      return "(" + date(d) + " - " + std::string(random_.pick(kIntervals)) + ")";
    case 4:
      return "oldest_due(" + profile(d) + ")";
    case 5:
      return "greatest(" + date(d) + ", " + date(d) + ")";
    case 6:
      return "date_trunc('month', " + date(d) + "::timestamp)";
    case 7:
      return "make_date(" + number(0) + "::int, " + std::to_string(random_.between(0, 13)) + ", 1)";
    default:
      return std::string(random_.pick(kDates));
  }
}

std::string CriteriaGrammar::profile(int depth) {
  if (depth <= 0 || random_.one_in(2)) {
    if (random_.one_in(8)) return "'{2026-01-31:100:0:1:0}'::receivables.maturity_profile";
    return std::string(random_.pick(kProfiles));
  }
  return "(" + profile(depth - 1) + (random_.one_in(2) ? " + " : " - ") + profile(depth - 1) + ")";
}

std::string CriteriaGrammar::json(int depth) {
  if (depth <= 0 || random_.one_in(2))
    return random_.one_in(4) ? "'{\"a\": [1, null]}'::jsonb" : "attributes";
  switch (random_.below(4)) {
    case 0:
      return "(" + json(depth - 1) + " -> " + text(0) + ")";
    case 1:
      return "(" + json(depth - 1) + " || " + json(depth - 1) + ")";
    case 2:
      return "to_jsonb(" + any(depth - 1) + ")";
    default:
      return "jsonb_build_object(" + text(0) + ", " + any(depth - 1) + ")";
  }
}

std::string CriteriaGrammar::list(int depth) {
  const bool texts = random_.one_in(2);
  std::string out = "array[";
  for (std::size_t n = 1 + random_.below(4); n > 0; --n)
    out += (texts ? text(depth - 1) : number(depth - 1)) + (n > 1 ? ", " : "");
  return out + "]";
}

std::string CriteriaGrammar::boolean(int depth) {
  if (depth <= 0) return std::string(random_.pick(kBooleans));
  const int d = depth - 1;
  const std::string compare = " " + std::string(random_.pick(kCompares)) + " ";
  switch (random_.below(20)) {
    case 0:
    case 1:
    case 2:
      return "(" + boolean(d) + (random_.one_in(2) ? " and " : " or ") + boolean(d) + ")";
    case 3:
      return "not " + boolean(d);
    case 4:
    case 5:
    case 6:
      return number(d) + compare + number(d);
    case 7:
    case 8:
      return date(d) + compare + date(d);
    case 9:
      return text(d) + " " + std::string(random_.pick(kMatches)) + " " + text(d);
    case 10:
      return number(d) + " between " + number(d) + " and " + number(d);
    case 11:
      return text(d) + " in (" + text(0) + ", " + text(0) + ")";
    case 12:
      return any(d) + " is " + (random_.one_in(2) ? "not null" : "null");
    case 13:
      return text(d) + " = any (" + list(d) + ")";
    case 14:
      return "not_since(" + date(d) + ", " + std::to_string(random_.between(-1, 40)) + ")";
    case 15:
      return json(d) + (random_.one_in(2) ? " ? " : " @> ") + (random_.one_in(2) ? text(0) : json(d));
    case 16:
      return "(" + number(d) + ", " + text(0) + ") < (" + number(d) + ", " + text(0) + ")";
    case 17:
      return "(" + any(d) + ")::" + std::string(random_.pick(kTypes)) + compare + literal();
    case 18:
      return "case " + text(d) + " when " + text(0) + " then " + boolean(d) + " else " + boolean(d) + " end";
    default:
      return any(d) + compare + any(d);
  }
}

// What a hand or a program could do to a good criteria.
std::string CriteriaGrammar::broken(std::string criteria) {
  constexpr Words kOdd = {
      "\xc2\xa0",     "\xe2\x80\x8b",     "\xef\xbb\xbf", "\xe2\x80\x99", "\xe2\x89\xa5", "\xff", "\xc3",
      "\xed\xa0\x80", "\xf4\x90\x80\x80", "\t\r\n\f\v",   "\x01",         "\\",           "`"};
  const std::size_t at = random_.below(criteria.size() + 1);
  switch (random_.below(7)) {
    case 0:
      return criteria.substr(0, at);
    case 1:
      return criteria.insert(at, " " + word() + " ");
    case 2:
      return criteria.erase(at, 1 + random_.below(6));
    case 3:
      return criteria.insert(at, random_.pick(kOdd));
    case 4:
      return random_.damaged(std::move(criteria));
    case 5:
      return criteria + " " + word();
    default:
      return word() + " " + criteria;
  }
}

std::string CriteriaGrammar::extreme() {
  const auto times = [](std::size_t count, std::string_view text) {
    std::string out;
    out.reserve(count * text.size());
    while (count-- > 0) out += text;
    return out;
  };
  constexpr std::size_t kLarge[] = {50, 500, 3000, 10000, 40000};
  const std::size_t n = random_.pick(kLarge);
  switch (random_.below(12)) {
    case 0:
      return times(n, "(") + "true" + times(n, ")");
    case 1:
      return times(n, "not ") + "has_email";
    case 2:
      return "0 < " + times(n, "1+") + "1";
    case 3:
      return "has_email" + times(n / 2, " and outstanding>1");
    case 4:
      return "has_email" + times(n / 4, " or (overdue>1 and has_phone)");
    case 5:
      return "name in ('a'" + times(n, ",'b'") + ")";
    case 6:
      return times(n / 8, "case when true then ") + "true" + times(n / 8, " end");
    case 7:
      return "name = '" + times(n, "\xf0\x9f\x98\x80") + "'";
    case 8:
      return "\"" + times(n, "x") + "\" = 1";
    case 9:
      return times(n / 8, "coalesce(") + "overdue" + times(n / 8, ",1)") + " > 0";
    case 10:
      return times(n, "-- x\n") + "true" + times(n / 4, "/* ") + times(n / 4, "*/");
    default:
      return "outstanding > " + times(n, "9") + "." + times(n / 2, "9");
  }
}

std::string CriteriaGrammar::soup() {
  std::string out;
  for (std::size_t n = 1 + random_.below(12); n > 0; --n)
    out += (random_.one_in(3) ? any(0) : word()) + (random_.one_in(5) ? "" : " ");
  return out;
}

std::string CriteriaGrammar::criteria() {
  switch (random_.below(40)) {
    case 0:
      return random_.bytes(random_.below(60));
    case 1:
    case 2:
      return soup();
    case 3:
      return random_.one_in(4) ? extreme() : literal();
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
      return broken(boolean(static_cast<int>(1 + random_.below(3))));
    default:
      return boolean(static_cast<int>(1 + random_.below(4)));
  }
}
