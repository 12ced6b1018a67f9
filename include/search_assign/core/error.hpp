// The one exception of the core zone. The backend zone maps each Kind to one
// SQLSTATE (src/pg/boundary.cpp); texts follow the PostgreSQL message style.
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace search_assign::core {

enum class ErrorKind {
  TextUnreadable,    // 22P02: type text cannot be read
  BinaryUnreadable,  // 22P03: binary value damaged or of an unknown version
  ArgumentInvalid,   // 22023: argument outside its domain
  NullNotAllowed,    // 22004
  AmountOutOfRange,  // 22003: amount too large or with too many decimals
  DateOutOfRange,    // 22008
  LimitExceeded,     // 54000: too many entries, text too long
  DataCorrupted,     // XX001: a stored value cannot be read
};

class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message, std::string detail = {}, std::string hint = {})
      : kind_(kind), message_(std::move(message)), detail_(std::move(detail)), hint_(std::move(hint)) {}

  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }

 private:
  ErrorKind kind_;
  std::string message_;
  std::string detail_;
  std::string hint_;
};

}  // namespace search_assign::core
