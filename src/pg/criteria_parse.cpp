// Criteria: from text to a checked, planned boolean expression and its clauses.
//
// The text is parsed as one expression, never pasted into a statement, under settings of our
// own, so that it means the same in every session. Errors point into the criteria text.
// Backend zone. What may appear is decided in criteria_check.cpp; tests: criteria.sql.
#include "search_assign/pg/criteria.hpp"
#include "search_assign/pg/criteria_check.hpp"
#include "search_assign/pg/criteria_clause.hpp"

extern "C" {
#include "catalog/pg_type_d.h"
#include "commands/extension.h"
#include "mb/pg_wchar.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_clause.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "parser/scanner.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
}

namespace search_assign::pg {

namespace {

constexpr size_t kMaxCriteriaBytes = 64 * 1024;

constexpr const char* kOneExpressionHint =
    "Criteria are one boolean expression over the columns of customer_facts, for example: outstanding >= "
    "1000 and "
    "overdue > 0.";

// ---- error positions ------------------------------------------------------------------------

struct ErrorSource {
  const char* text;
  bool in_grammar;  // the raw parser runs: its syntax errors carry no hint of their own
};

// PostgreSQL reports positions as if they lay in the client's statement; they lie in our text.
void move_error_position(void* argument) {
  auto* source = static_cast<ErrorSource*>(argument);
  int position = geterrposition();
  if (position > 0) {
    errposition(0);
    internalerrposition(position);
    internalerrquery(source->text);
  }
  switch (geterrcode()) {
    case ERRCODE_SYNTAX_ERROR:
      if (source->in_grammar) errhint("%s", kOneExpressionHint);
      break;
    // PostgreSQL would recommend another DateStyle, which means nothing here.
    case ERRCODE_INVALID_DATETIME_FORMAT:
    case ERRCODE_DATETIME_FIELD_OVERFLOW:
      errhint("Write dates as 'YYYY-MM-DD'.");
      break;
    case ERRCODE_STATEMENT_TOO_COMPLEX:
      errhint("Nest the criteria less deeply.");
      break;
    default:
      break;
  }
  errcontext("parsing search criteria");
}

// ---- settings -------------------------------------------------------------------------------

struct Pin {
  const char* name;
  const char* value;
};

// Everything that changes how a literal is read, or how a value is printed while folding or deparsing.
constexpr Pin kPins[] = {
    {"standard_conforming_strings", "on"},
    {"backslash_quote", "safe_encoding"},
    {"escape_string_warning", "off"},
    {"transform_null_equals", "off"},
    {"array_nulls", "on"},
    {"DateStyle", "ISO, YMD"},
    {"IntervalStyle", "postgres"},
    {"TimeZone", "UTC"},
    {"timezone_abbreviations", "Default"},
    {"extra_float_digits", "1"},
    {"bytea_output", "hex"},
    {"xmloption", "content"},
    {"quote_all_identifiers", "off"},
};

// Setting a value costs more than looking at it, and most sessions differ in the search path only.
void pin(const char* name, const char* value) {
  const char* current = GetConfigOption(name, false, false);
  if (current != nullptr && strcmp(current, value) == 0) return;
  (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

// Returns the level to hand to AtEOXact_GUC; after an error the (sub)transaction's end restores.
int pin_settings(const char* search_path) {
  int level = NewGUCNestLevel();
  for (const Pin& setting : kPins) pin(setting.name, setting.value);
  pin("search_path", search_path);
  return level;
}

// The catalog comes first, so nothing can stand before it; pg_temp is named to stand last. Whatever is
// found is checked by OID afterwards.
char* parse_search_path(Relation facts) {
  const char* schema = get_namespace_name(RelationGetNamespace(facts));
  return psprintf("pg_catalog, %s, pg_temp", quote_identifier(schema));
}

// ---- grammar --------------------------------------------------------------------------------

[[noreturn]] void raise_syntax(ParseState* pstate, int location, const char* message, const char* hint) {
  ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("%s", message), errhint("%s", hint),
                  parser_errposition(pstate, location)));
  pg_unreachable();
}

struct TokenSpan {
  int first;  // byte offset of the first token, -1 if the text has none
  int last;
};

// Where the first and the last token start. The raw parser has accepted the text, so every token is good.
TokenSpan token_span(const char* text) {
  core_yy_extra_type extra;
  core_yyscan_t scanner = scanner_init(text, &extra, &ScanKeywords, ScanKeywordTokens);
  TokenSpan span{-1, -1};
  core_YYSTYPE value;
  YYLTYPE location = 0;
  while (core_yylex(&value, &location, scanner) != 0) {
    if (span.first < 0) span.first = location;
    span.last = location;
  }
  scanner_finish(scanner);
  return span;
}

// A line comment behind the last token swallows what may have been meant as a condition.
void refuse_trailing_comment(ParseState* pstate, const char* text, const TokenSpan& tokens) {
  const char* rest = text + tokens.last;
  // A token with quotes may itself contain two dashes; behind its closing quote is no more of it.
  const char* word_end = rest + strcspn(rest, "'\"$-");
  if (word_end - rest <= 2 && (*word_end == '\'' || *word_end == '"' || *word_end == '$'))
    rest = strrchr(rest, *word_end);
  const char* comment = strstr(rest, "--");
  if (comment != nullptr)
    raise_syntax(
        pstate, static_cast<int>(comment - text), "a comment swallows the rest of the criteria",
        "Remove the comment, or write it between /* and */; the description of the search has room for it.");
}

void refuse_clause(ParseState* pstate, const char* clause, const void* where) {
  if (where == nullptr) return;
  const Node* node = static_cast<const Node*>(where);
  raise_syntax(pstate, exprLocation(node), psprintf("%s is not allowed in criteria", clause),
               kOneExpressionHint);
}

// The expression mode of the grammar also accepts the clauses of a SELECT.
void refuse_clauses(ParseState* pstate, SelectStmt* select) {
  if (select->distinctClause != NIL)
    raise_syntax(pstate, 0, "DISTINCT is not allowed in criteria", kOneExpressionHint);
  refuse_clause(pstate, "FROM", select->fromClause);
  refuse_clause(pstate, "WHERE", select->whereClause);
  refuse_clause(pstate, "GROUP BY", select->groupClause);
  refuse_clause(pstate, "HAVING", select->havingClause);
  refuse_clause(pstate, "WINDOW", select->windowClause);
  refuse_clause(pstate, "ORDER BY", select->sortClause);
  refuse_clause(pstate, "OFFSET", select->limitOffset);
  refuse_clause(pstate, "LIMIT", select->limitCount);
  if (select->lockingClause != NIL) {
    raise_syntax(pstate, -1, "FOR UPDATE and FOR SHARE are not allowed in criteria", kOneExpressionHint);
  }
  if (select->op != SETOP_NONE || select->intoClause != nullptr || select->valuesLists != NIL ||
      select->withClause != nullptr) {
    raise_syntax(pstate, -1, "criteria must be one expression", kOneExpressionHint);
  }
}

// A word after the expression is an alias to the grammar: "overdue > 1 and" would lose its "and".
[[noreturn]] void raise_alias(ParseState* pstate, const char* alias) {
  const char* hint = strcmp(alias, "and") == 0 || strcmp(alias, "or") == 0
                         ? "A condition has to follow it."
                         : "Criteria are one boolean expression; join conditions by AND or OR, and write "
                           "texts in 'single quotes'.";
  raise_syntax(pstate, token_span(pstate->p_sourcetext).last,
               psprintf("unexpected \"%s\" after the criteria", alias), hint);
}

// parse_raw gives the one expression of the text.
Node* parse_raw(ParseState* pstate, ErrorSource* source) {
  source->in_grammar = true;
  List* statements = raw_parser(source->text, RAW_PARSE_PLPGSQL_EXPR);
  source->in_grammar = false;

  auto* select = castNode(SelectStmt, linitial_node(RawStmt, statements)->stmt);
  TokenSpan tokens = token_span(source->text);
  if (tokens.first < 0) raise_syntax(pstate, -1, "criteria are empty", kOneExpressionHint);
  refuse_trailing_comment(pstate, source->text, tokens);
  refuse_clauses(pstate, select);
  if (select->targetList == NIL) raise_syntax(pstate, tokens.first, "criteria are empty", kOneExpressionHint);
  if (list_length(select->targetList) > 1) {
    raise_syntax(pstate, lsecond_node(ResTarget, select->targetList)->location,
                 "criteria must be one expression", "Join conditions by AND or OR, not by commas.");
  }
  ResTarget* target = linitial_node(ResTarget, select->targetList);
  if (target->name != nullptr) raise_alias(pstate, target->name);
  // The noise word ALL leaves no other trace.
  if (target->location != tokens.first) {
    raise_syntax(pstate, tokens.first, "ALL is not allowed before criteria", kOneExpressionHint);
  }
  return target->val;
}

// ---- analysis -------------------------------------------------------------------------------

void add_facts_columns(ParseState* pstate, Relation facts) {
  ParseNamespaceItem* item =
      addRangeTableEntryForRelation(pstate, facts, AccessShareLock, nullptr, false, true);
  addNSItemToQuery(pstate, item, false, true, true);
}

// EXPR_KIND_OTHER refuses nothing by itself; check_typed_criteria does, in our words.
Node* analyse(ParseState* pstate, Node* raw) {
  Node* typed = transformExpr(pstate, raw, EXPR_KIND_OTHER);
  Oid type = exprType(typed);
  if (type != BOOLOID && type != UNKNOWNOID) {
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("criteria must be a boolean expression, not of type %s", format_type_be(type)),
                    errhint("Compare the value with something, for example: outstanding >= 1000."),
                    parser_errposition(pstate, exprLocation(typed))));
  }
  typed = coerce_to_boolean(pstate, typed, "criteria");
  assign_expr_collations(pstate, typed);
  return typed;
}

