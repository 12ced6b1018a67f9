// A libpq connection for the tests. The server and the empty database are named by PGHOST, PGDATABASE and so
// on.
#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, FreeResult>;

inline std::string field(const Result& result, int code) {
  const char* value = PQresultErrorField(result.get(), code);
  return value == nullptr ? "" : value;
}
inline std::string sqlstate(const Result& result) { return field(result, PG_DIAG_SQLSTATE); }

// Bytes of one cell of a result.
inline std::string cell(const Result& result, int row = 0, int column = 0) {
  return {PQgetvalue(result.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result.get(), row, column))};
}

class Connection {
 public:
  Connection() : connection_(PQconnectdb("options='-c client_min_messages=warning'")) {
    EXPECT_EQ(PQstatus(connection_), CONNECTION_OK) << PQerrorMessage(connection_);
    PQsetNoticeProcessor(
        connection_, [](void*, const char*) {}, nullptr);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { PQfinish(connection_); }

  PGconn* get() const { return connection_; }
  bool alive() const { return PQstatus(connection_) == CONNECTION_OK; }
  Result run(const std::string& sql) const { return Result(PQexec(connection_, sql.c_str())); }

  // A statement that must succeed; the first cell of its result.
  std::string value(const std::string& sql) const {
    const Result result = run(sql);
    const ExecStatusType status = PQresultStatus(result.get());
    EXPECT_TRUE(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) << sql << "\n"
                                                                         << PQerrorMessage(connection_);
    return status == PGRES_TUPLES_OK && PQntuples(result.get()) > 0 ? cell(result) : "";
  }

  // One parameter, in binary; the result as `format` says.
  Result with_binary(const std::string& sql, const std::string& parameter, int format) const {
    const char* values[] = {parameter.data()};
    const int lengths[] = {static_cast<int>(parameter.size())};
    const int formats[] = {1};
    return Result(PQexecParams(connection_, sql.c_str(), 1, nullptr, values, lengths, formats, format));
  }

  // The binary form of an expression's value.
  std::string binary(const std::string& expression) const {
    const Result result(PQexecParams(connection_, ("SELECT " + expression).c_str(), 0, nullptr, nullptr,
                                     nullptr, nullptr, 1));
    EXPECT_EQ(PQresultStatus(result.get()), PGRES_TUPLES_OK) << expression << "\n"
                                                             << PQerrorMessage(connection_);
    return PQresultStatus(result.get()) == PGRES_TUPLES_OK ? cell(result) : "";
  }

 private:
  PGconn* connection_;
};
