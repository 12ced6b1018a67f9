// Binary formats of maturity_profile and aging_schedule: round trips, COPY BINARY, and hostile input.
#include <random>

#include "connection.hpp"

namespace {

const char* const kProfiles[] = {
    "'{}'::receivables.maturity_profile",
    "'{2026-01-31:100.0000:0.0000:1:0}'::receivables.maturity_profile",
    "'{2026-01-31:0.0001:-0.0001:1:1,2026-02-01:0.0000:-17.5000:0:1}'::receivables.maturity_profile",
    "(SELECT receivables.maturity_profile(d, 1) FROM (VALUES (date '4713-01-01 BC'), ('5874897-12-31')) "
    "v(d))",
    "(SELECT '{}'::receivables.maturity_profile OPERATOR(receivables.-) "
    "'{2026-01-31:100.0000:-3.0000:2:1}'::receivables.maturity_profile)",
    "(SELECT receivables.maturity_profile(date '2020-01-01' + n, (n % 7 - 3) * 300000000000000.0) FROM "
    "generate_series(1, 5000) n)",
    "(SELECT receivables.sum(p) FROM (SELECT receivables.maturity_profile(date '2020-01-01', "
    "900000000000000) AS p FROM "
    "generate_series(1, 100000)) x)"};
const char* const kSchedules[] = {"'30,60,90'::receivables.aging_schedule", "'1'::receivables.aging_schedule",
                                  "'1,2,3,4,5,6,7,8,9,10,2000000000'::receivables.aging_schedule"};

void round_trip(const Connection& c, const std::string& expression, const std::string& type) {
  SCOPED_TRACE(expression);
  const std::string sent = c.binary(expression);
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent[0], 1) << "the version byte";
  const Result same = c.with_binary("SELECT $1::receivables." + type, sent, 1);
  ASSERT_EQ(PQresultStatus(same.get()), PGRES_TUPLES_OK) << PQerrorMessage(c.get());
  EXPECT_EQ(cell(same), sent);
  const Result equal =
      c.with_binary("SELECT $1::receivables." + type + " OPERATOR(receivables.=) " + expression, sent, 0);
  ASSERT_EQ(PQresultStatus(equal.get()), PGRES_TUPLES_OK) << PQerrorMessage(c.get());
  EXPECT_EQ(cell(equal), "t");
  const Result text = c.with_binary("SELECT $1::receivables." + type, sent, 0);
  EXPECT_EQ(cell(text), c.value("SELECT " + expression));
}

// What is refused is refused as unreadable binary input; the server lives on. True where it was accepted.
bool accepts(const Connection& c, const std::string& type, const std::string& bytes) {
  const Result result = c.with_binary("SELECT $1::receivables." + type, bytes, 1);
  if (PQresultStatus(result.get()) == PGRES_TUPLES_OK) {
    EXPECT_EQ(cell(result), bytes) << "accepted, but changed";
    // Whatever is accepted can be read by everything.
    const Result used = type == "maturity_profile"
                            ? c.with_binary(
                                  "SELECT p, receivables.total(p), receivables.overdue(p, 30, date "
                                  "'2026-06-15'), receivables.oldest_due(p), "
                                  "receivables.item_count(p), p OPERATOR(receivables.-) p, (SELECT count(*) "
                                  "FROM receivables.unnest(p)) "
                                  "FROM (SELECT $1::receivables.maturity_profile AS p) x",
                                  bytes, 0)
                            : c.with_binary(
                                  "SELECT count(*) FROM receivables.aging('{2026-01-01:1:0:1:0}', "
                                  "$1::receivables.aging_schedule, '2026-06-15')",
                                  bytes, 0);
    EXPECT_EQ(PQresultStatus(used.get()), PGRES_TUPLES_OK) << PQerrorMessage(c.get());
    return true;
  }
  const std::string state = sqlstate(result);
  EXPECT_TRUE(state == "22P03" || state == "08P01") << state << " " << PQerrorMessage(c.get());
  EXPECT_TRUE(c.alive());
  return false;
}

TEST(Binary, RoundTripOfProfiles) {
  const Connection c;
  for (const char* profile : kProfiles) round_trip(c, profile, "maturity_profile");
}

TEST(Binary, RoundTripOfSchedules) {
  const Connection c;
  for (const char* schedule : kSchedules) round_trip(c, schedule, "aging_schedule");
}

