// The parts of server_fuzz. Each runs one round and counts what came of it; what is wrong ends the program.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "random.hpp"
#include "server.hpp"

class CriteriaFuzz {
 public:
  explicit CriteriaFuzz(Server& server);
  void round(Random& random);
  [[nodiscard]] std::string summary() const;

 private:
  void judge_refusal(const Answer& answer, const std::string& criteria);
  void try_search(const std::string& criteria);
  void use_in_ledger(Random& random);

  Server& server_;
  std::vector<std::string> accepted_;  // and quick enough to be used as rules together
  std::map<std::string, long> refused_;
  std::map<std::string, long> failed_;  // while evaluated
  long good_ = 0;
  long ledgers_ = 0;
};

class ValueFuzz {
 public:
  explicit ValueFuzz(Server& server);
  void round(Random& random);
  [[nodiscard]] std::string summary() const;

 private:
  struct Function {
    std::string name;
    std::vector<std::string> types;
  };

  Parameter hostile(Random& random, const std::string& type);
  void input(Random& random);
  void copy(Random& random);
  void call(Random& random);

  Server& server_;
  std::vector<std::string> profiles_;  // good binary values
  std::vector<std::string> schedules_;
  std::vector<std::string> promises_;
  std::vector<Function> functions_;
  long accepted_ = 0;
  std::map<std::string, long> refused_;
  long calls_ = 0;
};

std::string counts(const std::map<std::string, long>& states);
