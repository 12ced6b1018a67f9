// Random criteria: mostly well-typed ones from a grammar over the columns, operators and functions of the
// documentation, some of them broken on purpose, some that are nested or long beyond reason.
#pragma once

#include <string>

#include "random.hpp"

class CriteriaGrammar {
 public:
  explicit CriteriaGrammar(Random& random) : random_(random) {}

  std::string criteria();

 private:
  std::string boolean(int depth);
  std::string number(int depth);
  std::string text(int depth);
  std::string date(int depth);
  std::string profile(int depth);
  std::string json(int depth);
  std::string list(int depth);
  std::string any(int depth);
  std::string word();
  std::string literal();
  std::string broken(std::string criteria);
  std::string extreme();
  std::string soup();

  Random& random_;
};
