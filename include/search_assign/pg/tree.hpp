// Walkers over PostgreSQL's expression trees. PostgreSQL 15 declares their callbacks without
// arguments; C++ wants to be told.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "nodes/nodes.h"
}

namespace search_assign::pg {

using TreeWalker = bool (*)();
inline TreeWalker tree_walker(bool (*walker)(Node*, void*)) {
  return reinterpret_cast<TreeWalker>(reinterpret_cast<void (*)()>(walker));
}

using TreeMutator = Node* (*)();
inline TreeMutator tree_mutator(Node* (*mutator)(Node*, void*)) {
  return reinterpret_cast<TreeMutator>(reinterpret_cast<void (*)()>(mutator));
}

}  // namespace search_assign::pg
