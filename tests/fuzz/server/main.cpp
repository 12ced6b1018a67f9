// Random criteria, values and calls against a running server that has the extension and the company of
// company.sql:
//
//   server_fuzz SECONDS SEED
//
// The server must survive, no internal error may come out, and whatever is refused must be refused as
// documented. What is found is printed with its input, and the same seed finds it again. Ends with 0 if
// nothing was found.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "fuzz.hpp"

std::string counts(const std::map<std::string, long>& states) {
  std::string out;
  for (const auto& [state, count] : states) out += " " + state + "=" + std::to_string(count);
  return out.empty() ? " none" : out;
}

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atol(arguments[1]));
  const std::uint64_t seed = std::strtoull(arguments[2], nullptr, 10);
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  Server server;
  server.value("SET statement_timeout = '5s'");
  server.value("SET search_path = pg_catalog");
  CriteriaFuzz criteria(server);
  ValueFuzz values(server);
  Random random(seed);
  long rounds = 0;
  for (; std::chrono::steady_clock::now() < end; ++rounds) {
    if (random.below(3) == 0)
      values.round(random);
    else
      criteria.round(random);
  }
  std::printf("%ld rounds\n%s\n%s\n", rounds, criteria.summary().c_str(), values.summary().c_str());
  return rounds > 0 ? 0 : 1;
}
