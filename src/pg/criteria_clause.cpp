// Clauses of criteria: which words belong to which part of the expression. Backend zone.
//
// The grammar says where each value and operator stands, but not where a condition begins and ends. Between
// the last value of one condition and the first of the next there is exactly one AND or OR: the words up to
// it belong to the former. The AND of BETWEEN stands between values of one condition.
#include "search_assign/pg/criteria_clause.hpp"

#include "search_assign/pg/tree.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pg_list.h"
#include "optimizer/optimizer.h"
#include "parser/parser.h"
#include "parser/scanner.h"
#include "parser/scansup.h"
}

namespace search_assign::pg {
namespace {

struct Words {
  const char* text;
  int length;
  int count;
  int* starts;  // byte offset of each token
};

struct Range {  // of tokens, the end exclusive
  int first;
  int end;
};

Words words_of(const char* text) {
  core_yy_extra_type extra;
  core_yyscan_t scanner = scanner_init(text, &extra, &ScanKeywords, ScanKeywordTokens);
  const size_t length = strlen(text);
  Words words{text, static_cast<int>(length), 0, static_cast<int*>(palloc(sizeof(int) * (length + 1)))};
  core_YYSTYPE value;
  YYLTYPE location = 0;
  while (core_yylex(&value, &location, scanner) != 0) words.starts[words.count++] = location;
  scanner_finish(scanner);
  return words;
}

bool is_keyword_at(const char* text, int offset, const char* keyword) {
  const size_t length = strlen(keyword);
  if (offset < 0 || pg_strncasecmp(text + offset, keyword, length) != 0) return false;
  const char next = text[static_cast<size_t>(offset) + length];
  return !(isalnum(static_cast<unsigned char>(next)) || next == '_' || next == '$' || (next & 0x80) != 0);
}

bool is_mark(const Words& words, int token, char mark) { return words.text[words.starts[token]] == mark; }

// The closing parenthesis of the one at `token`, or -1.
int closing(const Words& words, const Range& range, int token) {
  int depth = 0;
  for (int i = token; i < range.end; ++i) {
    if (is_mark(words, i, '(')) ++depth;
    if (is_mark(words, i, ')') && --depth == 0) return i;
  }
  return -1;
}

bool opens_within(const Words& words, const Range& range) {
  int depth = 0;
  for (int i = range.end - 1; i >= range.first; --i) {
    if (is_mark(words, i, ')')) ++depth;
    if (is_mark(words, i, '(') && --depth == 0) return true;
  }
  return false;
}

// Without the parentheses around all of it, and without those that enclosed its neighbours, too: the grammar
// makes (a AND b) AND c one AND of three.
Range without_parentheses(const Words& words, Range range) {
  while (range.first < range.end && is_mark(words, range.first, '(')) {
    const int end = closing(words, range, range.first);
    if (end >= 0 && end < range.end - 1) break;
    ++range.first;
    if (end >= 0) --range.end;
  }
  while (range.first < range.end && is_mark(words, range.end - 1, ')') && !opens_within(words, range))
    --range.end;
  return range;
}

// ---- where values stand ---------------------------------------------------------------------

struct Extent {
  int first;
  int last;
};

bool extent_walker(Node* node, void* argument) {
  if (node == nullptr) return false;
  check_stack_depth();
  auto* extent = static_cast<Extent*>(argument);
  const int location = exprLocation(node);
  if (location >= 0) {
    extent->first = std::min(extent->first, location);
    extent->last = std::max(extent->last, location);
  }
  return expression_tree_walker(node, tree_walker(extent_walker), argument);
}

Extent extent_of(Node* node) {
  Extent extent{INT_MAX, -1};
  (void)extent_walker(node, &extent);
  return extent;
}

// The AND or OR between two parts, -1 where it is not to be seen.
int separator(const Words& words, const Range& range, const char* keyword, int after, int before) {
  for (int i = range.first; i < range.end && words.starts[i] < before; ++i)
    if (words.starts[i] > after && is_keyword_at(words.text, words.starts[i], keyword)) return i;
  return -1;
}

// ---- the tree -------------------------------------------------------------------------------

const char* keyword_of(BoolExprType type) {
  return type == AND_EXPR ? "and" : type == OR_EXPR ? "or" : "not";
}

ClauseKind kind_of(BoolExprType type) {
  return type == AND_EXPR ? ClauseKind::And : type == OR_EXPR ? ClauseKind::Or : ClauseKind::Not;
}

// BETWEEN, IN and comparisons of rows are analysed to ANDs and ORs that nobody wrote.
bool is_written(const Words& words, Node* node) {
  if (!IsA(node, BoolExpr)) return false;
  const BoolExpr* junction = castNode(BoolExpr, node);
  return is_keyword_at(words.text, junction->location, keyword_of(junction->boolop));
}

Clause* new_clause(const Words& words, const Range& range, ClauseKind kind, int children) {
  auto* clause = static_cast<Clause*>(palloc0(sizeof(Clause)));
  const int end = range.end < words.count ? words.starts[range.end] : words.length;
  clause->kind = kind;
  clause->first = words.starts[std::min(range.first, words.count - 1)];
  clause->length = std::max(end - clause->first, 0);
  while (clause->length > 0 && scanner_isspace(words.text[clause->first + clause->length - 1]))
    --clause->length;
  clause->child_count = children;
  clause->children = static_cast<Clause**>(palloc0(sizeof(Clause*) * static_cast<size_t>(children + 1)));
  return clause;
}

// The words of each part of an AND or OR; false where they cannot be told apart.
bool find_parts(const Words& words, const BoolExpr* junction, const char* keyword, Range range,
                Range* parts) {
  const int count = list_length(junction->args);
  Extent extent = extent_of(static_cast<Node*>(linitial(junction->args)));
  for (int i = 0; i < count; ++i) {
    parts[i] = range;
    if (i + 1 == count) break;
    const Extent next = extent_of(static_cast<Node*>(list_nth(junction->args, i + 1)));
    parts[i].end = separator(words, range, keyword, extent.last, next.first);
    if (parts[i].end < 0) return false;
    range.first = parts[i].end + 1;
    extent = next;
  }
  return true;
}

Expr* join_parts(const Clause* clause, BoolExprType type, int location) {
  List* arguments = NIL;
  for (int i = 0; i < clause->child_count; ++i)
    arguments = lappend(arguments, clause->children[i]->expression);
  return makeBoolExpr(type, arguments, location);
}

Clause* condition_of(const Words& words, Node* node, const Range& range) {
  Clause* condition = new_clause(words, range, ClauseKind::Condition, 0);
  condition->expression = expression_planner(reinterpret_cast<Expr*>(node));
  return condition;
}

Clause* clause_of(const Words& words, Node* node, Range range) {
  check_stack_depth();
  range = without_parentheses(words, range);
  if (!is_written(words, node)) return condition_of(words, node, range);
  const BoolExpr* junction = castNode(BoolExpr, node);
  const int count = list_length(junction->args);
  auto* parts = static_cast<Range*>(palloc(sizeof(Range) * static_cast<size_t>(count)));
  if (junction->boolop == NOT_EXPR)
    parts[0] = {range.first + 1, range.end};
  else if (!find_parts(words, junction, keyword_of(junction->boolop), range, parts))
    return condition_of(words, node, range);
  Clause* clause = new_clause(words, range, kind_of(junction->boolop), count);
  for (int i = 0; i < count; ++i)
    clause->children[i] = clause_of(words, static_cast<Node*>(list_nth(junction->args, i)), parts[i]);
  clause->expression = join_parts(clause, junction->boolop, junction->location);
  return clause;
}

// The tree of the copy: its junctions are those of the original, in the same order.
Clause* clause_over(const Clause* original, Expr* expression) {
  auto* clause = static_cast<Clause*>(palloc(sizeof(Clause)));
  *clause = *original;
  clause->expression = expression;
  clause->children =
      static_cast<Clause**>(palloc(sizeof(Clause*) * static_cast<size_t>(original->child_count + 1)));
  for (int i = 0; i < original->child_count; ++i)
    clause->children[i] =
        clause_over(original->children[i],
                    static_cast<Expr*>(list_nth(reinterpret_cast<BoolExpr*>(expression)->args, i)));
  return clause;
}

}  // namespace

Clause* plan_clauses(const char* criteria, Node* typed) {
  const Words words = words_of(criteria);
  return clause_of(words, typed, {0, words.count});
}

Clause* copy_clauses(const Clause* clause) {
  return clause_over(clause, static_cast<Expr*>(copyObjectImpl(clause->expression)));
}

}  // namespace search_assign::pg
