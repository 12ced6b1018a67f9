#include "server.hpp"

#include <cstdio>
#include <cstdlib>

void found(const std::string& what, const std::string& input) {
  std::printf("FOUND: %s\ninput: %s\n", what.c_str(), input.c_str());
  std::fflush(stdout);
  std::_Exit(1);
}

Server::Server() : connection_(PQconnectdb("options='-c client_min_messages=error' client_encoding=UTF8")) {
  if (PQstatus(connection_) != CONNECTION_OK) found(PQerrorMessage(connection_), "connecting");
}

Answer Server::judge(PGresult* result, const std::string& input) {
  Answer answer{std::unique_ptr<PGresult, FreeResult>(result), {}, {}};
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    answer.state = state != nullptr ? state : "?";
    answer.message = message != nullptr ? message : PQerrorMessage(connection_);
  }
  if (PQstatus(connection_) != CONNECTION_OK) found("the server is gone: " + answer.message, input);
  if (listed(answer.state, "XX000 XX002 58 57P ?")) found(answer.state + " " + answer.message, input);
  return answer;
}

Answer Server::run(const std::string& sql, const std::string& input) {
  return judge(PQexec(connection_, sql.c_str()), input.empty() ? sql : input);
}

Answer Server::run(const std::string& sql, const std::vector<Parameter>& parameters, const std::string& input,
                   bool binary_result) {
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
  for (const Parameter& parameter : parameters) {
    values.push_back(parameter.value.data());
    lengths.push_back(static_cast<int>(parameter.value.size()));
    formats.push_back(parameter.binary ? 1 : 0);
  }
  return judge(PQexecParams(connection_, sql.c_str(), static_cast<int>(parameters.size()), nullptr,
                            values.data(), lengths.data(), formats.data(), binary_result ? 1 : 0),
               input);
}

std::string Server::value(const std::string& sql) {
  const Answer answer = run(sql);
  if (!answer.good()) found(answer.state + " " + answer.message, sql);
  return answer.rows() > 0 ? answer.cell() : std::string();
}

Answer Server::copy(const std::string& sql, const std::string& stream, const std::string& input) {
  Answer start = run(sql, input);
  if (PQresultStatus(start.result.get()) != PGRES_COPY_IN) found("no COPY: " + start.message, sql);
  PQputCopyData(connection_, stream.data(), static_cast<int>(stream.size()));
  PQputCopyEnd(connection_, nullptr);
  Answer answer = judge(PQgetResult(connection_), input);
  while (PGresult* more = PQgetResult(connection_)) PQclear(more);
  return answer;
}

bool listed(std::string_view state, std::string_view list) {
  while (!state.empty() && !list.empty()) {
    const std::size_t blank = std::min(list.find(' '), list.size());
    const std::string_view word = list.substr(0, blank);
    if (!word.empty() && state.substr(0, word.size()) == word) return true;
    list.remove_prefix(std::min(blank + 1, list.size()));
  }
  return false;
}

std::string escaped(std::string_view text) {
  std::string out = "E'";
  for (const char c : text) {
    char buffer[8];
    if (c == '\'' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f) {
      std::snprintf(buffer, sizeof buffer, "\\x%02x", static_cast<unsigned char>(c));
      out += buffer;
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string hex(std::string_view bytes) {
  std::string out = "'\\x";
  for (const char c : bytes) {
    char buffer[4];
    std::snprintf(buffer, sizeof buffer, "%02x", static_cast<unsigned char>(c));
    out += buffer;
  }
  return out + "'";
}
