// Random bytes as values of the extension's types, by parameters and COPY, in binary and as text; and every
// function of the extension that can be called with arguments made here.
#include "fuzz.hpp"

namespace {

constexpr const char* kProfiles[] = {
    "'{}'::receivables.maturity_profile", "'{2026-01-31:100.0000:0.0000:1:0}'::receivables.maturity_profile",
    "'{2026-01-31:0.0001:-0.0001:1:1,2026-02-01:0.0000:-17.5000:0:1}'::receivables.maturity_profile",
    "(SELECT receivables.maturity_profile(d, 1) FROM (VALUES (date '4713-01-01 BC'), ('5874897-12-31')) "
    "v(d))",
    "(SELECT receivables.maturity_profile(date '2020-01-01' + n, (n % 7 - 3) * 300000000000000.0) FROM "
    "generate_series(1, 60) n)"};
constexpr const char* kSchedules[] = {"'30,60,90'", "'1'", "'1,2,3,4,5,6,7,8,9,10,2000000000'"};
constexpr const char* kNumbers[] = {"0", "1", "-1", "30", "2147483647", "-2147483648"};
constexpr const char* kNumerics[] = {"0",        "-0.0001",         "1e20",    "NaN",
                                     "Infinity", "900000000000000", "1.23456", "-99999999999999999999.9999"};
constexpr const char* kDates[] = {"2026-06-15",    "infinity",      "-infinity",
                                  "4713-11-24 BC", "5874897-12-31", "2024-02-29"};
constexpr const char* kTexts[] = {"",
                                  "a",
                                  "f1",
                                  "collection",
                                  "30,60",
                                  "{2026-01-31:1:0:1:0}",
                                  "{2026-01-31:1:0:1:0",
                                  "true",
                                  "outstanding > 1"};

constexpr const char* kBinaryRefusals = "22P03 08P01 22003";
constexpr const char* kTextRefusals = "22P02 22003 22023 22008 54000 22021";

std::string big_endian(std::uint32_t value, int bytes) {
  std::string out;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

}  // namespace

ValueFuzz::ValueFuzz(Server& server) : server_(server) {
  const auto binary = [&](const std::string& expression) {
    const Answer answer = server_.run("SELECT " + expression, {}, expression, true);
    if (!answer.good()) found(answer.message, expression);
    return answer.cell();
  };
  for (const char* profile : kProfiles) profiles_.push_back(binary(profile));
  for (const char* schedule : kSchedules)
    schedules_.push_back(binary(std::string(schedule) + "::receivables.aging_schedule"));
  const Answer stored =
      server_.run("SELECT promises FROM receivables.position WHERE pg_catalog.length(promises) > 1", {},
                  "promises", true);
  for (int row = 0; row < stored.rows(); ++row) promises_.push_back(stored.cell(row));
  promises_.emplace_back("\x01");
  const Answer starts = server_.run(
      "SELECT p.oid, p.oid::regproc::text, (SELECT string_agg(t.typname, ' ' ORDER BY a.n) FROM "
      "unnest(p.proargtypes) WITH ORDINALITY a(oid, n) JOIN pg_type t "
      "ON t.oid = a.oid) FROM pg_proc p WHERE p.pronamespace = 'receivables'::regnamespace AND p.prokind = "
      "'f' AND p.prorettype <> 'trigger'::regtype AND "
      "p.pronargs > 0 AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) u WHERE u NOT IN "
      "('receivables.maturity_profile'::regtype, "
      "'receivables.aging_schedule'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype, "
      "'text'::regtype, 'date'::regtype, 'bytea'::regtype, "
      "'bool'::regtype)) ORDER BY p.oid");
  for (int row = 0; row < starts.rows(); ++row) {
    Function function{starts.cell(row, 1), {}};
    std::string types = starts.cell(row, 2) + " ";
    for (std::size_t blank = 0; (blank = types.find(' ')) != std::string::npos; types.erase(0, blank + 1))
      function.types.push_back(types.substr(0, blank));
    functions_.push_back(std::move(function));
  }
  if (functions_.size() < 30)
    found("too few functions to call: " + std::to_string(functions_.size()), starts.message);
  server_.value("CREATE TEMP TABLE landing (p receivables.maturity_profile, s receivables.aging_schedule)");
}

// A value for a parameter of this type: a good one half of the time.
Parameter ValueFuzz::hostile(Random& random, const std::string& type) {
  const bool good = random.one_in(2);
  if (type == "maturity_profile" || type == "aging_schedule") {
    std::string value = random.pick(type[0] == 'm' ? profiles_ : schedules_);
    if (good) return {value, true};
    if (random.one_in(4)) return {"\x01" + random.bytes(random.below(80)), true};
    return {random.damaged(std::move(value)), true};
  }
  if (type == "bytea") {
    std::string value = random.pick(promises_);
    return {good ? value : random.damaged(std::move(value)), true};
  }
  if (type == "int4" || type == "int8") return {random.pick(kNumbers)};
  if (type == "numeric") return {random.pick(kNumerics)};
  if (type == "date") return {random.pick(kDates)};
  if (type == "bool") return {random.one_in(2) ? "t" : "f"};
  return {random.pick(kTexts)};
}

void ValueFuzz::input(Random& random) {
  const std::string type = random.one_in(3) ? "aging_schedule" : "maturity_profile";
  Parameter parameter = hostile(random, type);
  if (random.one_in(2)) {  // as text
    const Answer shown = server_.run("SELECT $1::receivables." + type, {parameter}, hex(parameter.value));
    if (!shown.good()) return;
    parameter = {random.damaged(shown.cell()), false};
    if (parameter.value.find('\0') != std::string::npos) return;
  }
  const std::string shown = type + " " + (parameter.binary ? hex(parameter.value) : escaped(parameter.value));
  const Answer answer = server_.run("SELECT v, v::text FROM (SELECT $1::receivables." + type + " AS v) x",
                                    {parameter}, shown, true);
  if (!answer.good()) {
    if (!listed(answer.state, parameter.binary ? kBinaryRefusals : kTextRefusals))
      found("refused with " + answer.state + " " + answer.message, shown);
    ++refused_[answer.state];
    return;
  }
  ++accepted_;
  if (parameter.binary && answer.cell() != parameter.value)
    found("accepted, but changed to " + hex(answer.cell()), shown);
  const Answer again = server_.run("SELECT $1::receivables." + type, {{answer.cell(0, 1)}}, shown, true);
  if (!again.good() || again.cell() != answer.cell()) found("its text form reads differently", shown);
}

void ValueFuzz::copy(Random& random) {
  std::string stream("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
  for (std::size_t rows = 1 + random.below(3); rows > 0; --rows) {
    stream += big_endian(2, 2);
    for (const char* type : {"maturity_profile", "aging_schedule"}) {
      const std::string value = hostile(random, type).value;
      stream += big_endian(static_cast<std::uint32_t>(value.size()), 4) + value;
    }
  }
  stream += "\377\377";
  if (random.one_in(4)) stream = stream.substr(0, 19) + random.damaged(stream.substr(19));
  const Answer answer =
      server_.copy("COPY landing FROM STDIN (FORMAT binary)", stream, "COPY stream " + hex(stream));
  if (answer.good()) {
    ++accepted_;
    server_.value("TRUNCATE landing");
    return;
  }
  // 54000: a damaged length makes PostgreSQL ask for more than a value may have.
  if (!listed(answer.state, "22P03 08P01 22P04 22003 54000"))
    found("COPY: " + answer.state + " " + answer.message, hex(stream));
  ++refused_[answer.state];
}

void ValueFuzz::call(Random& random) {
  const Function& function = functions_[random.below(functions_.size())];
  std::vector<Parameter> parameters;
  std::string list;
  std::string shown = function.name + ":";
  for (const std::string& type : function.types) {
    parameters.push_back(hostile(random, type));
    list += (list.empty() ? "$" : ", $") + std::to_string(parameters.size()) +
            "::" + (type == "maturity_profile" || type == "aging_schedule" ? "receivables." : "pg_catalog.") +
            type;
    shown +=
        " " + (parameters.back().binary ? hex(parameters.back().value) : escaped(parameters.back().value));
  }
  server_.value("BEGIN");
  const Answer answer = server_.run("SELECT * FROM " + function.name + "(" + list + ")", parameters, shown);
  // Damage is what a stored value may be called that nobody has written.
  if (answer.state == "XX001" && shown.find("'\\x") == std::string::npos)
    found("XX001 " + answer.message, shown);
  ++calls_;
  const Answer end = server_.run("ROLLBACK", shown);
  if (!end.good()) found(end.state + " " + end.message, shown);
}

void ValueFuzz::round(Random& random) {
  switch (random.below(5)) {
    case 0:
      copy(random);
      break;
    case 1:
    case 2:
      call(random);
      break;
    default:
      input(random);
  }
}

std::string ValueFuzz::summary() const {
  return "values: " + std::to_string(accepted_) + " accepted, refused:" + counts(refused_) + "; " +
         std::to_string(calls_) + " calls of " + std::to_string(functions_.size()) + " functions";
}
