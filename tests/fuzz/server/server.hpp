// A connection that treats a lost server and an internal error as what the fuzzers look for. The server and
// the database are named by PGHOST, PGDATABASE and so on.
#pragma once

#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};

struct Answer {
  std::unique_ptr<PGresult, FreeResult> result;
  std::string state;  // SQLSTATE; empty: it succeeded
  std::string message;

  [[nodiscard]] bool good() const { return state.empty(); }
  [[nodiscard]] int rows() const { return PQntuples(result.get()); }
  [[nodiscard]] std::string cell(int row = 0, int column = 0) const {
    return {PQgetvalue(result.get(), row, column),
            static_cast<std::size_t>(PQgetlength(result.get(), row, column))};
  }
};

struct Parameter {
  std::string value;
  bool binary = false;
};

// What is being tried, told where the server is lost or an answer is wrong. Ends the program.
[[noreturn]] void found(const std::string& what, const std::string& input);

class Server {
 public:
  Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { PQfinish(connection_); }

  // input: what to show if the server does not survive it, or raises an internal error.
  Answer run(const std::string& sql, const std::string& input = {});
  Answer run(const std::string& sql, const std::vector<Parameter>& parameters, const std::string& input,
             bool binary_result = false);
  // A statement that must succeed; the first cell of its result.
  std::string value(const std::string& sql);
  // COPY ... FROM STDIN with this stream.
  Answer copy(const std::string& sql, const std::string& stream, const std::string& input);

 private:
  Answer judge(PGresult* result, const std::string& input);

  PGconn* connection_;
};

// Whether the state is in a list like "42601 0A000"; a word of two characters stands for its class.
bool listed(std::string_view state, std::string_view list);

// Bytes as a literal that psql reads: E'...' or '\x...'.
std::string escaped(std::string_view text);
std::string hex(std::string_view bytes);