Clause* parse_in_context(ErrorSource* source, Relation facts) {
  ParseState* pstate = make_parsestate(nullptr);
  pstate->p_sourcetext = source->text;
  Node* raw = parse_raw(pstate, source);

  add_facts_columns(pstate, facts);
  CriteriaCheck check{pstate, facts, get_extension_oid("search_assign", true), NIL};
  check_raw_criteria(raw, &check);
  Node* typed = analyse(pstate, raw);
  check_typed_criteria(typed, &check);
  free_parsestate(pstate);
  return plan_clauses(source->text, typed);
}

void check_length(const char* criteria) {
  size_t length = strlen(criteria);
  if (length <= kMaxCriteriaBytes) return;
  ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("criteria are too long"),
                  errdetail("They have %zu bytes; the limit is %zu.", length, kMaxCriteriaBytes),
                  errhint("Keep long lists of values in an attribute of the customer and compare that.")));
}

}  // namespace

Clause* parse_criteria(const char* criteria, Relation facts) {
  check_length(criteria);

  MemoryContext caller = CurrentMemoryContext;
  MemoryContext work = AllocSetContextCreate(caller, "search criteria", ALLOCSET_DEFAULT_SIZES);
  MemoryContextSwitchTo(work);
  ErrorSource source{criteria, false};
  ErrorContextCallback callback{error_context_stack, move_error_position, &source};
  error_context_stack = &callback;
  int level = pin_settings(parse_search_path(facts));

  Clause* planned = parse_in_context(&source, facts);

  AtEOXact_GUC(true, level);
  error_context_stack = callback.previous;
  MemoryContextSwitchTo(caller);
  Clause* result = copy_clauses(planned);
  MemoryContextDelete(work);
  return result;
}

}  // namespace search_assign::pg