TEST(Binary, CopyBinary) {
  const Connection c;
  c.value(
      "CREATE TEMP TABLE from_here (n int, p receivables.maturity_profile, s receivables.aging_schedule)");
  c.value(
      "INSERT INTO from_here SELECT k, (SELECT receivables.maturity_profile(date '2026-01-01' + n * k, n * "
      "1.01 - k) "
      "FROM generate_series(1, k * 40) n), (k || ',' || k * 1000)::receivables.aging_schedule FROM "
      "generate_series(1, 60) k");
  c.value("INSERT INTO from_here VALUES (0, '{}', NULL), (-1, NULL, '30')");
  c.value("CREATE TEMP TABLE to_here (LIKE from_here)");
  std::string copied;
  {
    const Result out = c.run("COPY from_here TO STDOUT (FORMAT binary)");
    ASSERT_EQ(PQresultStatus(out.get()), PGRES_COPY_OUT);
    char* buffer = nullptr;
    for (int size = 0; (size = PQgetCopyData(c.get(), &buffer, 0)) > 0; PQfreemem(buffer))
      copied.append(buffer, static_cast<std::size_t>(size));
    const Result end(PQgetResult(c.get()));
    ASSERT_EQ(PQresultStatus(end.get()), PGRES_COMMAND_OK) << PQerrorMessage(c.get());
    while (PQclear(PQgetResult(c.get())), PQtransactionStatus(c.get()) == PQTRANS_ACTIVE) {
    }
  }
  {
    const Result in = c.run("COPY to_here FROM STDIN (FORMAT binary)");
    ASSERT_EQ(PQresultStatus(in.get()), PGRES_COPY_IN);
    ASSERT_EQ(PQputCopyData(c.get(), copied.data(), static_cast<int>(copied.size())), 1);
    ASSERT_EQ(PQputCopyEnd(c.get(), nullptr), 1);
    const Result end(PQgetResult(c.get()));
    ASSERT_EQ(PQresultStatus(end.get()), PGRES_COMMAND_OK) << PQerrorMessage(c.get());
    PQclear(PQgetResult(c.get()));
  }
  EXPECT_EQ(c.value("SELECT count(*) FROM to_here"), "62");
  EXPECT_EQ(c.value("SELECT count(*) FROM from_here a JOIN to_here b USING (n) WHERE a.p::text IS DISTINCT "
                    "FROM b.p::text OR a.s::text IS DISTINCT FROM b.s::text"),
            "0");
}

TEST(Hostile, TruncatedAtEveryLength) {
  const Connection c;
  for (const char* expression : {kProfiles[1], kProfiles[2], kProfiles[3], kProfiles[4]}) {
    const std::string sent = c.binary(expression);
    for (std::size_t length = 0; length < sent.size(); ++length)
      EXPECT_FALSE(accepts(c, "maturity_profile", sent.substr(0, length)))
          << expression << " cut to " << length;
  }
  // A schedule has no count: cut between two bounds it is a shorter schedule, cut inside one it is refused.
  for (const char* expression : kSchedules) {
    const std::string sent = c.binary(expression);
    for (std::size_t length = 0; length < sent.size(); ++length) {
      SCOPED_TRACE(std::string(expression) + " cut to " + std::to_string(length));
      const bool accepted = accepts(c, "aging_schedule", sent.substr(0, length));
      EXPECT_EQ(accepted, length > 1 && static_cast<unsigned char>(sent[length - 1]) < 0x80);
    }
  }
}

TEST(Hostile, TrailingBytesAndWrongVersion) {
  const Connection c;
  for (const char* type : {"maturity_profile", "aging_schedule"}) {
    const std::string sent = c.binary(type[0] == 'm' ? kProfiles[2] : kSchedules[0]);
    for (const std::string& tail :
         {std::string(1, '\0'), std::string("\x80"), std::string(1000, '\0'), std::string(1000, '\xff')})
      EXPECT_FALSE(accepts(c, type, sent + tail)) << type;
    for (int version = 0; version < 256; ++version)
      EXPECT_EQ(accepts(c, type, std::string(1, static_cast<char>(version)) + sent.substr(1)), version == 1)
          << type << " " << version;
    EXPECT_FALSE(accepts(c, type, ""));
  }
}

TEST(Hostile, HugeCounts) {
  const Connection c;
  for (const char* type : {"maturity_profile", "aging_schedule"})
    for (const std::string& count :
         {std::string("\xff\xff\xff\xff\x0f", 5), std::string("\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9),
          std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10), std::string(40, '\xff'),
          std::string("\x7f\xff\xff\xff", 4)})
      for (const std::string& rest :
           {std::string(), std::string(4, '\0'), std::string(300, '\1'), std::string(300, '\xff')})
        EXPECT_FALSE(accepts(c, type, "\x01" + count + rest)) << type;
}

TEST(Hostile, RandomBytes) {
  const Connection c;
  std::mt19937 random(20261121);
  int accepted = 0;
  for (int round = 0; round < 6000; ++round) {
    const bool profile = round % 2 == 0;
    std::string bytes = round % 4 < 2
                            ? c.binary(profile ? kProfiles[1 + round / 4 % 4] : kSchedules[round % 3])
                            : std::string(random() % 60, '\0');
    if (round % 4 < 2)  // a good value with some bytes changed
      for (unsigned k = 0; k <= random() % 3; ++k)
        bytes[random() % bytes.size()] = static_cast<char>(random());
    else
      for (char& byte : bytes) byte = static_cast<char>(random() % (random() % 2 == 0 ? 256 : 4));
    if (round % 4 >= 2 && !bytes.empty()) bytes[0] = 1;
    accepted += accepts(c, profile ? "maturity_profile" : "aging_schedule", bytes) ? 1 : 0;
    if (!c.alive() || testing::Test::HasFailure()) break;
  }
  RecordProperty("accepted", accepted);
  EXPECT_EQ(c.value("SELECT 1"), "1");
}

// The arguments of functions are checked like any other input.
TEST(Hostile, BinaryParameterOfAFunction) {
  const Connection c;
  const Result result = c.with_binary("SELECT receivables.total($1)", "\x02\x01\x02", 1);
  EXPECT_EQ(sqlstate(result), "22P03") << PQerrorMessage(c.get());
  EXPECT_EQ(c.value("SELECT receivables.total('{2026-01-01:1:0:1:0}')"), "1.0000");
}

}  // namespace
